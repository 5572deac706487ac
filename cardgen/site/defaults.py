"""The ``mkdocs.yml`` and home page of a site that has none: those that a new project gets."""

from __future__ import annotations

import json
from importlib.resources import files
from string import Template

MARKER = "<!-- cardgen:cards -->"
"""The line of a hand-written page at which the list of all cards stands."""


def format_config(title: str, language: str) -> str:
    """The text of ``mkdocs.yml``; the title is quoted so that any text is fine."""
    return _read("mkdocs.yml").substitute(
        title=json.dumps(title, ensure_ascii=False), lang=language
    )


def format_index(title: str, intro: str = "") -> str:
    """The text of a home page: a heading, an introduction, and the list of all cards."""
    home = json.dumps(title, ensure_ascii=False)
    return _read("index.md").substitute(home=home, title=title, intro=intro)


def _read(name: str) -> Template:
    path = files("cardgen.scaffold") / f"{name}.template"
    return Template(path.read_text(encoding="utf-8"))
