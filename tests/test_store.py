"""Cards on disk: found in order, loaded whatever is in them, changed by one writer at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Config
from cardgen.errors import StoreError, UsageError
from cardgen.evidence import format_evidence, parse_evidence
from cardgen.models import Evidence, Run
from cardgen.store import (
    create_card,
    create_file,
    edit_card,
    find_card,
    find_cards,
    load_card,
    load_cards,
    natural_key,
    select_cards,
    update_evidence,
)

ROOT = Path(__file__).parents[1]
TEXT = "---\ncode: {code}\n---\n## Goal\nx\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "cardgen.yaml").touch()
    return Config(root=tmp_path)


def add(config: Config, code: str, text: str | bytes | None = None) -> Path:
    path = config.experiments / code / "card.md"
    path.parent.mkdir(parents=True)
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text or TEXT.format(code=code), encoding="utf-8")
    return path


def evidence_of(*refs: str, code: str = "qa-1") -> Evidence:
    return Evidence(code=code, runs=tuple(Run(ref=ref, tracker="mlflow") for ref in refs))


# Finding ---------------------------------------------------------------------------------------


def test_cards_are_found_in_natural_order(config: Config) -> None:
    assert find_cards(config) == ()
    for code in ("qa-10", "qa-2", "QA-2", "b", "A", ".hidden", "qa-02"):
        add(config, code)
    (config.experiments / "no card").mkdir()
    (config.experiments / "card.md").touch()
    found = [path.parent.name for path in find_cards(config)]
    assert found == ["A", "b", "qa-02", "QA-2", "qa-2", "qa-10"]
    assert [card.code for card in load_cards(config)] == found


def test_experiments_that_are_no_folder(config: Config) -> None:
    config.experiments.touch()
    with pytest.raises(StoreError, match=r"experiments cannot be read: Not a directory\."):
        find_cards(config)


def test_cards_by_their_codes(config: Config) -> None:
    for code in ("qa-1", "qa-2"):
        add(config, code)
    assert find_card(config, "qa-2").parent.name == "qa-2"
    assert len(select_cards(config, ())) == 2
    assert [p.parent.name for p in select_cards(config, ("qa-2", "qa-1", "qa-2"))] == [
        "qa-2",
        "qa-1",
    ]
    with pytest.raises(UsageError) as caught:
        find_card(config, "qa1")
    assert caught.value.hint.startswith("Did you mean qa-")
    for code in ("zzz", "../qa-1", ".", ""):
        with pytest.raises(UsageError, match="There is no card"):
            find_card(config, code)


@given(st.text("aB-_.012٣²", max_size=8), st.text("aB-_.012٣²", max_size=8))
def test_natural_order_tells_codes_apart(a: str, b: str) -> None:
    assert (natural_key(a) == natural_key(b)) == (a.casefold() == b.casefold())


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(0, 3))
def test_natural_order_counts(a: int, b: int, zeros: int) -> None:
    shown = f"qa-{'0' * zeros}{a}", f"qa-{b}"
    if a != b:
        assert (natural_key(shown[0]) < natural_key(shown[1])) == (a < b)


def test_natural_order_of_numbers_that_python_refuses() -> None:
    assert natural_key("a" + "1" * 5000) < natural_key("a" + "2" * 5000)


# Loading ---------------------------------------------------------------------------------------


def test_a_card_with_its_evidence(config: Config) -> None:
    path = add(config, "qa-1")
    (path.parent / "evidence.json").write_text(
        format_evidence(evidence_of("mlflow:1")), encoding="utf-8"
    )
    card = load_card(config, path)
    assert (card.code, card.problems, card.broken) == ("qa-1", (), False)
    assert card.evidence == evidence_of("mlflow:1")
    assert card.folder == path.parent


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "It is no evidence: invalid JSON"),
        (b"{}", "It is no evidence: code: field required."),
        (b'{"code": "\xe9"}', "Line 1 is no UTF-8."),
        (b"[" * 1_000_000, "It is no evidence: invalid JSON: recursion limit"),
    ],
)
def test_broken_evidence_leaves_the_card(config: Config, content: bytes, message: str) -> None:
    path = add(config, "qa-1")
    (path.parent / "evidence.json").write_bytes(content)
    card = load_card(config, path)
    assert card.section("goal") == "x"
    assert card.evidence is None
    (problem,) = card.problems
    assert (problem.path, problem.rule) == ("experiments/qa-1/evidence.json", "evidence")
    assert problem.message.startswith(message)
    assert card.broken


CARD = TEXT.format(code="qa-1")


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (CARD.encode(), []),
        (CARD.replace("\n", "\r\n").encode(), []),
        (b"\xef\xbb\xbf" + CARD.encode(), []),
        (b"---\r\ncode: qa-1\n---\r\n## Goal\nx\r\n", []),
        (CARD.encode() + "Größe 中文 🙂".encode(), []),
        (CARD.encode("utf-16"), ["unreadable"]),
        (CARD.encode() + "é".encode("latin-1"), ["unreadable"]),
        (bytes(range(256)), ["unreadable"]),
        (CARD.encode() + b"x" * 2**20, ["unreadable"]),
        (b"", ["front-matter"]),
        (b"\x00" * 1000, ["front-matter"]),
        (b"---\ncode: qa-1\nparams: " + b"[" * 300 + b"]" * 300 + b"\n---\n", ["front-matter"]),
        (b"---\rcode: qa-1\r---\r", ["front-matter"]),
    ],
)
def test_odd_files_load_with_their_problems(
    config: Config, content: bytes, rules: list[str]
) -> None:
    card = load_card(config, add(config, "qa-1", content))
    assert [problem.rule for problem in card.problems] == rules
    assert card.front.code == "qa-1"


@pytest.mark.parametrize("name", ["card.md", "evidence.json"])
@pytest.mark.parametrize("target", ["/etc/hostname", "{root}/cardgen.yaml", "{self}", "/nowhere"])
def test_links_are_refused_and_reported(config: Config, name: str, target: str) -> None:
    path = add(config, "qa-1")
    link = path.with_name(name)
    link.unlink(missing_ok=True)
    link.symlink_to(target.format(root=config.root, self=link))
    (card,) = load_cards(config)
    (problem,) = card.problems
    assert problem.path == f"experiments/qa-1/{name}"
    assert problem.rule == ("unreadable" if name == "card.md" else "evidence")
    assert "link" in problem.message or "leads out" in problem.message
    writes: dict[str, Callable[[], object]] = {
        "card.md": lambda: edit_card(config, path, lambda text: text + "x"),
        "evidence.json": lambda: update_evidence(config, card, lambda _: evidence_of("mlflow:1")),
    }
    with pytest.raises(StoreError):
        writes[name]()
    assert link.is_symlink()


def test_a_folder_that_leads_out_is_refused(
    config: Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "card.md").write_text(CARD, encoding="utf-8")
    (outside / "evidence.json").write_text(format_evidence(evidence_of()), encoding="utf-8")
    config.experiments.mkdir()
    (config.experiments / "qa-1").symlink_to(outside)
    (card,) = load_cards(config)
    assert [problem.rule for problem in card.problems] == ["unreadable", "evidence"]
    assert card.evidence is None
    with pytest.raises(StoreError, match="leads out"):
        update_evidence(config, card, lambda _: evidence_of("mlflow:1"))
    assert parse_evidence((outside / "evidence.json").read_text(encoding="utf-8")) == evidence_of()


def test_a_pipe_in_the_place_of_evidence_is_not_waited_for(config: Config) -> None:
    path = add(config, "qa-1")
    os.mkfifo(path.parent / "evidence.json")
    (problem,) = load_card(config, path).problems
    assert problem.message == "It is no ordinary file."


# Evidence --------------------------------------------------------------------------------------


def test_evidence_is_written_where_a_byte_changes(config: Config) -> None:
    card = load_card(config, add(config, "qa-1"))
    path = card.folder / "evidence.json"
    planned = update_evidence(config, card, lambda _: evidence_of("mlflow:1"), dry_run=True)
    assert planned.changed
    assert not path.exists()
    assert update_evidence(config, card, lambda _: evidence_of("mlflow:1")) == planned
    assert path.read_text(encoding="utf-8") == planned.after
    before = path.stat()
    same = update_evidence(config, card, lambda old: old)
    assert not same.changed
    assert not update_evidence(config, card, lambda _: None).changed
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_broken_evidence_is_made_anew(config: Config) -> None:
    path = add(config, "qa-1")
    (path.parent / "evidence.json").write_text("<<<<<<< ours", encoding="utf-8")
    seen: list[Evidence | None] = []

    def make(old: Evidence | None) -> Evidence:
        seen.append(old)
        return evidence_of("mlflow:1")

    assert update_evidence(config, load_card(config, path), make).changed
    assert seen == [None]
    assert load_card(config, path).evidence == evidence_of("mlflow:1")


def test_a_failure_while_making_changes_nothing(config: Config) -> None:
    card = load_card(config, add(config, "qa-1"))
    update_evidence(config, card, lambda _: evidence_of("mlflow:1"))

    def fail(_: Evidence | None) -> Evidence:
        raise StoreError("no")

    with pytest.raises(StoreError, match="no"):
        update_evidence(config, card, fail)
    assert load_card(config, card.path).evidence == evidence_of("mlflow:1")
    assert update_evidence(config, card, lambda _: evidence_of("mlflow:2")).changed


COUNTER = """
import sys
from pathlib import Path
from cardgen.config import Config
from cardgen.models import Evidence, Run
from cardgen.store import find_card, load_card, update_evidence

config = Config(root=Path(sys.argv[1]))
card = load_card(config, find_card(config, "qa-1"))

def add(name):
    def make(old):
        run = Run(ref=f"mlflow:{name}", tracker="mlflow", description="x" * 2000)
        return Evidence(code="qa-1", runs=(*(old.runs if old else ()), run))
    return make

print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    update_evidence(config, card, add(f"{sys.argv[2]}-{number}"))
"""


def start(config: Config, name: str, count: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTER, str(config.root), name, str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_lose_nothing(config: Config) -> None:
    path = add(config, "qa-1")
    processes = [start(config, name, 40) for name in ("a", "b")]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    evidence = load_card(config, path).evidence
    assert evidence is not None
    expected = {f"mlflow:{name}-{number}" for name in ("a", "b") for number in range(40)}
    assert {run.ref for run in evidence.runs} == expected
    assert len(evidence.runs) == 80
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["card.md", "evidence.json"]


def test_killed_while_updating_it_leaves_evidence_that_reads(config: Config) -> None:
    path = add(config, "qa-1")
    evidence = path.with_name("evidence.json")
    count = 0
    for trial in range(8):
        before = evidence.stat().st_ino if evidence.exists() else 0
        process = start(config, f"t{trial}", 1_000_000)
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        while not evidence.exists() or evidence.stat().st_ino == before:
            assert process.poll() is None
            time.sleep(0.001)
        time.sleep(0.003 * trial)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        card = load_card(config, path)
        assert card.problems == ()
        runs = len(card.evidence.runs) if card.evidence else 0
        assert runs > count
        count = runs
    assert update_evidence(config, card, lambda old: evidence_of("mlflow:1")).changed
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["card.md", "evidence.json"]


# Cards -----------------------------------------------------------------------------------------


def test_an_edit_changes_a_card_or_no_byte(config: Config) -> None:
    path = add(config, "qa-1", CARD.replace("\n", "\r\n").encode())
    before = path.stat()
    assert not edit_card(config, path, lambda text: text)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert edit_card(config, path, lambda text: text.replace("x\r\n", "y\r\n"))
    assert path.read_bytes() == CARD.replace("x\n", "y\n").replace("\n", "\r\n").encode()


def test_an_editor_that_saved_meanwhile_wins(config: Config) -> None:
    path = add(config, "qa-1")

    def edit(text: str) -> str:
        path.write_text("theirs", encoding="utf-8")
        return text + "ours"

    with pytest.raises(StoreError, match=r"experiments/qa-1/card\.md was saved meanwhile"):
        edit_card(config, path, edit)
    assert path.read_text(encoding="utf-8") == "theirs"


def test_a_card_is_made_once(config: Config) -> None:
    path = create_card(config, "qa-1", CARD)
    assert load_card(config, path).problems == ()
    with pytest.raises(StoreError, match="exists already"):
        create_card(config, "qa-1", "other")
    assert path.read_text(encoding="utf-8") == CARD
    (config.experiments / "qa-2").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        create_card(config, "qa-2", CARD)
    with pytest.raises(StoreError, match="leads out"):
        create_card(config, "../../qa-3", CARD)


def test_a_file_of_a_new_project_never_takes_a_place(tmp_path: Path) -> None:
    assert create_file(tmp_path, "site/docs/index.md", "new")
    assert not create_file(tmp_path, "site/docs/index.md", "newer")
    (tmp_path / "broken").symlink_to("/nowhere")
    assert not create_file(tmp_path, "broken", "x")
    assert (tmp_path / "site/docs/index.md").read_text(encoding="utf-8") == "new"
    (tmp_path / "out").symlink_to("/tmp")
    with pytest.raises(StoreError, match="leads out"):
        create_file(tmp_path, "out/file-of-a-new-project", "x")
    with pytest.raises(StoreError, match="cannot be made"):
        create_file(tmp_path, "site/docs/index.md/deeper/file", "x")
