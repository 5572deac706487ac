"""The files of a new project and of a new card, from the templates beside this module."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from cardgen.config import CONFIG_NAME
from cardgen.documents import format_suggestion
from cardgen.languages import SECTIONS, heading, load_hints
from cardgen.scaffold.quoting import quote_text
from cardgen.yamledit import format_value


@dataclass(frozen=True)
class NewFile:
    """A file of a new project; ``path`` is relative to its root."""

    path: str
    text: str


@dataclass(frozen=True)
class NewCard:
    """What ``new`` was told about a card, or ``import`` found.

    ``goal`` is the description of the run that ``suggested_by`` names, a stranger's text; where
    that is empty, a person wrote it.
    """

    code: str
    title: str = ""
    baseline: str = ""
    tags: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    goal: str = ""
    suggested_by: str = ""


def make_project(root: Path, language: str, schemas: dict[str, str]) -> tuple[NewFile, ...]:
    """The files that ``cardgen init`` lays out, whether or not they are there already."""
    hints = load_hints(language)
    attributes = _fill("gitattributes")
    has_own = _has_other(root / ".gitattributes", attributes)
    return (
        NewFile(CONFIG_NAME, _fill("cardgen.yaml", title=hints["title"], lang=language)),
        NewFile("experiments/.gitignore", _fill("experiments.gitignore")),
        NewFile(
            "experiments/.gitattributes" if has_own else ".gitattributes",
            attributes.replace("experiments/**/", "") if has_own else attributes,
        ),
        *(NewFile(f"schema/{name}", text) for name, text in sorted(schemas.items())),
        NewFile("site/mkdocs.yml", _fill("mkdocs.yml", title=hints["title"], lang=language)),
        NewFile(
            "site/docs/index.md",
            _fill("index.md", home=hints["home"], title=hints["title"], intro=hints["index"]),
        ),
        NewFile(".gitignore", _fill("gitignore")),
    )


def _has_other(path: Path, text: str) -> bool:
    """Whether a file is there that lacks the last line of ``text``."""
    if not path.exists():
        return False
    return text.splitlines()[-1] not in path.read_text("utf-8", "replace").splitlines()


def make_card(card: NewCard, language: str, today: dt.date, schema: str) -> str:
    """The text of a new card; ``schema`` is the path of the card's schema from its folder."""
    hints = load_hints(language)
    optional = [
        f"{key}: {format_value(value)}\n"
        for key, value in (("title", card.title), ("baseline", card.baseline))
        if value
    ]
    if not card.runs:
        # Runs say themselves when they started and how they ended.
        optional += ["status: planned\n", f"date: {today.isoformat()}\n"]
    texts = {key: f"<!-- {hints[key]} -->\n" for key in SECTIONS}
    goal = quote_text(card.goal)
    if goal:
        mark = format_suggestion(card.suggested_by, hints["suggested"])
        texts["goal"] = f"{mark}\n\n{goal}\n" if card.suggested_by else f"{goal}\n"
    sections = "\n".join(f"## {heading(key, language)}\n\n{text}" for key, text in texts.items())
    return _fill(
        "card.md",
        schema=schema,
        code=format_value(card.code) if not card.code.isdigit() else f'"{card.code}"',
        optional="".join(optional),
        tags=format_value(list(card.tags)),
        runs=_list(card.runs),
        sections=sections,
    )


def _list(items: tuple[str, ...]) -> str:
    return "".join(f"\n  - {format_value(item)}" for item in items) or " []"


def _fill(name: str, **values: str) -> str:
    text = (files(__package__) / f"{name}.template").read_text(encoding="utf-8")
    return Template(text).substitute(values) if values else text
