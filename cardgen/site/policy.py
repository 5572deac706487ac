"""The Content-Security-Policy that stands first in the head of every page.

A page's inline scripts run only where their hash is listed. The list holds the scripts of the
theme's own templates as installed (and of the user's overrides of them), read from the template
files: nothing that a built page contains can add itself to it. Of the list, those are named
that the sentinel, a page without any content, contains: the rest are of features not in use,
and the policy must leave ``<meta charset>`` within a page's first 1024 bytes.

The theme writes a page's depth into some of its scripts (``new URL("..",location)``), so a hash
holds for one depth; ``base`` is that address.
"""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path

# The only expressions that the theme's scripts contain: both are the address of the site's root.
_SCOPE = re.compile(r"\{\{\s*config\.extra\.scope\s*\|\s*d\(base_url(?:, true)?\)\s*\}\}")
_BASE = re.compile(r"\{\{\s*base_url\s*\}\}")
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_RULES = (
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'{scripts}",  # Pagefind's search is WebAssembly
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "media-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
    "frame-src 'none'",
)


def find_scripts(templates: Sequence[Path]) -> tuple[str, ...]:
    """The inline scripts of the templates, with ``{{ base_url }}`` where the address goes.

    ``templates`` are the theme's folders; a file of an earlier one hides that of a later one.
    Scripts that are put together from anything else are none of a fixed text, and left out.
    """
    found: dict[Path, Path] = {}
    for folder in templates:
        for path in _find_templates(folder):
            found.setdefault(path.relative_to(folder), path)
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in found.values())
    scripts = (script for text in texts for script in _SCRIPT.findall(text))
    return tuple(dict.fromkeys(s for s in scripts if not _has_code(_SCOPE.sub("", s))))


def _find_templates(folder: Path) -> Iterator[Path]:
    """The templates of a theme; its thousands of icons lie in a hidden folder."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(where, name) for name in sorted(names) if name.endswith(".html"))


def _has_code(script: str) -> bool:
    rest = _BASE.sub("", script)
    return "{{" in rest or "{%" in rest or "{#" in rest


def fill_script(script: str, base: str, scope: str | None = None) -> str:
    """A script's text as it stands in a page; ``scope`` is ``extra.scope`` of ``mkdocs.yml``."""
    return _BASE.sub(lambda _: base, _SCOPE.sub(lambda _: base if scope is None else scope, script))


def choose_scripts(
    scripts: Iterable[str], sentinel: str, base: str, scope: str | None = None
) -> tuple[str, ...]:
    """Those of the fixed list that a page without content has, the sentinel at ``base``."""
    tags = ((script, f"<script>{fill_script(script, base, scope)}</script>") for script in scripts)
    return tuple(script for script, tag in tags if tag in sentinel)


def format_policy(scripts: Iterable[str], base: str, scope: str | None = None) -> str:
    """The ``meta`` element that lets these scripts run on a page at ``base``."""
    hashes = (sha256(fill_script(s, base, scope).encode()).digest() for s in scripts)
    listed = "".join(f" 'sha256-{b64encode(digest).decode()}'" for digest in hashes)
    content = ";".join(_RULES).format(scripts=listed)
    return f'<meta http-equiv="Content-Security-Policy" content="{escape(content, quote=False)}">'


# The theme's own beginning of a page. Any other is not searched for a head: an attribute may
# hold the text "<head>". A meta element right after the doctype opens the head by itself.
_THEME = re.compile(r'\s*<!doctype html>\s*<html lang="[\w-]*" class="no-js">\s*<head>', re.I)
_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.I)


def is_theme_page(html: str) -> bool:
    """Whether a page begins as the theme's do; others are files that were copied as they are."""
    return _THEME.match(html) is not None


def insert_policy(html: str, policy: str) -> str:
    """A page with the policy as the first element of its head, which need not be written out."""
    found = _THEME.match(html) or _DOCTYPE.match(html)
    at = found.end() if found else 0
    return html[:at] + policy + html[at:]
