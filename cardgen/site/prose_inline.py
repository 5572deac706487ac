"""Python-Markdown's inline patterns, each tried only on texts that hold what it needs.

Of some twenty patterns nearly every one is tried in vain on each paragraph, which was a third of
what converting costs. A pattern that needs a bracket cannot match where there is none: looking
for that character first gives the same HTML.
"""

from __future__ import annotations

from typing import Any

from markdown import Markdown  # type: ignore[import-untyped]
from markdown.inlinepatterns import InlineProcessor  # type: ignore[import-untyped]
from markdown.treeprocessors import InlineProcessor as InlineTree  # type: ignore[import-untyped]
from markdown.util import AtomicString  # type: ignore[import-untyped]

NEEDED = {
    "backtick": "`",
    "escape": "\\",
    "footnote": "[",
    "reference": "[",
    "link": "[",
    "image_link": "[",
    "image_reference": "[",
    "short_reference": "[",
    "short_image_ref": "[",
    "autolink": "<",
    "automail": "<",
    "linebreak": "  ",
    "html": "<",
    "entity": "&",
}
"""What stands in any match of a pattern, by its name; others are always tried."""

_APPLY = "_InlineProcessor__applyPattern"
_HANDLE = "_InlineProcessor__handleInline"


def quicken(markdown: Markdown) -> None:
    """Look before patterns are tried; a version that works otherwise is left as it is."""
    tree = markdown.treeprocessors["inline"]
    if type(tree) is not InlineTree or not (hasattr(tree, _APPLY) and hasattr(tree, _HANDLE)):
        return
    registry = markdown.inlinePatterns
    patterns = list(registry)
    needed = [_find_needed(registry, pattern) for pattern in patterns]
    apply, usual = getattr(tree, _APPLY), getattr(tree, _HANDLE)

    def handle(data: Any, index: int = 0) -> Any:
        if isinstance(data, AtomicString):
            return data
        if len(registry) != len(patterns):  # an extension adds some while it converts
            return usual(data, index)
        start = 0
        while index < len(patterns):
            if needed[index] not in data:
                index, start = index + 1, 0
                continue
            data, matched, start = apply(patterns[index], data, index, start)
            if not matched:
                index += 1
        return data

    setattr(tree, _HANDLE, handle)


def _find_needed(registry: Any, pattern: Any) -> str:
    """Empty, which any text holds, where the pattern is none that is known."""
    for name, needed in NEEDED.items():
        if name in registry and registry[name] is pattern and isinstance(pattern, InlineProcessor):
            source = pattern.pattern
            return needed if _says(source, needed) else ""
    return ""


def _says(source: str, needed: str) -> bool:
    """Whether a pattern's source names the text at all: another extension may have replaced it."""
    return needed in source.replace("\\\\", "\\")
