"""The pipelines that 'init --ci' lays out: what linters say of them, and their steps at work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cardgen import __version__
from cardgen.ci import find_pipeline, init_ci
from cardgen.config import Config
from cardgen.errors import UsageError
from cardgen.origin import Source, _make, find_source
from cardgen.safeyaml import parse_yaml
from cardgen.scaffold.ci import PINS, Pipeline, make_github, make_gitlab
from tests.hosts import Host
from tests.projects import Project, make_project

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = Source("https://github.com/team/cardgen", COMMIT)
KINDS = {
    "index": Pipeline("cardgen==1.0"),
    "action": Pipeline(SOURCE.requirement, action=SOURCE.action),
    "folder": Pipeline(SOURCE.requirement, "trunk", "research/cards", "research/cards/_site"),
    "spaces": Pipeline("cardgen==1.0", "feature/new_2", "my cards", "my cards/_site"),
}


@pytest.fixture(params=KINDS)
def github(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    return lay(tmp_path, make_github(KINDS[request.param]))


@pytest.fixture
def workflows(tmp_path: Path) -> list[Path]:
    """Those of all kinds of projects: linters take seconds to start."""
    return [
        path for name, kind in KINDS.items() for path in lay(tmp_path / name, make_github(kind))
    ]


def lay(root: Path, files: Any) -> list[Path]:
    made = [root / file.path for file in files]
    for path, file in zip(made, files, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return made


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


# What linters say -----------------------------------------------------------------------------


def test_zizmor_finds_nothing(workflows: list[Path]) -> None:
    done = run(BIN / "zizmor", "--offline", "--persona=auditor", *workflows, ROOT / "action.yml")
    assert done.returncode == 0, done.stdout
    assert "No findings to report" in done.stdout


def test_zizmor_would_find_what_is_unsafe(tmp_path: Path) -> None:
    (path, _) = lay(tmp_path, make_github(KINDS["index"]))
    text = path.read_text(encoding="utf-8").replace('"$BASE"', "${{ github.head_ref }}")
    path.write_text(text, encoding="utf-8")
    assert "template-injection" in run(BIN / "zizmor", "--offline", path).stdout


def test_actionlint_finds_nothing(workflows: list[Path]) -> None:
    done = run(ROOT / ".ci" / "actionlint", BIN.parent, *workflows)
    if done.returncode == 77:
        pytest.skip("npm, or what it would install, is not to be had")
    assert (done.returncode, done.stdout) == (0, "")
    broken = workflows[0].read_text("utf-8").replace("runner.temp", "runner.tmp")
    workflows[0].write_text(broken, "utf-8")
    assert run(ROOT / ".ci" / "actionlint", BIN.parent, workflows[0]).returncode == 1


def validate(schema: str, *paths: Path) -> None:
    done = run(BIN / "check-jsonschema", "--builtin-schema", schema, *paths)
    assert done.returncode == 0, done.stdout


def test_files_are_what_their_hosts_read(tmp_path: Path) -> None:
    """One start of the validator a schema: it takes seconds."""
    made = [tmp_path / name for name in KINDS]
    kinds = list(zip(made, KINDS.values(), strict=True))
    validate("vendor.github-workflows", *(f for p, k in kinds for f in lay(p, make_github(k))))
    validate("vendor.gitlab-ci", *(f for p, k in kinds for f in lay(p, make_gitlab(k))))
    validate("vendor.github-actions", ROOT / "action.yml")


def test_every_action_is_named_by_its_commit(github: list[Path]) -> None:
    texts = [path.read_text("utf-8") for path in (*github, ROOT / "action.yml")]
    used = [name for text in texts for name in re.findall(r"uses: (.*)", text)]
    assert len(used) > 5
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v?[\d.]+\S*", name) for name in used)
    own = {name for name in used if name.startswith("actions/")}
    assert own <= set(PINS.values())


def test_who_may_what(github: list[Path]) -> None:
    """The job that sees a pull request's code has no right but to read; the other sees no code."""
    cards, comment = (parse_yaml(path.read_text("utf-8")) for path in github)
    assert isinstance(cards, dict)
    assert isinstance(comment, dict)
    assert cards["permissions"] == comment["permissions"] == {}
    assert set(cards["on"]) == {"pull_request", "push"}
    assert cards["jobs"]["cards"]["permissions"] == {"contents": "read"}
    assert "secrets." not in github[0].read_text("utf-8")
    assert comment["jobs"]["comment"]["permissions"] == {
        "actions": "read",
        "pull-requests": "write",
    }
    assert "checkout" not in github[1].read_text("utf-8").replace("checked out", "")


# Laying out -----------------------------------------------------------------------------------


def test_init_lays_out_each_host_s_files_once(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    out = project.ok("init", "--ci", "github")
    assert "made  .github/workflows/cards.yml" in out
    project.write(".github/workflows/cards.yml", "mine\n")
    assert "kept  .github/workflows/cards.yml" in project.ok("init", "--ci", "github")
    assert project.read(".github/workflows/cards.yml") == "mine\n"
    assert "made  .gitlab-ci.yml" in project.ok("init", "--ci", "gitlab")


def test_a_pipeline_that_is_there_includes_ours(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    project.write(".gitlab-ci.yml", "test: {script: [make]}\n")
    done = project.cardgen("init", "--ci", "gitlab")
    assert "made  .gitlab/cards.yml" in done.out
    assert "include: [{local: .gitlab/cards.yml}]" in done.err
    assert project.read(".gitlab-ci.yml") == "test: {script: [make]}\n"


def test_a_project_in_a_folder_of_its_repository(tmp_path: Path) -> None:
    outer = Project(tmp_path)
    outer.git("init", "-q", "-b", "trunk")
    outer.ok("init", "--ci", "github", "research/qa")
    text = outer.read(".github/workflows/cards.yml")
    assert "branches: [trunk]" in text
    assert "research/qa/_site" in text
    assert not (tmp_path / "research/qa/.github").exists()


def test_what_is_installed_can_be_named(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    wanted = "cardgen @ https://files.example/cardgen-1.0-py3-none-any.whl"
    project.ok("init", "--ci", "github", "--install", wanted)
    for name in ("cards", "cards-comment"):
        assert f"CARDGEN: {json.dumps(wanted)}" in project.read(f".github/workflows/{name}.yml")


def test_no_repository_no_pipeline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in no git repository"):
        init_ci(Config(root=tmp_path), "github")


def test_a_branch_that_would_break_the_file_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.git("init", "-q", "-b", "a];b")
    with pytest.raises(UsageError, match="cannot stand in a pipeline"):
        find_pipeline(Config(root=tmp_path), tmp_path)


# Where cardgen comes from ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://github.com/team/cardgen.git", "https://github.com/team/cardgen"),
        ("git@github.com:team/cardgen.git", "https://github.com/team/cardgen"),
        ("ssh://git@gitlab.example/team/cardgen", "https://gitlab.example/team/cardgen"),
        ("https://ann:t0ken@git.example:8443/cardgen", "https://git.example:8443/cardgen"),
        ("/home/ann/cardgen", ""),
        ("file:///home/ann/cardgen", ""),
        ("http://git.example/cardgen", ""),
        ("", ""),
    ],
)
def test_an_address_that_others_reach(url: str, wanted: str) -> None:
    assert _make(url, COMMIT).url == wanted


def test_what_pip_installs() -> None:
    assert SOURCE.requirement == f"cardgen @ git+https://github.com/team/cardgen@{COMMIT}"
    assert SOURCE.action == f"team/cardgen@{COMMIT} # {__version__}"
    assert Source().requirement == f"cardgen=={__version__}"
    assert Source("https://gitlab.example/cardgen", COMMIT).action == ""
    assert find_source().url.startswith(("https://", ""))


# The steps at work ----------------------------------------------------------------------------


@pytest.fixture
def proposed(tmp_path: Path) -> tuple[Project, str]:
    """A pull request as a runner has it: its merge commit checked out; and the base's commit."""
    (tmp_path / "work").mkdir()
    project = make_project(tmp_path / "work")
    project.write("experiments/qa-0/card.md", "---\ncode: qa-0\n---\n## Goal\n\nIs it?\n")
    project.git("add", ".")
    project.git("commit", "-qm", "base")
    base = project.git("rev-parse", "HEAD").strip()
    project.git("switch", "-qc", "exp")
    text = "---\ncode: qa-1\ntitle: '::error::@ann'\n---\n## Goal\n\nIs it better?\n"
    project.write("experiments/qa-1/card.md", text)
    project.git("add", ".")
    project.git("commit", "-qm", "a card")
    project.git("switch", "-q", "main")
    project.git("merge", "-q", "--no-ff", "-m", "Merge exp into main", "exp")
    return project, base


def list_steps(path: Path, job: str = "") -> list[dict[str, Any]]:
    values = parse_yaml(path.read_text(encoding="utf-8"))
    assert isinstance(values, dict)
    return list(values["jobs"][job]["steps"] if job else values["runs"]["steps"])


def do_steps(
    steps: list[dict[str, Any]], project: Project, temp: Path, environ: dict[str, str]
) -> dict[str, str]:
    """Run the scripts of steps as GitHub's runner does, without installing; what they say."""
    temp.mkdir(exist_ok=True)
    summary, output = temp / "summary.md", temp / "output"
    known = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(temp),
        "RUNNER_TEMP": str(temp),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(project.root),
        "PYTHONPATH": str(ROOT),
        "NO_MKDOCS_2_WARNING": "1",
        **environ,
    }
    said = {}
    for step in steps:
        if "run" in step and "pip install" not in step["run"]:
            done = subprocess.run(
                ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
                cwd=project.root, env=known, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (step["name"], done)
            said[step["name"]] = done.stdout + done.stderr
    return said


@pytest.mark.slow
@pytest.mark.parametrize("form", ["steps", "action"])
def test_a_pull_request_is_checked_reviewed_built_and_commented(
    proposed: tuple[Project, str], tmp_path: Path, form: str
) -> None:
    project, base = proposed
    files = lay(tmp_path / "ci", make_github(KINDS["index"]))
    steps = list_steps(files[0], "cards") if form == "steps" else list_steps(ROOT / "action.yml")
    temp = tmp_path / "temp"
    said = do_steps(steps, project, temp, {"BASE": base, "STRICT": "false"})
    assert not re.search(r"^::error::@ann", said["Check the cards"], re.MULTILINE)
    assert (project.root / "_site/cards/qa-1/index.html").is_file()
    review = json.loads((temp / "cards-review.json").read_text(encoding="utf-8"))
    assert [card["code"] for card in review["cards"]] == ["qa-1"]
    assert "qa-1" in (temp / "summary.md").read_text(encoding="utf-8")
    pull = {"number": 12, "label": "team:exp", "head": {"sha": COMMIT}}
    event = {
        "workflow_run": {
            "head_sha": COMMIT,
            "head_branch": "exp",
            "head_repository": {"owner": {"login": "team"}},
        }
    }
    (temp / "event.json").write_text(json.dumps(event), encoding="utf-8")
    (temp / "review").mkdir()
    (temp / "cards-review.json").rename(temp / "review/cards-review.json")
    with Host("github", pulls=[pull]) as host:
        environ = {
            "GITHUB_API_URL": host.url,
            "GITHUB_REPOSITORY": "team/qa",
            "GITHUB_TOKEN": host.token,
            "GITHUB_EVENT_PATH": str(temp / "event.json"),
        }
        for _ in range(2):
            said = do_steps(list_steps(files[1], "comment"), project, temp, environ)
        (comment,) = host.comments
    assert comment["body"].startswith("<!-- cardgen-review -->\n")
    assert "qa-1" in comment["body"]
    assert "@ann" not in comment["body"]
    assert "up to date" in said["Comment"]


def test_a_forged_review_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    for text in ("", "[]", '{"schema": 1, "cards": 3}', '{"schema": 99}', "x" * 2_000_000):
        path = project.write("review.json", text)
        done = project.cardgen("comment", str(path))
        assert done.status == 2, text[:40]
        assert "Traceback" not in done.err


def test_our_own_pipeline_of_gitlab_is_not_included_in_itself(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    project.ok("init", "--ci", "gitlab")
    done = project.cardgen("init", "--ci", "gitlab")
    assert "kept  .gitlab-ci.yml" in done.out
    assert "include" not in done.err
    assert not (tmp_path / ".gitlab").exists()


@pytest.mark.parametrize("main", ["main", "master"])
def test_the_pipeline_is_of_the_main_branch_wherever_it_is_laid_out(
    tmp_path: Path, main: str
) -> None:
    project = Project(tmp_path)
    project.git("init", "-q", "-b", main)
    project.git("commit", "-q", "--allow-empty", "-m", "one")
    project.git("switch", "-q", "-c", "feature/ci")
    assert find_pipeline(Config(root=tmp_path), tmp_path).branch == main
    project.git("branch", "-q", "-m", main, "trunk")
    assert find_pipeline(Config(root=tmp_path), tmp_path).branch == "feature/ci"
    project.git("update-ref", f"refs/remotes/origin/{main}", "HEAD")
    assert find_pipeline(Config(root=tmp_path), tmp_path).branch == main


def test_a_folder_that_no_pipeline_can_name_is_refused_with_its_sign(tmp_path: Path) -> None:
    Project(tmp_path).git("init", "-q", "-b", "main")
    folder = tmp_path / "R & D"
    folder.mkdir()
    with pytest.raises(UsageError, match="holds a '&'"):
        find_pipeline(Config(root=folder), tmp_path)
