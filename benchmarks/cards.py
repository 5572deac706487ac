"""Generated projects of any size: cards with evidence, and the same as plain Markdown pages."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path
from string import Template

from cardgen.evidence import format_evidence
from cardgen.models import (
    Checkpoint,
    Command,
    Curve,
    Dataset,
    Environment,
    Evidence,
    Metric,
    Model,
    Run,
    Source,
)

WORDS = tuple(
    """
    accuracy baseline batch card checkpoint corpus data decoder digit encoder epoch error
    evaluation experiment finding gradient improves label layer learning longer loss memory
    metric model noise overfits parameter passage precision question rate recall result run
    sample schedule seed sequence shows split stable stops test token training value warmup
    """.split()
)
METRICS = ("eval/exact_match", "eval/f1", "eval/loss", "eval/precision", "eval/recall", "eval/bleu")


def make_project(root: Path, count: int) -> None:
    """A project of ``count`` cards with evidence."""
    (root / "experiments").mkdir(parents=True)
    (root / "cardgen.yaml").write_text("title: Benchmark\nmetric: eval/f1\n", encoding="utf-8")
    docs = root / "site" / "docs"
    docs.mkdir(parents=True)
    (root / "site" / "mkdocs.yml").write_text(make_settings(), encoding="utf-8")
    (docs / "index.md").write_text("# Benchmark\n\n<!-- cardgen:cards -->\n", encoding="utf-8")
    for number in range(count):
        folder = root / "experiments" / f"qa-{number}"
        folder.mkdir()
        rng = random.Random(number)
        (folder / "card.md").write_text(make_card(rng, number), encoding="utf-8")
        evidence = Evidence(code=f"qa-{number}", runs=(make_run(rng, number),))
        (folder / "evidence.json").write_text(format_evidence(evidence), encoding="utf-8")


def make_settings() -> str:
    """The ``mkdocs.yml`` of a new project, for both."""
    template = files("cardgen.scaffold") / "mkdocs.yml.template"
    text = template.read_text(encoding="utf-8")
    return Template(text).substitute(title="Benchmark", lang="en")


def make_plain(root: Path, count: int) -> None:
    """The same content as Markdown pages of a plain mkdocs-material site, out of its navigation."""
    docs = root / "docs"
    (docs / "cards").mkdir(parents=True)
    (root / "mkdocs.yml").write_text(make_settings() + "nav: [index.md]\n", encoding="utf-8")
    (docs / "index.md").write_text("# Benchmark\n", encoding="utf-8")
    for number in range(count):
        rng = random.Random(number)
        make_card(rng, number)
        text = make_page(random.Random(number), number)
        (docs / "cards" / f"qa-{number}.md").write_text(text, encoding="utf-8")


def make_prose(rng: random.Random, words: int) -> str:
    """Sentences of eight to fourteen words, some of them emphasised or code."""
    sentences, left = [], words
    while left > 0:
        length = min(left, rng.randint(8, 14))
        chosen = [rng.choice(WORDS) for _ in range(length)]
        chosen[rng.randrange(length)] = rng.choice(("`eval/f1`", "**0.91**", "*not*"))
        sentences.append(" ".join(chosen).capitalize() + ".")
        left -= length
    return " ".join(sentences)


def make_sections(rng: random.Random) -> str:
    """Goal, conclusions and problems: 250 words."""
    return (
        f"## Goal\n\n{make_prose(rng, 60)}\n\n## Conclusions\n\n{make_prose(rng, 40)}\n\n"
        f"## Problems\n\n{make_prose(rng, 75)}\n\n"
        f"- {make_prose(rng, 40)}\n- {make_prose(rng, 35)}\n"
    )


def make_card(rng: random.Random, number: int) -> str:
    """``card.md`` of one experiment."""
    baseline = f"baseline: qa-{number - 1}\n" if number % 10 else ""
    return (
        f"---\ncode: qa-{number}\ntitle: Experiment {number}\n{baseline}"
        f"tags: [polqa, group-{number % 20}]\nruns:\n  - mlflow:{number:032x}\n---\n\n"
        + make_sections(rng)
    )


def make_run(rng: random.Random, number: int) -> Run:
    """A run of 12 checkpoints with 6 metrics, 40 params, two commands and a loss curve."""
    points = tuple(
        Checkpoint(step=500 * n, epoch=float(n), metrics={m: rng.random() for m in METRICS})
        for n in range(1, 13)
    )
    return Run(
        ref=f"mlflow:{number:032x}",
        tracker="mlflow",
        name=f"qa-{number}",
        status="finished",
        started="2026-11-21T08:00:00Z",  # type: ignore[arg-type]
        finished="2026-11-21T09:30:00Z",  # type: ignore[arg-type]
        commands=(
            Command(line=f"python train.py --code qa-{number} --lr 3e-5 --epochs 12"),
            Command(line=f"python predict.py --model out/qa-{number}", kind="predict"),
        ),
        source=Source(repository="https://git.example.com/team/qa", commit=f"{number:040x}"),
        params={f"param_{n:02d}": round(rng.random(), 4) for n in range(40)},
        metrics={m: Metric(value=points[-1].metrics[m], step=6000) for m in METRICS},
        checkpoints=points,
        curves=(
            Curve(
                metric="train/loss",
                steps=tuple(range(0, 6000, 60)),
                values=tuple(2 / (1 + n) + rng.random() / 10 for n in range(100)),
            ),
        ),
        model=Model(name="allegro/plt5-base"),
        data=(Dataset(name="ipipan/polqa", version="v1", context="training"),),
        environment=Environment(python="3.11.7", seed=13),
    )


def make_page(rng: random.Random, number: int) -> str:
    """One experiment as a Markdown page, as people write them by hand."""
    sections = make_sections(rng)
    run = make_run(rng, number)
    head = "| step | " + " | ".join(METRICS) + " |\n" + "| --- " * (len(METRICS) + 1) + "|\n"
    rows = "".join(
        f"| {p.step} | " + " | ".join(f"{p.metrics[m]:.4f}" for m in METRICS) + " |\n"
        for p in run.checkpoints
    )
    params = "".join(f"| {name} | {value} |\n" for name, value in run.params.items())
    commands = "".join(f"```sh\n{command.line}\n```\n\n" for command in run.commands)
    return (
        f"# Experiment {number}\n\n{sections}\n## Results\n\n{head}{rows}\n{commands}"
        f"## Parameters\n\n| name | value |\n| --- | --- |\n{params}"
    )
