"""A person's Markdown as a part of a page of ours: formatting stays, what reaches further does not.

Lists, tables, code, formulas and links to http, https, mailto and files stay. HTML is shown as
text and comments are left out; pictures stay where they lie in the card's folder; people and
issues are not called; headings stand below ours; and no fence stays open.

The text is read line by line and so that a doubt never makes code of what GitHub shows as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from cardgen.output import escape

_BREAK = "\u200b"
_LINE = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r"( *)(`{3,}|~{3,})(.*)")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*")
_HEADING = re.compile(
    r"\A((?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t]|\[\^[^\[\]\s]{1,99}\]:){0,99})#{1,2}(?=[ \t]|$)"
)
_DEFINITION = re.compile(r"( {0,3})\[(?!\^)[^\[\]\n]{1,999}\]:[ \t]*(.*)")
_TARGET = re.compile(
    r"\([ \t]{0,9}(<(?![A-Za-z/!?])[^<>`\\]*>|<https?://[^\s<>`\\]*>|[^\s<>`\\()]*)"
    r"(?:[ \t]{1,9}\"[^\"`\\<]*\")?[ \t]{0,9}\)"
)
_IMAGE = re.compile(r"!\[([^\[\]`\\<!]*)\]")
_TOKEN = re.compile(
    r"(?P<escaped>\\[!-/:-@\[-`{-~])|(?P<ticks>`+)|(?P<image>!\[)|(?P<target>\]\()|(?P<comment><!--)"
    r"|<(?P<auto>https?://[^\s<>`|\\\[\]]+)>|<(?P<mail>[\w.+-]{1,64}@[\w.-]{1,255})>"
    r"|(?P<tag><(?=[A-Za-z/!?]))|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z0-9]{1,32});)"
    r"|(?P<url>(?<![A-Za-z0-9])https?://[A-Za-z0-9][^\s<>`|\\\[\]]*)"
)
_REFERENCE = re.compile(
    r"(?<=[@#])(?=[\w\"'./-])|(?<=[!&$])(?=\d)|(?<=%)(?=[\w\"])|(?<=(?<!~)~)(?=[\w\"])"
    r"|(?<=[Gg][Hh])(?=-\d)|(?<=\[)(?=\w{1,40}:\d|\[|TOC\])|(?<=(?<!:):)(?=//)|(?<=[Ww]{3})(?=\.)"
)
_CALLS = frozenset("@#!%~&$/:[")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

Keep = Callable[[str], bool]


def _keep_none(path: str) -> bool:
    return False


def clean_prose(markdown: str, keep_image: Keep = _keep_none) -> str:
    """The text, safe below a heading of level 2; ``keep_image`` says whether a file is a picture.

    It is asked for paths that lie in the folder of the text only.
    """
    return "\n".join(_Cleaner(keep_image).clean(_LINE.split(markdown))).strip("\n")


class _Cleaner:
    """Follows fences and comments from line to line."""

    def __init__(self, keep_image: Keep) -> None:
        self.keep_image = keep_image
        self.fence = ""
        self.indent = 0
        self.commented = False
        self.above = ""

    def clean(self, lines: list[str]) -> Iterator[str]:
        for raw in lines:
            line = "\t".join(map(escape, raw.split("\t")))
            if self.fence:
                yield from self._follow(line)
            else:
                yield from self._read(line)
            self.above = line
        if self.fence:
            yield self._close()

    def _follow(self, line: str) -> Iterator[str]:
        """A line below an open fence; one that stands further left may have ended its list."""
        if line.strip() and len(line) - len(line.lstrip(" ")) < self.indent:
            yield self._close()
            yield from self._read(line)
            return
        match = _FENCE.fullmatch(line)
        ends = match and match[2].startswith(self.fence) and not match[3].strip()
        yield self._close() if ends else line

    def _close(self) -> str:
        fence, self.fence = self.fence, ""
        return " " * self.indent + fence

    def _read(self, line: str) -> Iterator[str]:
        """A line that is no code, or opens a fence."""
        match = None if self.commented else _FENCE.fullmatch(line)
        if match and self._opens(match):
            self.fence, self.indent = match[2], len(match[1])
            yield line
            return
        if _UNDERLINE.fullmatch(line) and self.above.strip() and not self.commented:
            # Below a line of text it would make a heading of that.
            yield from ("", line) if "-" in line else (line.replace("=", "\\=", 1),)
            return
        was_commented = self.commented
        cleaned = self._clean_line(_HEADING.sub(r"\1###", line, count=1))
        if cleaned.strip(f" \t{_BREAK}") or not (was_commented or self.commented or line.strip()):
            yield cleaned

    def _opens(self, match: re.Match[str]) -> bool:
        if match[2][0] == "`" and "`" in match[3]:
            return False
        return len(match[1]) < 4 or not self.above.strip()

    def _clean_line(self, line: str) -> str:
        if self.commented:
            _, end, line = line.partition("-->")
            self.commented = not end
            line = _BREAK + line if line.strip() else ""
        definition = _DEFINITION.fullmatch(line)
        if definition:
            target = _TARGET.fullmatch(f"({definition[2].rstrip()})")
            if target and is_safe_target(target[1]):
                return line
            line = f"{definition[1]}\\{line[len(definition[1]) :]}"
        return "".join(self._clean_tokens(line))

    def _clean_tokens(self, line: str) -> Iterator[str]:
        at = 0
        # A reader of tables cuts a line at its bars first, code or not.
        in_table = "|" in line
        while match := _TOKEN.search(line, at):
            before = _part(line[at : match.start()])
            # What stands for the token must not be escaped.
            yield before + _BREAK if before.endswith("\\") else before
            done, at = self._take(line, match, in_table)
            yield done
            if self.commented:
                return
        yield _part(line[at:])

    def _take(self, line: str, match: re.Match[str], in_table: bool) -> tuple[str, int]:
        """What stands for a token, and where to go on."""
        kind, end = match.lastgroup, match.end()
        if kind == "ticks":
            return _take_code(line, match[0], end, in_table)
        if kind == "image":
            return self._take_image(line, match.start())
        if kind == "target":
            return _take_target(line, end - 1)
        if kind == "comment":
            return self._take_comment(line, end)
        if kind == "url":
            return _take_url(line, match)
        return _change_token(match), end

    def _take_comment(self, line: str, end: int) -> tuple[str, int]:
        close = line.find("-->", end)
        self.commented = close < 0
        return _BREAK, close + 3  # what follows begins no block

    def _take_image(self, line: str, start: int) -> tuple[str, int]:
        image = _IMAGE.match(line, start)
        target = _TARGET.match(line, image.end()) if image else None
        if image is None or target is None:
            return f"!{_BREAK}", start + 1
        alt, path = _part(image[1]), target[1].strip("<>")
        if lies_inside(path) and self.keep_image(path):
            return f"![{alt}]({target[1]})", target.end()
        if path.startswith(("http://", "https://")) and is_safe_target(path):
            return f"[{alt or 'image'}]({target[1]})", target.end()
        return _BREAK + alt, target.end()  # it begins no block


def _change_token(match: re.Match[str]) -> str:
    """What stands for a token that is looked at alone."""
    kind, text = match.lastgroup, match[0]
    if kind == "escaped":
        return text + (_BREAK if text[1] in _CALLS else "")
    if kind == "auto":
        return _link(match["auto"])
    if kind == "mail":
        return f"[{_part(match['mail'])}](mailto:{match['mail']})"
    if kind == "entity":
        return f"&amp;{text[1:]}" if html.unescape(text) in _CALLS else text
    return f"<{_BREAK}"  # of a tag


def _link(url: str) -> str:
    return f"[{_part(url)}](<{url}>)"


def _take_url(line: str, match: re.Match[str]) -> tuple[str, int]:
    """An address in the text: readers differ on where it ends, so most become links by hand."""
    url, end = match[0], match.end()
    if line[end : end + 1] in ("", " ", "\t") and not _CALLS & set(url[8:]):
        return url, end
    url = url.rstrip(".,;:!?)'\"*_~&")
    return _link(url), match.start() + len(url)


def _take_code(line: str, ticks: str, end: int, in_table: bool) -> tuple[str, int]:
    """A code span that ends on its line; other backticks are made to open none."""
    close = _find_ticks(line, ticks, end)
    if close < 0 or len(ticks) > 16:
        return "\\`" * len(ticks), end
    code = line[end:close]
    if in_table:
        code = re.sub(r"<(?=[A-Za-z/!?])", f"<{_BREAK}", _part(code)).replace("![", f"!{_BREAK}[")
        code = code.replace("](", f"]{_BREAK}(")
    return f"{ticks}{code}{ticks}", close + len(ticks)


def _find_ticks(line: str, ticks: str, start: int) -> int:
    """Where the next row of just as many backticks begins; -1 where there is none."""
    for match in re.finditer("`+", line[start:]):
        if len(match[0]) == len(ticks):
            return start + match.start()
    return -1


def _take_target(line: str, at: int) -> tuple[str, int]:
    """What stands behind a link's text, from the bracket that closes it."""
    target = _TARGET.match(line, at)
    if target is None or not is_safe_target(target[1]):
        return "]\\(", at + 1
    return f"]{target[0]}", target.end()


def is_safe_target(target: str) -> bool:
    """Whether a link leads to http, https or mailto, or to a file beside the text."""
    address = html.unescape(target.strip("<>"))
    if any(ord(character) < 32 for character in address) or address.startswith("//"):
        return False
    if _SCHEME.match(address):
        return address.casefold().startswith(("http://", "https://", "mailto:"))
    # Where no link was open, it is text, in which somebody may be called.
    return ":" not in address.partition("/")[0] and _part(address) == address


def lies_inside(path: str) -> bool:
    """Whether a picture's path can be one of the text's own folder."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and ":" not in path


def _part(text: str) -> str:
    """Text outside of code, in which nobody is called."""
    return _REFERENCE.sub(_BREAK, text)
