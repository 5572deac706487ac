"""Cards that try nearly the same, and the warning before an experiment is repeated."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cardgen.config import Config, load_config
from cardgen.documents import parse_card
from cardgen.facts import Facts
from cardgen.resolve import resolve
from cardgen.revisions import open_repository
from cardgen.similar import (
    Sketch,
    find_similar,
    find_stems,
    format_sketch,
    make_sketch,
    parse_sketch,
)
from cardgen.sketches import load_sketches, load_sketches_at
from tests.projects import Project

# Two goals that mean the same in other words, and two of other experiments.
GOALS = {
    "en": (
        "Does plT5-base answer PolQA questions better with the passage in the prompt than without?",
        "Check whether giving the passage in the prompt makes plT5-base answer PolQA better",
        "Does a larger batch size speed up convergence of the summariser?",
        "Measure the effect of label smoothing on calibration of the classifier",
    ),
    "pl": (
        "Czy plT5-base lepiej odpowiada na pytania PolQA, gdy w podpowiedzi jest fragment tekstu?",
        "Sprawdzić, czy fragment tekstu w podpowiedzi poprawia odpowiedzi plT5-base na PolQA",
        "Czy większa paczka przyspiesza uczenie streszczacza?",
        "Zmierzyć wpływ wygładzania etykiet na kalibrację klasyfikatora",
    ),
    "fr": (
        "Le passage dans l'invite améliore-t-il les réponses de plT5-base aux questions PolQA ?",
        "Vérifier si plT5-base répond mieux aux questions de PolQA avec le passage dans l'invite",
        "Un lot plus grand accélère-t-il la convergence du résumeur ?",
        "Mesurer l'effet du lissage des étiquettes sur la calibration du classifieur",
    ),
    "ru": (
        "Отвечает ли plT5-base на вопросы PolQA лучше, если в подсказке есть отрывок текста?",
        "Проверить, улучшает ли отрывок текста в подсказке ответы plT5-base на вопросы PolQA",
        "Ускоряет ли больший пакет обучение суммаризатора?",
        "Измерить влияние сглаживания меток на калибровку классификатора",
    ),
    "zh": (
        "在提示中加入段落是否能提高 plT5-base 在 PolQA 上的问答准确率?",
        "检验提示中加入段落能否让 plT5-base 在 PolQA 的问答准确率提高",
        "更大的批量是否加快摘要模型的收敛?",
        "测量标签平滑对分类器校准的影响",
    ),
}


def make(code: str, front: str = "", goal: str = "") -> Facts:
    text = f"---\ncode: {code}\n{front}\n---\n\n## Goal\n\n{goal}\n"
    return resolve(
        parse_card(text, Path(code, "card.md"), code, "card.md"), Config(root=Path()).settings
    )


@pytest.mark.parametrize("language", GOALS)
def test_a_goal_in_like_words_is_found_and_no_other(language: str) -> None:
    own, *others = (make(f"qa-{n}", goal=goal) for n, goal in enumerate(GOALS[language]))
    (found,) = find_similar(own, others)
    assert (found.code, found.reasons) == ("qa-1", ("a goal in like words",))
    assert 0 < found.score <= 1


INPUTS = "model: allegro/plt5-base\ndata: polqa\n"


def test_the_reasons_name_what_differs() -> None:
    own = make("a", f"{INPUTS}params: {{learning_rate: 1e-4, batch_size: 16, epochs: 10, seed: 1}}")
    others = (
        make("lr", f"{INPUTS}params: {{learning_rate: 2e-4, batch_size: 16, epochs: 10, seed: 1}}"),
        make(
            "same",
            f"{INPUTS}params: {{learning_rate: 0.0001, batch_size: 16, epochs: 10, seed: 1}}",
        ),
        make("far", f"{INPUTS}params: {{learning_rate: 1, batch_size: 512, epochs: 1, seed: 1}}"),
        make("data", "model: allegro/plt5-base\ndata: squad\nparams: {learning_rate: 1e-4}"),
        make("model", "model: t5-small\ndata: polqa\nparams: {learning_rate: 1e-4}"),
        make("planned", INPUTS),
    )
    found = find_similar(own, others, limit=9)
    assert [(one.code, one.reasons) for one in found] == [
        ("same", ("same model and data, same params",)),
        ("lr", ("same model and data, params differ in learning_rate",)),
        ("planned", ("same model and data",)),
    ]
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert str(found[1]) == "lr (same model and data, params differ in learning_rate)"
    assert [one.code for one in find_similar(own, others, limit=1)] == ["same"]


def test_where_a_run_was_written_to_tells_nothing_apart() -> None:
    own = make("a", f"{INPUTS}params: {{lr: 1, output_dir: experiments/a, run_name: a}}")
    other = make("b", f"{INPUTS}params: {{lr: 1, output_dir: experiments/b, run_name: b}}")
    assert find_similar(own, [other])[0].reasons == ("same model and data, same params",)


def test_the_same_run_and_the_same_baseline_count() -> None:
    own = make("a", "runs: [mlflow:8c1f]")
    assert find_similar(own, [make("b", "runs: [mlflow:8c1f]")])[0].reasons == (
        "it names the same run mlflow:8c1f",
    )
    goal = "Label smoothing for the ranker of passages with questions"
    other = "Smoothing of labels in ranking: is it worth the time?"
    plain = [make("b", goal=other), make("c", goal=GOALS["en"][0]), make("d", goal=GOALS["en"][2])]
    assert not find_similar(make("a", goal=goal), plain)
    siblings = [make(facts.code, "baseline: qa-0", facts.card.section("goal")) for facts in plain]
    found = find_similar(make("a", "baseline: qa-0", goal), siblings)
    assert [one.code for one in found] == ["b"]
    assert "the same baseline" in found[0].reasons[0]


def test_a_card_is_never_like_itself_and_an_empty_one_like_none() -> None:
    one = make("a", INPUTS, GOALS["en"][0])
    assert find_similar(one, [one]) == ()
    assert find_similar(make("x"), [make("y"), one]) == ()
    assert find_similar(make("x"), []) == ()


def test_a_sketch_is_kept_as_text_and_means_the_same() -> None:
    facts = make(
        "a", f"{INPUTS}params: {{lr: 1e-4, inf: .inf, deep: {{x: [1, 2]}}, on: yes}}", "Why?"
    )
    sketch = make_sketch(facts)
    assert parse_sketch(format_sketch(sketch)) == sketch
    assert "\n" not in format_sketch(sketch)
    for text in ("", "null", "[]", "{}", '{"code": 1}', format_sketch(sketch)[:-9]):
        assert parse_sketch(text) is None
    others = [make("b", INPUTS, "Why not?")]
    assert find_similar(sketch, map(make_sketch, others)) == find_similar(facts, others)


def test_hostile_text_costs_little() -> None:
    for text in (
        "a" * 10**6,
        "的" * 10**6,
        "\u0301" * 10**6,
        "1 " * 10**6,
        "_" * 10**6,
        "\ud800" * 99,
    ):
        assert len(find_stems(text)) <= 120


def test_thousands_are_compared_and_the_nearest_are_first() -> None:
    chance = random.Random(1)
    words = [word for goals in GOALS.values() for goal in goals for word in goal.split()]
    many = [
        Sketch(f"c{n}", model=f"m{n % 7}", data=(f"d{n % 5}",),
               params=tuple((f"p{k}", float(chance.randint(1, 1000))) for k in range(30)),
               words=find_stems(" ".join(chance.sample(words, 12))))
        for n in range(5000)
    ]  # fmt: skip
    own = Sketch("own", model=many[7].model, data=many[7].data, params=many[7].params)
    found = find_similar(own, many)
    assert (found[0].code, found[0].reasons) == ("c7", ("same model and data, same params",))


# The command -----------------------------------------------------------------------------------


def test_new_names_similar_cards_and_makes_the_card_all_the_same(project: Project) -> None:
    project.ok("new", "qa-1", "--goal", GOALS["en"][0])
    done = project.cardgen("new", "qa-2", "--title", GOALS["en"][1])
    assert done.status == 0
    assert done.err == "similar: qa-1 (a goal in like words)\n"
    assert "similar" not in done.out
    assert not project.cardgen("new", "qa-3", "--goal", GOALS["en"][2]).err


def test_new_compares_what_a_run_says_once_it_is_filled(project: Project) -> None:
    for code, rate in (("qa-1", 0.1), ("qa-2", 0.2)):
        text = (
            f'{{"params": {{"lr": {rate}, "size": 3, "epochs": 2}}, "metrics": {{"f1": 0.5}}, '
            '"model": "t5", "data": "polqa"}'
        )
        project.write(f"runs/{code}/metrics.json", text)
        done = project.cardgen("new", code, "--run", f"json:runs/{code}/metrics.json")
        assert done.status == 0, done
    project.ok("set", "qa-1", "model=t5", "data=polqa")
    project.ok("set", "qa-2", "model=t5", "data=polqa")
    sketches = {one.code: one for one in load_sketches(load_config(project.root))}
    assert dict(sketches["qa-1"].params)["lr"] == 0.1
    (found,) = find_similar(sketches["qa-1"], sketches.values())
    assert found.reasons == ("same model and data, params differ in lr",)


def test_new_looks_at_other_branches(project: Project) -> None:
    project.git("add", "-A")
    project.git("commit", "-qm", "start")
    project.git("switch", "-qc", "exp/a")
    project.ok("new", "qa-1", "--goal", GOALS["en"][0])
    project.git("add", "-A")
    project.git("commit", "-qm", "one")
    project.git("switch", "-q", "main")
    done = project.cardgen("new", "qa-2", "--goal", GOALS["en"][1])
    assert done.err == "similar: qa-1 on exp/a (a goal in like words)\n"


def test_the_goal_is_written_into_the_card_and_opens_no_section(project: Project) -> None:
    project.ok("new", "qa-1", "--goal", "Is it so?\n## Conclusions\nYes.")
    text = project.read("experiments/qa-1/card.md")
    assert "## Goal\n\nIs it so?\n\\## Conclusions\nYes.\n" in text
    assert text.count("\n## Conclusions") == 1


def test_sketches_are_kept_by_content_and_follow_edits(project: Project) -> None:
    project.ok("new", "qa-1", "--goal", "First")
    project.git("add", "-A")
    project.git("commit", "-qm", "one")
    config = load_config(project.root)
    before = load_sketches(config)
    assert load_sketches(config) == before
    with open_repository(config) as repository:
        snapshot = repository.find_snapshot("main")
        assert load_sketches_at(repository, snapshot) == before
        assert load_sketches_at(repository, snapshot) == before
    card = project.root / "experiments/qa-1/card.md"
    card.write_text(card.read_text().replace("First", "Second thoughts"))
    assert load_sketches(config)[0].words == ("secon", "thoug")
    (project.root / ".cardgen/sketches.db").write_bytes(b"no database")
    assert load_sketches(config)[0].words == ("secon", "thoug")
