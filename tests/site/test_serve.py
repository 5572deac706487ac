"""Serving in a process of its own: edits, mistakes, signals."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.site.samples import make_source

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]


class Running:
    """A serving process, its printed lines and its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.url = re.findall(r"http://\S+", self.wait_for("The site is at"))[0]

    def wait_for(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"it ended without saying '{text}': {self.lines}")

    def read(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            text: str = response.read().decode()
        return text

    def wait_until(self, path: str, text: str) -> None:
        end = time.monotonic() + 15
        while text not in self.read(path):
            assert time.monotonic() < end, f"'{text}' never came"
            time.sleep(0.02)


@contextmanager
def serving(root: Path, *arguments: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "tests.site.serving", str(root), *arguments]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_source(tmp_path, index="# Hello\n")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "one.txt").write_text("first words")
    return tmp_path


def test_edits_of_cards_and_pages_are_shown(root: Path) -> None:
    with serving(root) as running:
        assert "first words" in running.read("cards/one/")
        text = root / "texts" / "one.txt"
        fresh = text.with_suffix(".new")
        fresh.write_text("second words")
        fresh.replace(text)
        running.wait_until("cards/one/", "second words")
        (root / "texts" / "two.txt").write_text("another card")
        end = time.monotonic() + 15
        while not (root / "_site/cards/two/index.html").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        (root / "site/docs/index.md").write_text("# Hello there\n\nAnew.\n")
        running.wait_until("", "Anew.")
        running.wait_until("cards/one/", "Hello there")


def test_a_broken_edit_is_one_sentence_and_the_server_lives_on(root: Path) -> None:
    with serving(root) as running:
        text = root / "texts" / "one.txt"
        text.write_text("broken")
        assert running.wait_for("one.txt") == "one.txt is broken. Mend it.\n"
        text.write_text("crash")
        assert running.wait_for("one.txt") == "one.txt could not be shown: by nought.\n"
        (root / "site/mkdocs.yml").write_text("site_name: [")
        assert "mkdocs could not build" in running.wait_for("mkdocs.yml")
        text.write_text("mended")
        running.wait_until("cards/one/", "mended")
        assert not any("Traceback" in line for line in running.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(root: Path, number: signal.Signals) -> None:
    with (
        serving(root) as running,
        urllib.request.urlopen(
            f"{running.url}__cardgen/events?since=9999999999999999&page=/", timeout=10
        ),
    ):
        running.process.send_signal(number)
        running.wait_for("ended")
        assert running.process.wait(10) == 0
        assert not any("Traceback" in line for line in running.lines)


def test_an_address_that_others_reach_is_warned_of(root: Path) -> None:
    with serving(root, "0.0.0.0") as running:  # noqa: S104
        assert any("Whoever can reach this machine" in line for line in running.lines)
        assert "first words" in running.read("cards/one/")


def test_search_follows_edits_in_the_background(root: Path) -> None:
    with serving(root) as running:
        before = running.read("pagefind/pagefind-entry.json")
        (root / "texts" / "one.txt").write_text("altogether different")
        end = time.monotonic() + 15
        while running.read("pagefind/pagefind-entry.json") == before:
            assert time.monotonic() < end
            time.sleep(0.05)
