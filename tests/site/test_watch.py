"""Watching real folders, saved to in the ways that editors have."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardgen.site.watch import Watcher


class Watching:
    """A watcher whose changes are collected in a thread."""

    def __init__(self, *places: Path, since: float | None = None) -> None:
        self.watcher = Watcher(places)
        self.watcher.start(since)
        self.changes: queue.Queue[tuple[Path, ...]] = queue.Queue()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        for paths in self.watcher:
            self.changes.put(paths)

    def get(self, *wanted: Path) -> set[Path]:
        """Changes until all wanted files were among them."""
        seen: set[Path] = set()
        while not set(wanted) <= seen:
            seen |= set(self.changes.get(timeout=10))
        return seen

    def close(self) -> None:
        self.watcher.close()
        self.thread.join(5)
        assert not self.thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "experiments"
    (folder / "qa-1").mkdir(parents=True)
    (folder / "qa-1" / "card.md").write_text("one")
    return folder


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    running = Watching(folder)
    yield running
    running.close()


def test_a_save_in_place(watching: Watching, folder: Path) -> None:
    card = folder / "qa-1" / "card.md"
    card.write_text("two")
    assert watching.get(card) == {card}


def test_a_save_by_renaming(watching: Watching, folder: Path) -> None:
    card = folder / "qa-1" / "card.md"
    fresh = card.with_name(".card.md.swp")
    fresh.write_text("two")
    card.rename(card.with_name("card.md~"))
    fresh.rename(card)
    assert watching.get(card) == {card}
    card.write_text("three")
    assert watching.get(card) == {card}


def test_a_save_of_the_same_content_is_none(watching: Watching, folder: Path) -> None:
    card = folder / "qa-1" / "card.md"
    card.write_text("one")
    os.utime(card)
    card.read_text()
    other = folder / "qa-1" / "evidence.json"
    other.write_text("{}")
    assert watching.get(other) == {other}


def test_new_moved_and_removed_folders(watching: Watching, folder: Path) -> None:
    made = folder / "qa-2" / "deep" / "card.md"
    made.parent.mkdir(parents=True)
    made.write_text("new")
    watching.get(made)
    (folder / "qa-2").rename(folder / "qa-3")
    moved = folder / "qa-3" / "deep" / "card.md"
    assert watching.get(made, moved) >= {made, moved}
    moved.write_text("still watched")
    watching.get(moved)
    moved.unlink()
    moved.parent.rmdir()
    assert watching.get(moved) == {moved}


def test_hidden_files_links_and_pipes_are_left_out(
    watching: Watching, folder: Path, tmp_path: Path
) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "index").write_text("x")
    (folder / "qa-1" / "link.md").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(folder / "qa-1" / "pipe")
    card = folder / "qa-1" / "card.md"
    card.write_text("two")
    assert watching.get(card) == {card}


def test_a_flood_of_changes_loses_none(watching: Watching, folder: Path) -> None:
    many = [folder / f"many-{number}" / "card.md" for number in range(1500)]
    for path in many:
        path.parent.mkdir()
        path.write_text("x")
    assert watching.get(*many) == set(many)
    many[-1].write_text("after the flood")
    assert watching.get(many[-1]) == {many[-1]}


def test_a_single_file_is_watched_alone(tmp_path: Path) -> None:
    settings = tmp_path / "cardgen.yaml"
    settings.write_text("title: a")
    watching = Watching(settings)
    (tmp_path / "other.yaml").write_text("x")
    settings.write_text("title: b")
    assert watching.get(settings) == {settings}
    watching.close()


def test_files_changed_since_the_build_are_told_at_once(folder: Path) -> None:
    card = folder / "qa-1" / "card.md"
    os.utime(card, (2_000_000_000, 2_000_000_000))
    (folder / "qa-1" / "old.md").write_text("old")
    os.utime(folder / "qa-1" / "old.md", (1_000_000_000, 1_000_000_000))
    watching = Watching(folder, since=1_900_000_000.0)
    assert watching.get(card) == {card}
    watching.close()


def test_a_large_file_is_told_by_its_time(watching: Watching, folder: Path) -> None:
    model = folder / "qa-1" / "model.bin"
    model.write_bytes(b"\0" * (2 << 20))
    assert watching.get(model) == {model}
    os.utime(model, (1_000_000_000, 1_000_000_000))
    model.chmod(0o600)
    with model.open("ab") as file:
        file.write(b"\1")
    assert watching.get(model) == {model}


def test_a_folder_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    watching = Watching(tmp_path / "nowhere" / "deeper")
    watching.close()
