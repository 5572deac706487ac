"""What every digest is made from, and the pages that digests have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from cardgen.site.context import RenderContext
from cardgen.site.digests.tabs import render_tabs
from cardgen.site.index import Entry
from cardgen.site.page import Heading, Page
from cardgen.site.templating import template
from cardgen.site.theme import way_to_root
from cardgen.store import natural_key

T = TypeVar("T")

_MOST_CODES = 200


@dataclass(frozen=True)
class Survey:
    """All cards in brief by code, and the excerpts of their prose, read when asked for."""

    context: RenderContext
    entries: Mapping[str, Entry]
    excerpts: Mapping[str, Mapping[str, str]]

    @property
    def labels(self) -> Mapping[str, str]:
        return self.context.labels

    @cached_property
    def oldest(self) -> tuple[Entry, ...]:
        """By date, then by code; those without a date first."""
        found = self.entries.values()
        return tuple(sorted(found, key=lambda one: (one.date, natural_key(one.code))))

    @cached_property
    def newest(self) -> tuple[Entry, ...]:
        """The other way round."""
        return self.oldest[::-1]


@dataclass(frozen=True)
class Pager:
    """Where a page stands among those that a long digest is spread over; from 1 to ``count``."""

    number: int
    count: int
    base: str

    @property
    def previous(self) -> str:
        return self.link(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        return self.link(self.number + 1) if self.number < self.count else ""

    @property
    def home(self) -> str:
        """The way from this page to the first."""
        return "./" if self.number == 1 else "../" * (1 + self.base.count("/"))

    def link(self, number: int) -> str:
        return self.home if number == 1 else f"{self.home}{self.base}{number}/"

    @property
    def path(self) -> str:
        """This page's address below the first."""
        return "" if self.number == 1 else f"{self.base}{self.number}/"


def split(things: Sequence[T], size: int, base: str = "") -> Iterator[tuple[Pager, Sequence[T]]]:
    """Things in pages of at most ``size``; one page where there are none."""
    count = max(1, -(-len(things) // size))
    for number in range(1, count + 1):
        yield Pager(number, count, base), things[(number - 1) * size : number * size]


@dataclass(frozen=True)
class Outline:
    """A digest's page but for its body: ``path`` is its address below ``kind``/."""

    kind: str
    template: str
    title: str
    path: str = ""
    description: str = ""
    contents: tuple[Heading, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


def make_page(survey: Survey, outline: Outline, values: Mapping[str, Any]) -> Page:
    """A digest's page, from the template ``digest_<template>`` and its values."""
    path, context = f"{outline.kind}/{outline.path}", survey.context
    root = way_to_root(path)
    body = template(f"digest_{outline.template}").render(
        title=outline.title,
        labels=context.labels,
        tabs=render_tabs(outline.kind, context, root),
        root=root,
        cards=f"{root}{context.cards_path}",
        **values,
    )
    return Page(
        path=path,
        title=outline.title,
        description=outline.description or outline.title,
        body=body,
        contents=outline.contents,
        language=context.language,
        data=dict(outline.data),
        searched=False,
    )


@dataclass(frozen=True)
class Mention:
    """Codes that are only named, and how many more there are."""

    said: str
    codes: tuple[str, ...]
    more: int


def mention(said: str, codes: Sequence[str]) -> Mention | None:
    """None where there are no codes."""
    if not codes:
        return None
    return Mention(said, tuple(codes[:_MOST_CODES]), max(0, len(codes) - _MOST_CODES))
