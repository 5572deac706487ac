"""What is printed: nothing that data says reaches the terminal as a command."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen import output
from tests.projects import Project, make_project

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Größe, 中文, 🙂 and \\", "plain, Größe, 中文, 🙂 and \\"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("\u2028\u2029\ufeff\u200b", r"\u2028\u2029\ufeff\u200b"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("👩\u200d💻 می\u200cخواهم", "👩\u200d💻 می\u200cخواهم"),
    ],
)
def test_escapes_are_visible(text: str, shown: str) -> None:
    assert output.escape(text) == shown


@given(st.text(st.characters()))
def test_escaped_text_commands_nothing(text: str) -> None:
    shown = output.escape(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()
    assert output.escape(shown) == shown


@given(st.recursive(st.text(st.characters()) | st.integers(), st.lists))
def test_json_is_read_as_what_was_written(value: object) -> None:
    text = output.format_json(value)
    assert output.escape(text.replace("\n", "")) == text.replace("\n", "")
    assert json.loads(text) == value


def test_json_has_no_word_for_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        output.format_json(float("nan"))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_lacks_letters_gets_escapes(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, encoding=encoding, newline="\n"))
    output.say("café 中\nnext\tcell \x1b[2J")
    expected = {"ascii": r"caf\xe9 \u4e2d", "latin-1": r"café \u4e2d", "utf-8": "café 中"}[encoding]
    assert held.getvalue().decode(encoding) == expected + "\nnext\tcell \\x1b[2J\n"


SCRIPT = """
from cardgen import output
from tests.projects import Project, make_project
output.say("data \\x1b[32m", paint=lambda text: output.colour(text, "red"))
output.complain("complaint")
with output.progress(3, "fill\\x07") as step:
    step(); step(); step()
with output.progress(1, "short") as step:
    step()
"""


def _run_on_terminal(**extra: str) -> str:
    """What a real pseudo-terminal receives on stdout and stderr."""
    environ = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | extra
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=terminal, stderr=terminal, env=environ, cwd=ROOT
    )
    process.wait()
    os.close(terminal)
    received = b""
    try:
        while part := os.read(controller, 4096):
            received += part
    except OSError:  # Linux says so that the terminal was closed
        pass
    os.close(controller)
    return received.decode()


def test_colour_and_bar_on_a_terminal() -> None:
    seen = _run_on_terminal()
    assert seen.startswith("\x1b[31mdata \\x1b[32m\x1b[0m\r\ncomplaint\r\n")
    assert re.search(r"\rfill\\x07 \[#{10} +\] 1/3\rfill\\x07 \[#{20} +\] 2/3", seen)
    assert seen.endswith("3/3\r\x1b[K")
    assert "short" not in seen


def test_no_colour_where_it_is_unwanted() -> None:
    assert _run_on_terminal(NO_COLOR="1").startswith("data \\x1b[32m\r\n")


def test_neither_in_a_file() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "data \\x1b[32m\n"
    assert done.stderr == "complaint\n"


COMMANDS = (
    ("::error::x", r"\::error::x"),
    ("  \t::error::x", "  \t\\::error::x"),
    ("\u3000::error::x", "\u3000\\::error::x"),
    ("a\n::error::x\nb", "a\n\\::error::x\nb"),
    ("::::", r"\::::"),
    ("x ##[error]y", r"x ##\[error]y"),
    ("###[error]y", r"###\[error]y"),
    ("##vso[task.complete]y", r"##\vso[task.complete]y"),
    ("a::b, ## [x] and #[x]", "a::b, ## [x] and #[x]"),
)


@pytest.mark.parametrize(("text", "shown"), COMMANDS)
def test_no_line_commands_a_ci_runner(
    text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output.disarm(text) == shown == output.disarm(shown)
    output.say(text)
    output.complain(text)
    assert capsys.readouterr() == (f"{shown}\n", f"{shown}\n")


@pytest.mark.parametrize("text", [text for text, _ in COMMANDS])
def test_json_says_no_command_and_is_read_as_it_was_written(text: str) -> None:
    written = output.format_json({"a": [text]})
    assert json.loads(written) == {"a": [text]}
    assert output.disarm(written) == written


@given(st.text(st.sampled_from("#:[ \nab\t\u00a0")))
def test_any_text_is_disarmed_at_once(text: str) -> None:
    shown = output.disarm(text)
    assert not re.search(r"(?m)^\s*::|##\w*\[", shown)
    assert shown.replace("\\", "") == text
    json_text = output.format_json([text])
    assert not re.search(r"(?m)^\s*::|##\w*\[", json_text)
    assert json.loads(json_text) == [text]


@pytest.mark.parametrize("command", [["list"], ["show", "qa-1"], ["show", "qa-1@HEAD"],
                                     ["list", "--all-branches"], ["review", "HEAD~1"],
                                     ["list", "--json"], ["show", "qa-1", "--json"]])  # fmt: skip
def test_no_command_prints_what_a_card_tells_a_ci_runner(
    command: list[str], hostile: Project
) -> None:
    done = hostile.cardgen(*command)
    assert "forged" in done.out
    assert not re.search(r"(?m)^\s*::|##\w*\[", done.out + done.err)


def test_annotations_are_the_commands_that_are_meant(hostile: Project) -> None:
    done = hostile.cardgen("check", "--format", "github")
    meant = re.findall(r"(?m)^::(\w+) file=experiments/qa-1/card\.md,", done.out)
    assert meant
    assert set(meant) <= {"error", "warning", "notice"}
    assert len(re.findall(r"(?m)^\s*::|##\w*\[", done.out)) == len(meant)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose one card was committed last."""
    project = make_project(tmp_path_factory.mktemp("hostile"))
    project.git("add", "-A")
    project.git("commit", "-qm", "project")
    said = "::error::forged ##[error]forged"
    project.write(
        "experiments/qa-1/card.md",
        f'---\ncode: qa-1\nbaseline: qa-9\ntitle: "{said}"\ntags: ["{said}"]\n'
        f'params: {{"{said}": "{said}"}}\n---\n'
        f"\n## Goal\n\n{said}\n\n  ::warning::forged\n",
    )
    project.git("add", "-A")
    project.git("commit", "-qm", "card")
    return project
