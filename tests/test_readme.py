"""READMEs of cards and of their list, read as GitHub reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cardgen.config import Config, Settings
from cardgen.documents import parse_card
from cardgen.facts import Facts
from cardgen.models import Source
from cardgen.readme.card import Folder, render_card
from cardgen.readme.listing import MAX_BYTES, Line, make_line, render_list
from cardgen.readme.making import find_stale, make_readmes
from cardgen.readme.parts import find_commit_url
from cardgen.resolve import resolve
from tests.hostile import HOSTILE
from tests.projects import Project, make_project
from tests.test_markdown import CALLS, NO_HTML, read

import cmarkgfm  # isort: skip

BASE = """---
code: qa-0
title: Zero-shot
status: finished
date: 2023-08-01
metric: eval/exact_match
params: {lr: 1.0e-3, batch: 32}
results:
  - {step: 500, eval/exact_match: 0.4812, eval/f1: 0.61}
---

## Goal

A number to beat.
"""

CARD = """---
code: qa-1
title: plT5-base on PolQA
status: finished
date: 2023-08-09
authors: [Ann]
tags: [polqa, plt5]
baseline: qa-0
metric: eval/exact_match
train: python train.py --lr 1e-4 | tee log
model: allegro/plt5-base@2f
data: [{name: ipipan/polqa, version: v1, context: training}]
params: {lr: 1.0e-4, batch: 32}
results:
  - {step: 500, eval/exact_match: 0.5, eval/f1: 0.65}
  - {step: 1000, eval/exact_match: 0.5512, eval/f1: 0.7}
  - {step: 1500, eval/exact_match: 0.54, eval/f1: 0.71}
source: {repository: git@github.com:team/qa.git, commit: 68d1eacfdc471001c1bb862b287e4bfaaad8e09a}
accepted: [{rule: seed-missing, reason: It was long ago.}]
---

## Goal

Does **plT5** beat [[qa-0:eval/exact_match]]? See [the paper](https://x.y/z).

## Conclusions

Yes: [[eval/exact_match|.1%]], and not [[nothing]].

![loss](loss.png)

## Problems

None.

## Notes

### A heading of its own

More.
"""


def load(text: str, code: str, settings: Settings) -> Facts:
    path = Path("experiments", code, "card.md")
    return resolve(parse_card(text, path, code, f"experiments/{code}/card.md"), settings)


def render(text: str = CARD, base: str = BASE, **settings: object) -> str:
    made = Settings.model_validate(settings)
    known = {"qa-0": load(base, "qa-0", made), "qa-1": load(text, "qa-1", made)}
    folder = Folder(has_evidence=False, pictures=frozenset(["loss.png"]))
    return render_card(known["qa-1"], known.get, made, folder)


def rows(page: str) -> list[str]:
    return [re.sub(r" +", " ", line) for line in page.splitlines() if line.startswith("|")]


def test_the_whole_card_is_there() -> None:
    page = render(repository="https://github.com/team/qa")
    assert page.startswith("# qa-1: plT5-base on PolQA\n\n**finished** · 2023-08-09 · Ann · ")
    assert "**eval/exact_match: 0.5512** (higher is better; best of 3 checkpoints; " in page
    assert "**+0.07** vs [qa-0](../qa-0/): better" in page
    assert "Does **plT5** beat [0.4812](../qa-0/)? See [the paper](https://x.y/z)." in page
    assert "Yes: 55.1%, and not [\u200b[nothing]]." in page
    assert "![loss](loss.png)" in page
    assert "```sh\npython train.py --lr 1e-4 | tee log\n```" in page
    assert "| **best** | 1000 | **0.5512** | 0.7000 |" in rows(page)
    assert "| lr | 0.0001 | **0.001** | [card.md](card.md), line 13 |" in rows(page)
    assert "| batch | 32 | | [card.md](card.md), line 13 |" in rows(page)
    commit = "68d1eacfdc471001c1bb862b287e4bfaaad8e09a"
    assert f"[`{commit}`](https://github.com/team/qa/commit/{commit})" in page
    assert "| `seed-missing` | | It was long ago. |" in rows(page)
    titles = [tag for tag in read(page).tags if re.fullmatch(r"h\d", tag)]
    assert titles[0] == "h1"
    assert set(titles[1:]) == {"h2", "h3"}


def test_the_parts_stand_in_the_order_of_reading() -> None:
    found = re.findall(r"^##? (.+)$", render(), re.MULTILINE)
    assert found[1:] == [
        "Goal", "Conclusions", "Results", "Problems", "How to run it again", "Model and data",
        "Parameters", "Source", "Accepted findings", "Notes",
    ]  # fmt: skip


@pytest.mark.parametrize(("lang", "said"), [
    ("pl", "im więcej"), ("fr", "plus"), ("ru", "больше"), ("zh", "越"), ("en", "higher"),
])  # fmt: skip
def test_languages(lang: str, said: str) -> None:
    page = render(lang=lang)
    number = "0,5512" if lang in ("pl", "fr", "ru") else "0.5512"
    assert f"eval/exact_match: {number}**" in page
    assert said in page
    assert f"[{number.replace('5512', '4812')}](../qa-0/)" in page
    assert "python train.py --lr 1e-4" in page


def test_worse_and_equal_have_their_signs() -> None:
    assert "**−0.0488** vs [qa-0](../qa-0/): worse" in render(base=BASE.replace("0.4812", "0.6"))
    assert "**±0** vs [qa-0](../qa-0/): equal" in render(base=BASE.replace("0.4812", "0.5512"))
    less = CARD.replace("metric: eval/exact_match", "metric: eval/exact_match\ndirection: min")
    assert "**0.5** (lower is better" in render(less).replace("eval/exact_match: ", "")
    assert ": worse" in render(less)


def test_many_rows_are_thinned_and_the_best_stays() -> None:
    many = "\n".join(f"  - {{step: {n}, eval/f1: {0.9 if n == 777 else 0.1}}}" for n in range(2000))
    text = re.sub(r"results:\n(  - .*\n)+", f"results:\n{many}\n", CARD)
    page = render(text.replace("metric: eval/exact_match", "metric: eval/f1"))
    assert "| **best** | 777 | **0.9000** |" in rows(page)
    assert re.search(r"Further steps: 19[34]\d\.", page)
    assert len(page.encode()) < 20_000


def test_a_huge_card_is_bounded() -> None:
    text = CARD + "".join(f"\n## Part {n}\n\n{'word ' * 20_000}\n" for n in range(9))
    assert len(render(text).encode()) <= 500_200


@pytest.mark.parametrize("part", range(12))
def test_hostile_cards_reach_no_further(part: int) -> None:
    for text in HOSTILE[part::12]:
        quoted = '"' + "".join(f"\\U{ord(c):08x}" for c in text.replace("\ud800", "?")) + '"'
        front = "\n".join(f"{key}: {quoted}" for key in ("title", "train", "model", "baseline"))
        front += f"\ntags: [{quoted}]\nparams: {{{quoted}: {quoted}}}\nauthors: {quoted}"
        front += f"\nresults:\n  - {{step: 1, {quoted}: 0.5}}\n"
        page = render(
            f"---\ncode: qa-1\n{front}---\n\n{text}\n\n## Goal\n\n{text}\n\n## End\n\nend\n"
        )
        assert NO_HTML not in cmarkgfm.github_flavored_markdown_to_html(page)
        seen = read(page)
        assert seen.tags.count("h1") == 1
        # A comment that nobody closes hides the rest, as it does on every host.
        assert "End" in seen.text or ("<!--" in text and "-->" not in text)
        assert "img" not in seen.tags
        for target in seen.targets:
            assert re.match(r"https?://|mailto:|[^:]*(?:/|$)", target), target
        assert not CALLS.search(seen.loose)


def test_commits_are_linked_in_the_trusted_repository_only() -> None:
    commit = "a" * 40
    for trusted, own, url in (
        ("https://github.com/a/b", "", "https://github.com/a/b/commit/"),
        ("git@gitlab.com:a/b.git", "https://gitlab.com/a/b", "https://gitlab.com/a/b/-/commit/"),
        ("https://github.com/a/b", "https://evil.example/a/b", ""),
        ("", "https://github.com/a/b", ""),
        ("/srv/git/a", "", ""),
    ):
        found = find_commit_url(trusted, Source(repository=own, commit=commit))
        assert found == (url + commit if url else "")
    assert find_commit_url("https://github.com/a/b", Source(commit="main)")) == ""


def test_a_long_list_is_bounded_and_says_so() -> None:
    settings = Settings()
    line = make_line(load(CARD, "qa-1", settings), load(BASE, "qa-0", settings), settings)
    page = render_list([line] * 5000, settings)
    assert MAX_BYTES * 0.9 < len(page.encode()) <= 512_000
    shown = page.count("|[qa-1](qa-1/)|")
    assert shown > 3000
    assert f"Experiments: {shown} of 5000" in page
    assert "Experiments: 5000" in page
    assert "There are no experiments yet." in render_list([], settings)
    assert read(render_list([Line("x", ("a",) * 8)], settings)).tags.count("td") == 8


# The command ---------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    project.write("experiments/qa-0/card.md", BASE)
    project.write("experiments/qa-1/card.md", CARD)
    return project


def test_readmes_are_made_and_stay_the_same(project: Project) -> None:
    out = project.ok("readme")
    assert "made   experiments/qa-1/README.md" in out
    assert "made   experiments/README.md" in out
    before = {p: p.read_bytes() for p in project.root.rglob("README.md")}
    assert len(before) == 3
    assert project.ok("readme") == "same   3 of 3\n"
    for path in before:
        path.unlink()
    project.ok("readme")
    assert before == {p: p.read_bytes() for p in project.root.rglob("README.md")}
    assert "| [qa-1](qa-1/) | plT5-base on PolQA | finished | 2023-08-09 |" in " ".join(
        rows(project.read("experiments/README.md"))
    )
    # git takes them along.
    project.git("add", "-A")
    assert "experiments/qa-1/README.md" in project.git("ls-files")


def test_what_somebody_wrote_stays(project: Project) -> None:
    project.write("experiments/qa-1/README.md", "# Mine\n")
    done = project.cardgen("readme")
    assert done.status == 0
    assert "kept   experiments/qa-1/README.md: somebody wrote it" in done.err
    assert project.read("experiments/qa-1/README.md") == "# Mine\n"
    assert "readme-stale" not in project.cardgen("check").out


def test_links_are_refused(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("<!-- Generated by 'cardgen readme' x -->\n", encoding="utf-8")
    (project.root / "experiments/qa-1/README.md").symlink_to(outside)
    done = project.cardgen("readme", "qa-1")
    assert outside.read_text(encoding="utf-8").startswith("<!-- Generated by")
    assert "qa-1/README.md: somebody wrote it" in done.err


def test_what_is_stale_is_said(project: Project) -> None:
    assert project.cardgen("readme", "--check").status == 1
    assert "readme-stale" not in project.cardgen("check").out, "nobody asked for READMEs"
    project.ok("readme")
    project.ok("readme", "--check")
    project.ok("set", "qa-0", "results=[{step: 500, eval/exact_match: 0.9}]")
    done = project.cardgen("check")
    for name, hint in (("qa-0/", " qa-0"), ("qa-1/", " qa-1"), ("", "")):
        assert f"experiments/{name}README.md:1" in done.out
        assert f"Run: cardgen readme{hint}\n" in done.out
    stale = project.cardgen("readme", "--check")
    assert stale.status == 1
    assert "stale  experiments/qa-1/README.md" in stale.out
    project.ok("readme")
    assert "readme-stale" not in project.cardgen("check").out


def test_what_does_not_show_is_not_stale(project: Project) -> None:
    project.ok("readme")
    text = project.read("experiments/qa-0/card.md")
    project.write("experiments/qa-0/card.md", text + "\nMore words.\n")
    done = project.cardgen("check")
    assert re.findall(r"(\S+README\.md)", done.out) == ["experiments/qa-0/README.md"]
    project.write("experiments/qa-0/card.md", text + "\n<!-- a hint -->\n")
    assert "readme-stale" not in project.cardgen("check").out


def test_a_readme_edited_by_hand_is_stale(project: Project) -> None:
    project.ok("readme")
    text = project.read("experiments/qa-1/README.md")
    project.write("experiments/qa-1/README.md", text.replace("0.5512", "0.9512"))
    assert "experiments/qa-1/README.md:1" in project.cardgen("check").out
    project.write("experiments/qa-1/README.md", text.replace("\n", "\r\n"))
    assert "readme-stale" not in project.cardgen("check").out, "git may change line ends"


def test_commands_make_them_where_the_settings_say_so(project: Project) -> None:
    project.ok("readme")
    text = project.read("cardgen.yaml")
    project.write("cardgen.yaml", f"{text}readme: true\n")
    assert "made  experiments/qa-2/README.md" in project.ok("new", "qa-2")
    out = project.ok("set", "qa-0", "results=[{step: 500, eval/exact_match: 0.9}]")
    assert "made  experiments/qa-1/README.md" in out, "it shows its baseline's result"
    assert "made  experiments/qa-2/README.md" not in out
    project.ok("run", "qa-2", "--", "true")
    assert "run:" in project.read("experiments/qa-2/README.md")
    assert "readme-stale" not in project.cardgen("check").out
    (project.root / "experiments/qa-2/README.md").unlink()
    assert "experiments/qa-2/README.md: readme-stale" in project.cardgen("check").out.replace(
        " warning ", " "
    ) or "It is not there yet." in project.cardgen("check").out  # fmt: skip


def test_a_card_that_cannot_be_read_keeps_its_readme(project: Project) -> None:
    project.ok("readme")
    before = project.read("experiments/qa-1/README.md")
    project.write("experiments/qa-1/card.md", "---\n{\n")
    done = project.cardgen("readme")
    assert done.status == 1
    assert "run 'cardgen check qa-1' first" in done.err
    assert project.read("experiments/qa-1/README.md") == before
    assert "cannot be shown" in project.read("experiments/README.md")


def test_where_git_ignores_them_it_is_said(project: Project) -> None:
    ignored = project.read("experiments/.gitignore").replace("!README.md\n", "")
    project.write("experiments/.gitignore", ignored)
    assert "add '!README.md' to experiments/.gitignore" in project.cardgen("readme").err


def test_the_rule_can_be_switched_off(project: Project) -> None:
    project.ok("readme")
    project.write("experiments/qa-1/card.md", CARD + "\nMore.\n")
    config = Config(root=project.root, settings=Settings(checks={"readme-stale": "off"}))
    assert find_stale(config) == ()
    config = Config(root=project.root, settings=Settings(checks={"readme-stale": "error"}))
    assert [problem.severity for problem in find_stale(config)] == ["error"]
    assert [one.state for one in make_readmes(config, ("qa-1",), write=False)] == ["made", "same"]
