"""What search reads of a page: its article without the chrome, and little of its numbers. Pure.

Of tables only the words are read, each once: half of a card's words are numbers. Labels of
cardgen's own lists are left out, since a word that every card has finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from html import escape

_LANGUAGE = re.compile(r'<html lang="([^"]*)"')
_TONGUE = re.compile(r'<meta name="cardgen-language" content="([a-z]+)">')
_FACT = re.compile(r"<meta data-pagefind[^>]*>")
_TEXT = re.compile(r">[^<]+")
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_NEVER = (("<script", "</script>"), ("<svg", "</svg>"), ('<a class="headerlink"', "</a>"))
_CAPTIONS = (
    ('<p class="cg-caption">', "</p>"),
    ('<details class="cg-fold"><summary>', "</summary>"),
)
_TAG = re.compile(r"<[^>]*>")
_NAME = re.compile(r"(?<!\S)[^\W\d][\w./:@+=-]{1,79}(?![^\s,;.)\]])")
_HASH = re.compile(r"[0-9a-f-]{7,}")
_ATTRIBUTES = re.compile(r'(<\w+)(?: (?:title|style|class|data-origin|data-value)="[^"]*")+')
_APOSTROPHE = re.compile(r"(?<=\w)[\u2019\u02bc](?=\w)")
_SIGN = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_LIGHT = "0.2"  # how much a word of a table counts against one of the text


def name_text(path: str) -> str:
    """The file that holds what search reads of a page: in one folder, since folders are dear."""
    return f"{blake2b(path.encode(), digest_size=12).hexdigest()}.html"


def extract_text(html: str, path: str, *, split: bool = True) -> str | None:
    """What search reads of a page, as a page; None of a page that it does not read.

    A card may be in another language than the site: ``cardgen-language`` says in which. Chinese
    and Japanese write no spaces between words: where Pagefind tells none apart (``split``), each
    sign becomes a word of its own, and ``assets/js/search_index.js`` asks for them in a row.
    """
    marked = html.find(" data-pagefind-body")
    start, end = html.rfind("<article", 0, max(marked, 0)), html.rfind("</article>")
    if not 0 <= start < end:
        return None
    found = _LANGUAGE.search(html, 0, 4096)
    tongue = _TONGUE.search(html, 0, start) or found
    language = tongue[1] if tongue is not None else ""
    article = _set_apart(_slim(html[start:end]), split and language.startswith(("zh", "ja")))
    address = escape("/" + path.removesuffix("index.html"))
    facts = f'<meta data-pagefind-meta="url[content]" content="{address}">'
    facts += "".join(_FACT.findall(html, 0, start))
    opening = f'<html lang="{language}">' if tongue is not None else "<html>"
    return f"<!doctype html>{opening}<head>{facts}</head><body>{article}</article></body></html>"


def _slim(article: str) -> str:
    """An article without what search leaves out anyway: four fifths of a card's page."""
    for start, end in _NEVER:
        article = _replace(article, start, end, _drop)
    if " data-cardgen" in article[: article.find(">")]:
        article = article.replace("<wbr>", "")
        for start, end in _CAPTIONS:
            article = _replace(article, start, end, _drop)
        article = _replace(article, '<dl class="cg-', "</dl>", _drop_labels)
        seen: set[str] = set()
        article = _replace(article, "<table", "</table>", lambda table: _read_table(table, seen))
    return _ATTRIBUTES.sub(r"\1", article)


def _replace(text: str, start: str, end: str, make: Callable[[str], str]) -> str:
    """A text with each piece from ``start`` to ``end`` made anew, faster than by patterns."""
    pieces, done = [], 0
    while (at := text.find(start, done)) >= 0 and (stop := text.find(end, at)) >= 0:
        stop += len(end)
        pieces += [text[done:at], make(text[at:stop])]
        done = stop
    return "".join([*pieces, text[done:]]) if done else text


def _drop(_: str) -> str:
    return ""


def _drop_labels(own_list: str) -> str:
    return _replace(own_list, "<dt>", "</dt>", _drop)


def _read_table(table: str, seen: set[str]) -> str:
    """The names and words of a table that were not seen before, no numbers and no hashes."""
    opening = table[: table.find(">")]
    if "data-cardgen-search" in opening:
        return table
    if "cg-params" in opening:  # its head is of labels; that of results of names
        table = table[table.find("</thead>") :]
    words = dict.fromkeys(_NAME.findall(_TAG.sub(" ", table)))
    new = [word for word in words if word not in seen and not _HASH.fullmatch(word)]
    seen.update(new)
    if not new:
        return ""
    return f'<p data-pagefind-weight="{_LIGHT}">{" ".join(new)}</p>'


def _set_apart(article: str, split: bool) -> str:
    """Words that Pagefind would take for one: d\u2019apprentissage, and what has no spaces."""
    if "\u2019" in article or "\u02bc" in article:
        article = _TEXT.sub(lambda text: _APOSTROPHE.sub("'", text[0]), article)
    if split:
        article = _TEXT.sub(lambda text: _SIGN.sub(r" \g<0> ", text[0]), article)
    return article
