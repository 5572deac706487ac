"""'check --online', against real servers on the loopback.

A server that speaks the Hub's API paths stands for huggingface.co, and one that speaks a part of
its GraphQL for Weights & Biases, which cannot be had here. MLflow's stores and its server are real.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.check import check_cards
from cardgen.config import Config, load_config
from cardgen.models import Evidence, Problem, Run
from cardgen.online import Mention, Thing, ask_all, check_online, count_things, find_mentions
from cardgen.references import Reference
from cardgen.resolve import resolve
from cardgen.store import load_cards, update_evidence
from tests.projects import Project
from tests.trackers import wandb_server
from tests.trackers.mlflow_runs import make_client
from tests.trackers.test_http import Answer, Handler, Site, run_site, say

CARD = "---\ncode: {code}\n{front}---\n\n## Goal\n\nIs it?\n"
TOKEN = "hf_" + "x" * 34
NAMES = (
    *("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "MLFLOW_TRACKING_URI"),
    *("MLFLOW_REGISTRY_URI", "WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_DIR", "NETRC"),
)

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No settings of the person who runs the tests; the Hub is nowhere until a test serves it."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return monkeypatch


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path / "project")
    found.write("cardgen.yaml", "title: Tests\n")
    return found


def write_card(project: Project, front: str, code: str = "qa-1") -> None:
    project.write(f"experiments/{code}/card.md", CARD.format(code=code, front=front))


def find(project: Project) -> tuple[Config, tuple[Mention, ...]]:
    config = load_config(project.root)
    cards = load_cards(config)
    return config, find_mentions(config, [resolve(card, config.settings) for card in cards])


def check(project: Project, seconds: float = 60) -> list[Problem]:
    config, mentions = find(project)
    return list(check_online(config, mentions, seconds=seconds))


def tell(problems: list[Problem]) -> list[tuple[str, str, int, str]]:
    return [(p.rule, p.path.removesuffix("/card.md"), p.line, p.message) for p in problems]


# What is mentioned -----------------------------------------------------------------------------


def test_what_cards_mention(project: Project) -> None:
    front = (
        "runs: ['mlflow:1', 'run:2', 'nonsense', 'mlflow:1']\nmodel: allegro/plt5-base@v1\n"
        "data:\n  - org/qa\n  - {name: data/train.csv}\n  - {name: x, url: 'hf://datasets/a/b@r'}\n"
        "  - {name: org/local, path: local}\n  - 'kaggle://a/b/versions/3'\n"
        "output:\n  - 'models:/qa/3'\n  - team/qa/model:v3\n  - org/out\n"
    )
    write_card(project, front)
    write_card(project, "model: allegro/plt5-base@v1\n", "qa-2")
    _, mentions = find(project)
    found = [(m.path.split("/")[1], m.line, str(m.thing)) for m in mentions]
    assert found == [
        ("qa-1", 3, "run 'mlflow:1'"),
        ("qa-1", 4, "model 'allegro/plt5-base@v1'"),
        ("qa-1", 6, "data set 'org/qa'"),
        ("qa-1", 8, "data set 'a/b@r'"),
        ("qa-1", 12, "model 'qa@3'"),
        ("qa-1", 13, "model 'team/qa/model@v3'"),
        ("qa-1", 14, "model 'org/out'"),
        ("qa-2", 3, "model 'allegro/plt5-base@v1'"),
    ]
    assert count_things(mentions) == 7


def test_runs_of_the_evidence_where_the_card_names_none(project: Project) -> None:
    write_card(project, "")
    config = load_config(project.root)
    (card,) = load_cards(config)
    runs = (
        Run(ref="mlflow:1", tracker="mlflow"),
        Run(ref="mlflow:2", tracker="mlflow", parent="mlflow:1"),
        Run(ref="run:3", tracker="run"),
    )
    update_evidence(config, card, lambda _: Evidence(code="qa-1", runs=runs))
    assert [mention.thing.run for mention in find(project)[1]] == ["mlflow:1"]


# The Hub ---------------------------------------------------------------------------------------

HELD = (
    "/api/models/org/model",
    "/api/models/org/model/revision/v1",
    "/api/models/org/model/revision/refs%2Fpr%2F1",
    "/api/datasets/org/data",
)


def speak_as_hub(handler: Handler) -> None:
    """The Hub's answers, in status and words, as its documentation and clients have them."""
    path = handler.path
    token = handler.headers.get("Authorization")
    if path == "/api/models/old/name":
        say({}, 307, Location="/api/models/org/model")(handler)
    elif path == "/api/models/org/away":
        say({}, 302, Location="http://127.0.0.1:9/api/models/org/away")(handler)
    elif path == "/api/models/org/private" and not token:
        say({"error": "Invalid username or password."}, 401)(handler)
    elif path == "/api/models/org/gated":
        say({"error": "Access to model org/gated is restricted."}, 403)(handler)
    elif path in HELD or path == "/api/models/org/private":
        say({"id": "x", "sha": "0" * 40})(handler)
    elif path.startswith("/api/models/org/model/revision/"):
        say({"error": f"Invalid rev id: {path.rpartition('/')[2]}"}, 404)(handler)
    else:
        say({"error": "Repository not found"}, 404)(handler)


@contextlib.contextmanager
def serve_hub(environ: pytest.MonkeyPatch, *answers: Answer) -> Iterator[Site]:
    with run_site(*(answers or (speak_as_hub,))) as site:
        environ.setenv("HF_ENDPOINT", site.url)
        yield site


def test_models_and_data_of_the_hub(project: Project, environ: pytest.MonkeyPatch) -> None:
    write_card(project, "model: org/model@v1\ndata: org/data\noutput: old/name\n")
    write_card(project, "model: org/model@v2\ndata: org/none\noutput: org/nothing@v1\n", "qa-2")
    write_card(project, "model: org/model@refs/pr/1\noutput: {name: org/model, version: 3}\n", "q")
    with serve_hub(environ) as site:
        problems = check(project)
    url = site.url
    assert tell(problems) == [
        (
            *("gone-online", "experiments/qa-2", 3),
            "The model 'org/model@v2' is not there any more: "
            f"{url} has no revision 'v2' of the model 'org/model'.",
        ),
        (
            *("gone-online", "experiments/qa-2", 4),
            f"The data set 'org/none' is not there any more: {url} has no data set 'org/none'.",
        ),
        (
            *("gone-online", "experiments/qa-2", 5),
            "The model 'org/nothing@v1' is not there any more: "
            f"{url} has no model 'org/nothing@v1'.",
        ),
    ]
    assert {problem.severity for problem in problems} == {"warning"}
    assert all(problem.hint for problem in problems)


def test_private_and_gated_models_are_hidden_and_not_gone(
    project: Project, environ: pytest.MonkeyPatch
) -> None:
    write_card(project, "model: org/private\noutput: org/gated\n")
    with serve_hub(environ) as site:
        problems = check(project)
        assert [problem.rule for problem in problems] == ["hidden-online"] * 2
        assert {problem.severity for problem in problems} == {"advice"}
        assert "HF_TOKEN" in problems[0].hint
        assert not any("Authorization" in headers for *_, headers in site.asked)
        environ.setenv("HF_TOKEN", TOKEN)
        assert [problem.about for problem in check(project)] == ["org/gated"]
        assert site.asked[-1][2]["Authorization"] == f"Bearer {TOKEN}"


def test_a_redirect_to_another_server_is_not_followed(
    project: Project, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("HF_TOKEN", TOKEN)
    write_card(project, "model: org/away\n")
    with serve_hub(environ):
        (problem,) = check(project)
    assert (problem.rule, problem.severity, problem.path) == (
        *("unasked-online", "advice"),
        "cardgen.yaml",
    )
    assert "redirects to another server" in problem.message
    assert TOKEN not in repr(problem)


def test_each_thing_is_asked_after_once_and_again_where_that_may_help(
    project: Project, environ: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        write_card(project, "model: org/model\n", f"qa-{number}")
    busy = say({"error": "slow down"}, 429, **{"Retry-After": "0.1"})
    steps: list[int] = []
    with serve_hub(environ, busy, busy, speak_as_hub) as site:
        config, mentions = find(project)
        assert check_online(config, mentions, lambda: steps.append(1)) == ()
    assert [path for _, path, _ in site.asked] == ["/api/models/org/model"] * 3
    assert len(steps) == count_things(mentions) == 1


def test_a_server_that_cannot_be_reached_is_one_piece_of_advice(
    project: Project, environ: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for number in range(30):
        write_card(project, f"model: org/model-{number}\n", f"qa-{number}")
    environ.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    (problem,) = check(project)
    assert (problem.rule, problem.severity) == ("unasked-online", "advice")
    assert problem.message.startswith("Whether 30 things that cards name are still there could not")
    assert f"http://127.0.0.1:{port} cannot be reached" in problem.message


def test_one_deadline_for_all(project: Project, environ: pytest.MonkeyPatch) -> None:
    for number in range(9):
        write_card(project, f"model: org/model-{number}\n", f"qa-{number}")
    go_on = threading.Event()

    def hang(handler: Handler) -> None:
        go_on.wait(30)
        speak_as_hub(handler)

    with serve_hub(environ, hang):
        start = time.monotonic()
        problems = check(project, seconds=1)
        took = time.monotonic() - start
        go_on.set()
    (problem,) = problems
    assert problem.message.endswith("the time of 1 s was up.")
    assert took < 20


def test_words_of_a_server_cannot_forge_anything(
    project: Project, environ: pytest.MonkeyPatch
) -> None:
    write_card(project, "model: org/model\n")
    evil = say({"error": "\x1b[2J\n::error::forged\r"}, 500)
    with serve_hub(environ, evil):
        (problem,) = check(project)
    assert "\n" not in problem.message
    assert "\r" not in problem.message


# MLflow ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["mlflow.db", "mlruns"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a store that MLflow's own client wrote: a database, or files."""
    project = Project(tmp_path_factory.mktemp("store"))
    project.write("cardgen.yaml", "title: Tests\n")
    root = project.root
    uri = f"sqlite:///{root}/mlflow.db" if request.param == "mlflow.db" else f"{root}/mlruns"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        record(project, uri)
    return project


def record(project: Project, uri: str) -> None:
    """Cards of a run that is there, one that was deleted, one that never was; and of models."""
    client = make_client(uri)
    experiment = client.create_experiment("qa")
    there, deleted = (client.create_run(experiment).info.run_id for _ in range(2))
    for name in ("qa", "other"):
        client.create_registered_model(name)
        for _ in range(2):
            client.create_model_version(name, f"runs:/{there}/model", there)
    client.set_registered_model_alias("qa", "champion", "1")
    client.delete_model_version("qa", "2")
    client.delete_run(deleted)
    write_card(project, f"runs: ['mlflow:{there}', 'mlflow:{there[:8]}']\n", "there")
    write_card(project, f"runs: mlflow:{deleted}\n", "deleted")
    write_card(project, f"runs: mlflow:{'0' * 32}\n", "gone")
    names = ("qa/1", "qa@champion", "qa/2", "qa/3", "qa@challenger", "none/1", "other/latest")
    outputs = "".join(f"  - 'models:/{name}'\n" for name in names)
    write_card(project, f"output:\n{outputs}", "models")


def test_runs_and_models_of_a_local_store(store: Project) -> None:
    found = [(rule, path, line) for rule, path, line, _ in tell(check(store))]
    assert found == [
        ("gone-online", "experiments/deleted", 3),
        ("gone-online", "experiments/gone", 3),
        *(("gone-online", "experiments/models", line) for line in (6, 7, 8, 9)),
    ]
    messages = {p.path.split("/")[1]: p.message for p in check(store)}
    assert messages["deleted"].endswith("was deleted in MLflow.")
    assert re.search(r"not there any more: no run '0+' is in (mlflow.db|mlruns)", messages["gone"])


def test_a_store_that_is_not_on_this_machine(project: Project) -> None:
    for number in range(5):
        write_card(project, f"runs: mlflow:{number:032x}\n", f"qa-{number}")
    (problem,) = check(project)
    assert (problem.rule, problem.severity) == ("unasked-online", "advice")
    assert "there is no MLflow store at the project's root" in problem.message
    assert "MLFLOW_TRACKING_URI" in problem.hint


@pytest.mark.slow
def test_runs_and_models_of_a_real_server(
    project: Project, environ: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.trackers.test_mlflow_server import MISSING, PROOF, run_server

    if MISSING:
        pytest.skip(f"'mlflow server' needs {', '.join(MISSING)}")
    with run_server(tmp_path_factory.mktemp("server")) as url:
        for name, value in PROOF.items():
            environ.setenv(name, value)
        environ.setenv("MLFLOW_TRACKING_URI", url)
        record(project, url)
        found = [(rule, path, line) for rule, path, line, _ in tell(check(project))]
        assert found == [
            ("gone-online", "experiments/deleted", 3),
            ("gone-online", "experiments/gone", 3),
            *(("gone-online", "experiments/models", line) for line in (6, 7, 8, 9)),
        ]
        environ.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
        assert {problem.rule for problem in check(project)} == {"hidden-online"}


# Weights & Biases ------------------------------------------------------------------------------


def test_runs_of_weights_and_biases(project: Project, environ: pytest.MonkeyPatch) -> None:
    write_card(project, "runs: ['wandb:team/qa/abc', 'wandb:team/qa/none']\n")
    with wandb_server.serve() as service:
        service.runs["abc"] = wandb_server.make_run("abc")
        environ.setenv("WANDB_BASE_URL", service.url)
        (problem,) = check(project)
        assert "no key for the Weights & Biases server" in problem.message
        environ.setenv("WANDB_API_KEY", wandb_server.KEY)
        (problem,) = check(project)
    assert problem.rule == "gone-online"
    assert problem.message == (
        "The run 'wandb:team/qa/none' is not there any more: "
        f"{service.url} has no run 'team/qa/none'."
    )


@pytest.mark.parametrize(
    ("project_answer", "rule"),
    [
        ({"artifact": {"id": "x", "state": "COMMITTED"}}, []),
        ({"artifact": {"id": "x", "state": "DELETED"}}, ["gone-online"]),
        ({"artifact": None}, ["gone-online"]),
        (None, ["hidden-online"]),
    ],
)
def test_artifacts_of_weights_and_biases(
    project: Project, environ: pytest.MonkeyPatch, project_answer: object, rule: list[str]
) -> None:
    write_card(project, "output: team/qa/model:v3\n")
    environ.setenv("WANDB_API_KEY", wandb_server.KEY)
    with run_site(say({"data": {"project": project_answer}})) as site:
        environ.setenv("WANDB_BASE_URL", site.url)
        assert [problem.rule for problem in check(project)] == rule
    assert b'"name": "model:v3"' in site.bodies[0]


# Other trackers --------------------------------------------------------------------------------


def test_folders_are_looked_at_and_not_called_gone(project: Project) -> None:
    project.write("out/qa-1/trainer_state.json", '{"log_history": [], "global_step": 0}')
    write_card(project, "runs: ['hf:out/qa-1', 'hf:out/qa-2', 'hf:out/qa-3']\n")
    (problem,) = check(project)
    assert (problem.rule, problem.path) == ("unasked-online", "cardgen.yaml")
    assert problem.message.startswith("Whether 2 things that cards name are still there")


def test_things_that_nobody_can_ask_after_are_there(project: Project) -> None:
    config = load_config(project.root)
    thing = Thing(reference=Reference("kaggle", "a/b", "3"))
    assert ask_all(config, [thing, thing]) == {thing: "there"}


def test_rules_of_what_is_asked_can_be_set(project: Project) -> None:
    project.write(
        "cardgen.yaml", "checks: {gone-online: error, hidden-online: off, unasked-online: off}\n"
    )
    write_card(project, "")
    config = load_config(project.root)
    assert check_cards(load_cards(config), config) == ()
