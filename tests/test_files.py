"""Files are written whole or not at all: killed, on a full disk, side by side."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen import files
from cardgen.errors import StoreError
from cardgen.files import locked, read_text, write_text

ROOT = Path(__file__).parents[1]


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process of its own that runs a script with cardgen at hand."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


# Reading ---------------------------------------------------------------------------------------


def test_reads_what_is_there_with_its_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    path.write_bytes("\ufeffa\r\nb\rc\n".encode())
    assert read_text(path, 100) == "\ufeffa\r\nb\rc\n"
    assert read_text(path, len(path.read_bytes()))


def refusal(path: Path, size: int = 1024) -> str:
    with pytest.raises(StoreError) as caught:
        read_text(path, size)
    assert caught.value.hint
    return caught.value.message


def test_refuses_what_is_no_text_file(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    assert refusal(path) == "it cannot be read: No such file or directory."
    path.write_bytes(b"good\nb\xe9d\n")
    assert refusal(path) == "line 2 is no UTF-8."
    path.write_bytes(b"x" * 2049)
    assert refusal(path, 2048) == "it is larger than 2 KB."
    assert refusal(tmp_path).startswith("it cannot be read: ")
    link = tmp_path / "link.md"
    link.symlink_to(path)
    assert refusal(link) == "link.md is a symbolic link."


def test_does_not_wait_for_a_pipe_or_a_device(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    os.mkfifo(path)
    assert refusal(path) == "it is no ordinary file."
    assert refusal(Path("/dev/zero")) == "it is no ordinary file."


# Writing ---------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, first: str, second: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "what-was-written.md"
    for text in (first, second):
        write_text(path, text)
        assert read_text(path, 10_000) == text
        assert path.read_bytes() == text.encode()


def test_keeps_the_mode_and_makes_new_files_as_others(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    write_text(path, "new")
    plain = tmp_path / "plain"
    plain.write_text("x", encoding="utf-8")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    write_text(path, "changed")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["card.md", "plain"]


def test_refuses_links_missing_folders_and_half_characters(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("kept", encoding="utf-8")
    link.symlink_to(target)
    for path, text in ((link, "x"), (tmp_path / "none" / "card.md", "x"), (target, "\ud800")):
        with pytest.raises(StoreError) as caught:
            write_text(path, text)
        assert caught.value.hint
    assert target.read_text(encoding="utf-8") == "kept"
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


WRITER = """
import sys
from pathlib import Path
from cardgen.files import write_text
path, number = Path(sys.argv[1]), 0
print("ready", flush=True)
while True:
    number += 1
    write_text(path, f"{number}\\n" * 40_000)
"""


def test_killed_at_any_moment_it_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    write_text(path, "0\n" * 40_000)
    chance = random.Random(1)  # when to kill needs no secrecy
    stale = 0
    for _ in range(25):
        process = start(WRITER, path)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        before = path.stat().st_ino
        while path.stat().st_ino == before:
            assert process.poll() is None
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        lines = read_text(path, 10_000_000).split("\n")
        assert len(lines) == 40_001
        assert len(set(lines)) == 2
        stale += len(list(tmp_path.iterdir())) > 1
    assert stale
    write_text(path, "the end\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["evidence.json"]


def test_temporaries_of_the_living_and_of_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    kept = [f".card.md.{os.getppid()}.tmp", ".card.md.x.tmp", ".other.md.999999999.tmp"]
    for name in (*kept, ".card.md.999999999.tmp"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    write_text(path, "new")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([*kept, "card.md"])


FULL = """
import resource, signal, sys
from pathlib import Path
from cardgen.errors import StoreError
from cardgen.files import write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text(Path(sys.argv[1]), "x" * 5000)
except StoreError as error:
    print(error)
"""


def test_a_file_that_may_not_grow_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    path.write_text("old", encoding="utf-8")
    message = finish(start(FULL, path))
    assert "File too large; it is as it was." in message
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["card.md"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 64 KB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_the_old_file(small_disk: Path) -> None:
    path = small_disk / "card.md"
    write_text(path, "old")
    with contextlib.suppress(OSError):
        (small_disk / "filler").write_bytes(b"x" * 100_000)
    with pytest.raises(StoreError, match="No space left on device; it is as it was"):
        write_text(path, "new" * 10_000)
    assert path.read_text(encoding="utf-8") == "old"
    assert sorted(entry.name for entry in small_disk.iterdir()) == ["card.md", "filler"]
    with locked(small_disk / "qa-1.lock"):
        assert path.exists()


# Locks -----------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from cardgen.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_that_is_held_names_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locks" / "qa-1.lock"
    process = start(HOLDER, path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.05)
    with (
        pytest.raises(StoreError, match=rf"qa-1 is being .*\(process {process.pid}\)"),
        locked(path),
    ):
        pytest.fail("the lock was given twice")
    process.kill()
    process.communicate()
    with locked(path):
        assert path.with_suffix(".pid").read_text(encoding="ascii") == str(os.getpid())


def test_threads_take_turns(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with locked(tmp_path / "a.lock"):
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_a_lock_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file in the way", encoding="utf-8")
    with (
        pytest.raises(StoreError, match=r"qa-1\.lock cannot be made"),
        locked(tmp_path / "locks" / "qa-1.lock"),
    ):
        pytest.fail("there is no lock")


def test_what_fails_inside_is_not_the_lock_s_fault(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), locked(tmp_path / "a.lock"):
        raise PermissionError("of the work")
    with locked(tmp_path / "a.lock"):
        assert (tmp_path / "a.pid").exists()
