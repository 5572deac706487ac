"""Patterns that are not tried where they cannot match: the HTML is the same as Markdown's own."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown  # type: ignore[import-untyped]

from cardgen.site.prose import EXTENSIONS
from cardgen.site.prose_html import SAFE_EXTENSIONS, select_extensions
from cardgen.site.prose_inline import NEEDED, quicken

ALL: Mapping[str, Mapping[str, Any]] = {name: {} for name in sorted(SAFE_EXTENSIONS)}
PIECES = (
    "word", "two words", " ", "  \n", "\n", "\n\n", "`", "``", "`a`", "\\", "\\*", "*", "**", "_",
    "[", "]", "(", ")", "![", "[^1]", "[^1]: note\n", "[a](b.md)", "[a]: b.md\n", "![i](i.png)",
    "<", ">", "<b>", "</b>", "<https://a.example>", "<a@b.example>", "<!-- c -->", "&", "&amp;",
    "&#42;", "$", "$x$", "\\(x\\)", "~~", "==", "^", "++a++", ":", "- ", "- [ ] ", "| a | b |\n",
    "|---|---|\n", "# ", "> ", "    ", "!!! note\n    ", "https://c.example", "(c)", "--", "...",
    "{: .x }", "*[HTML]: it\n", "HTML", "\x02", "\x03", "klzzwxh:0001", "#!py x",
)  # fmt: skip


def make(extensions: Mapping[str, Mapping[str, Any]]) -> tuple[Markdown, Markdown]:
    chosen = select_extensions(extensions)
    usual, quick = (Markdown(extensions=list(chosen), extension_configs=chosen) for _ in range(2))
    quicken(quick)
    return usual, quick


PAIRS = [make(EXTENSIONS), make(ALL), make({})]


def same(text: str) -> None:
    for usual, quick in PAIRS:
        assert quick.reset().convert(text) == usual.reset().convert(text)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_gives_the_same(text: str) -> None:
    same(text)


def test_all_pairs_of_pieces_give_the_same() -> None:
    for step in range(1, len(PIECES)):
        same("\n\n".join(a + b for a, b in pairwise(PIECES[::step])))
        same("a " + "b ".join(PIECES[step:] + PIECES[:step]))


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[2].glob("experiments/*/card.md")), ids=str
)
def test_cards_give_the_same(path: Path) -> None:
    same(path.read_text("utf-8"))


@pytest.mark.parametrize("extensions", [EXTENSIONS, ALL, {}])
def test_what_a_pattern_needs_stands_in_its_source(
    extensions: Mapping[str, Mapping[str, Any]],
) -> None:
    _, quick = make(extensions)
    found = [name for name in NEEDED if name in quick.inlinePatterns]
    assert len(found) >= len(NEEDED) - 1
    for name in found:
        assert quick.inlinePatterns[name].getCompiledRegExp().search("plain words\nonly") is None
    assert "_InlineProcessor__handleInline" in vars(quick.treeprocessors["inline"])
