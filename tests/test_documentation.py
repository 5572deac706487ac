"""The guide, ``--help`` and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cardgen.cli import cli
from cardgen.config import Settings
from cardgen.models import FrontMatter
from cardgen.rules import load_rules
from cardgen.trackers import find_trackers

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "site" / "docs" / "guide"


def read(name: str) -> str:
    return (GUIDE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_each_command_and_option_is_in_the_guide(name: str) -> None:
    part = read("commands.md").split(f"## `cardgen {name}`", 1)
    assert len(part) == 2, f"no section on {name}"
    text = part[1].split("\n## ", 1)[0]
    for param in cli.commands[name].params:
        if isinstance(param, click.Option):
            assert any(f"`{opt}" in text for opt in param.opts), f"{name} {param.opts}"


def test_the_guide_has_no_command_that_is_not() -> None:
    assert set(re.findall(r"^## `cardgen (\w+)`", read("commands.md"), re.M)) == set(cli.commands)


def test_each_rule_is_in_the_guide_with_its_severity() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.+) \|$", read("checks.md"), re.M)
    expected = [(r.name, r.severity, r.description) for _, r in sorted(load_rules().items())]
    assert rows == expected


def test_each_setting_is_in_the_guide() -> None:
    table = read("settings.md").split("```yaml")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(Settings.model_fields)


def test_each_key_of_a_card_is_in_the_guide() -> None:
    table = read("card.md").split("## Front matter")[1].split("```yaml")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(FrontMatter.model_fields)


@pytest.mark.parametrize("name", find_trackers())
def test_each_tracker_has_a_page_in_the_navigation(name: str) -> None:
    assert (ROOT / "site" / "docs" / "trackers" / f"{name}.md").is_file()
    assert f"trackers/{name}.md" in (ROOT / "site" / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_of_the_top_level_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / target).exists(), target
