"""Data as Markdown that shows it and nothing else: no HTML, link, image, mention or table.

What is made here is read by GitHub and GitLab, in files and in comments. Both look for people,
issues and addresses in the text that is shown, so a backslash does not stop them: a space of no
width does. In code they look for nothing, and a command can be copied from there as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cardgen.output import escape

_BREAK = "\u200b"
"""A space of no width: it parts ``@`` from a name, ``#`` from a number, a scheme from slashes."""

_LONGEST_FENCE = 16  # GitHub's reader gives up on spans between long rows of backticks

_REFERENCE = re.compile(
    r"(?<=[@#!%~&*])(?=[\w\"'\[/*.-])|(?<=\$)(?=\S|$)|(?=\$)|(?<=[Gg][Hh])(?=-\d)|(?<=\[)(?=[\w\[])"
)
_EMOJI = re.compile(r"(?<=:)(?=[\w+-]{1,100}:)")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=[Ww]{3})(?=\.)", re.ASCII)
_SPECIAL = re.compile(
    r"[`*\[\]~$]|(?<![^\W_])_|_(?![^\W_])|(?<!\\)\||>|\\(?![0-9A-Za-z \x80-\U0010ffff])"
)
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"))
# What the log of a continuous integration would obey, code or not.
_COMMAND = re.compile(r"(?<=##)(?=\[|vso\[)|(?<=\A:)(?=:)|(?<=\s:)(?=:)")
_START = re.compile(
    r"[-+](?=\s|$)|-(?=-)|:(?=[-:])|=|#{1,6}(?=\s|$)|/(?=\w)|(?P<number>\d{1,9})(?=[.)](?:\s|$))"
)


def quote_text(text: str) -> str:
    """Data on one line of Markdown, which shows it as it is."""
    safe = part_references(escape(text).strip())
    for character, entity in _ENTITIES:
        safe = safe.replace(character, entity)
    safe = _SPECIAL.sub(lambda match: f"\\{match[0]}", safe).replace("\\\\|", "\\\\&#124;")
    start = _START.match(safe)
    if start is None:
        return safe
    cut = start.end() if start["number"] else 0
    return f"{safe[:cut]}\\{safe[cut:]}"


def part_references(text: str) -> str:
    """Text in which a reader of Markdown finds no person, issue, label, emoji or address."""
    return _ADDRESS.sub(_BREAK, _EMOJI.sub(_BREAK, _REFERENCE.sub(_BREAK, text)))


def quote_span(text: str) -> str:
    """Data as a code span on one line; the empty text for none."""
    shown = _COMMAND.sub(_BREAK, escape(text))
    shown = shown.replace("\\|", f"\\{_BREAK}|")  # no table can hold the two in a span
    if not shown.strip():
        return ""
    taken = {len(run) for run in re.findall("`+", shown)}
    length = next(n for n in range(1, len(taken) + 2) if n not in taken)
    if length > _LONGEST_FENCE:
        return quote_text(text)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    fence = "`" * length
    return f"{fence}{pad}{shown}{pad}{fence}"


def quote_block(text: str, kind: str = "text") -> str:
    """Lines of data as a fenced code block; line ends and tabs stay, other control characters are
    shown."""
    lines = re.split(r"\r\n|\r|\n", text)
    escaped = ("\t".join(map(escape, line.split("\t"))) for line in lines)
    shown = "\n".join(_COMMAND.sub(_BREAK, line) for line in escaped)
    longest = max((len(run) for run in re.findall(r"^\s*(`{3,})", shown, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{kind}\n{shown}\n{fence}"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def make_row(cells: Iterable[str]) -> str:
    """A row of a table, its cells no wider than what is in them: for tables of thousands."""
    return f"|{'|'.join(_cell(text) or ' ' for text in cells)}|"


def make_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()
) -> str:
    """A table of cells that are Markdown already; a ``|`` in them is escaped here.

    ``numbers`` are the columns, counted from 0, whose cells stand on the right.
    """
    import tabulate  # noqa: PLC0415  # heavy, and not needed by every command

    right = frozenset(numbers)
    return tabulate.tabulate(
        [[_cell(text) for text in row] for row in rows],
        [_cell(text) for text in headers],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right" if n in right else "left" for n in range(len(headers))],
    )
