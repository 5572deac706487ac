"""Data as Markdown, read as GitHub reads it: by its own reader, and by what it looks for."""

# ruff: noqa: E501

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from cardgen.markdown import make_table, quote_block, quote_span, quote_text
from cardgen.output import escape
from cardgen.readme.prose import clean_prose
from tests.hostile import HOSTILE as OF_ALL_OUTPUT

SEEN = {"p", "code", "pre", "table", "thead", "tbody", "tr", "td", "th"}

# What GitHub and GitLab make links and pictures of in the text that is shown.
REFERENCES = re.compile(
    r"(?<![\w`/])@[A-Za-z0-9_.]|#\d|\b[Gg][Hh]-\d|(?<!\w)[!&%~$]\d|(?<!\w)[~%]\w|:[\w+-]+:"
    r"|\[\w+:\d+\]|\[\[|\[TOC\]|://|(?i:www)\.|(?<!\u200b)\$\S|\$[^\s\u200b]"
)

HOSTILE = (
    "<script>alert(1)</script>", "<!-- gone", "--> back", "<img src=x onerror=alert(1)>",
    "[a](http://x.y)", "![a](http://x.y/a.png)", "[a]: http://x.y", "[^1]", "[^1]: note",
    "https://evil.example/a", "HTTP://x.y", "ftp://x.y", "www.evil.example", "WWW.evil.example",
    "mallory@evil.example", "mailto:mallory@evil.example", "xmpp:a@b.c", "@ann", "@org/team",
    "(@ann)", "@all", "cc @ann, @bob", "#1", "GH-1", "gh-1", "owner/repo#1", "owner/repo!1", "!1",
    "~label", '~"a label"', "%milestone", '%"a b"', "$1", "&1", "&lt;b&gt;", "&#64;ann", "&amp;",
    "[vulnerability:1]", "[[wiki]]", "[[_TOC_]]", "[TOC]", ":smile:", ":+1:", "/close", "/assign @a",
    "a|b", "a\\|b", "\\\\|", "|---|", "\\", "a\\", "`", "``", "`a`", "`a\\`", "*a*", "**a**", "_a_",
    "__a__", "~~a~~", "~a~", "# a", "####### a", "- a", "+ a", "* a", "1. a", "2) a", "> a", "---",
    "- - -", "***", "===", "    code", "```", "~~~", "$x$", "$$x$$", "$`x`$", "a $x$ b $y$",
    "- [ ] task", "- [x] task", "a  ", "a\nb", "a\n\n# b", "a\r\n- b", "\u202ea", "\x1b[31ma",
    "::error::a", "##[error]a", "C:\\data\\new", "![", "](", "<", ">", "<a", "\\<b>", "`<b>",
    "``` `<b>", "| a | b |\n|---|---|", "\u200b@ann", "a@b.cc#1", "{{a}}", "{% a %}", "-->", "<!---->",
    "<https://x.y>", "&commat;ann", "\\@ann", "``|``", "`|", "a`|`b|c", "*iteration:1", "^alert#1",
)  # fmt: skip

TEXTS = tuple(dict.fromkeys((*HOSTILE, *OF_ALL_OUTPUT)))
HOSTILE_TEXTS = pytest.mark.parametrize(
    "texts", [TEXTS[at : at + 100] for at in range(0, len(TEXTS), 100)], ids=itertools.count()
)


class Reader(HTMLParser):
    """The elements of a page, its text, and its text outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self.loose = ""
        self._code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]
        self._code += tag == "code"
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.loose += "" if self._code else data
        if self.cells:
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        self.tags.append("!--")


def read(markdown: str) -> Reader:
    """Read as GitHub does, nothing of the HTML left out."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    return Reader(cmarkgfm.github_flavored_markdown_to_html(markdown, options))


def shown(text: str) -> str:
    """A text as a page shows it: rows of spaces are one."""
    return " ".join(text.replace("\u200b", "").split())


def meant(text: str) -> str:
    return " ".join(escape(text).split())


def check_line(markdown: str, text: str) -> None:
    page = read(markdown)
    assert set(page.tags) <= {"p", "code"}, page.tags
    assert shown(page.text) == meant(text)
    assert not REFERENCES.search(page.loose), page.loose


@HOSTILE_TEXTS
def test_text_shows_itself(texts: tuple[str, ...]) -> None:
    for text in texts:
        check_line(quote_text(text), text)
        page = read(f"before {quote_text(text)} after")
        assert set(page.tags) == {"p"}
        assert shown(page.text) == " ".join(f"before {meant(text)} after".split())


@HOSTILE_TEXTS
def test_spans_show_themselves(texts: tuple[str, ...]) -> None:
    for text in texts:
        page = read(quote_span(text))
        assert page.tags == ["p", "code"]
        assert "##[" not in page.text
        assert shown(page.text) == meant(text)
        assert not page.loose.strip()


@HOSTILE_TEXTS
def test_cells_show_themselves(texts: tuple[str, ...]) -> None:
    for text in texts:
        page = read(make_table(["a", quote_text(text)], [[quote_span(text), quote_text(text)]] * 2))
        assert set(page.tags) <= SEEN
        said = [shown(cell) for cell in page.cells]
        assert said == ["a", *[meant(text)] * 5]
        assert not REFERENCES.search(page.loose)


@HOSTILE_TEXTS
def test_blocks_show_themselves(texts: tuple[str, ...]) -> None:
    for text in texts:
        page = read(f"{quote_block(text)}\n\nafter")
        assert page.tags == ["pre", "code", "p"]
        assert not re.search(r"^\s*::|##\[", page.text, re.MULTILINE)
        lines = [escape(line) for line in re.split("\r\n|\r|\n", text.replace("\t", "TAB"))]
        said = page.text.removesuffix("\nafter\n").removesuffix("\n")
        assert said.replace("\t", "TAB").replace("\u200b", "") == "\n".join(lines)


# What can mean something often stands beside each other.
PIECES = st.text(
    alphabet=st.sampled_from("\\`*_{}[]()<>#+-.!|~$^&:;=@/\"' \t\na1GHwfx\u200b\u202e")
)


@given(PIECES)
def test_any_text_shows_itself(text: str) -> None:
    if not text.strip():
        return
    check_line(quote_text(text), text)
    page = read(make_table(["x", "y"], [[quote_text(text), quote_span(text)]]))
    assert set(page.tags) <= SEEN
    assert [shown(cell) for cell in page.cells] == ["x", "y", meant(text), meant(text)]


@given(PIECES)
def test_any_block_shows_itself(text: str) -> None:
    page = read(f"{quote_block(text, 'sh')}\n\n# after")
    assert page.tags == ["pre", "code", "h1"]


def test_what_means_nothing_stays_readable() -> None:
    for text in ("eval/exact_match", "allegro/plt5-base", "lr 1e-4, batch 32", "qa-1 (2023)", "-0.5",
                 "3.5 GB", "C:\\data", "python train.py --lr 0.1", "łódź 東京", "{'a': 1}"):  # fmt: skip
        assert quote_text(text) == text


def test_a_command_can_be_copied() -> None:
    command = "python train.py --to https://x.y/#1 --by @me --pw $HOME | tee log"
    assert command in quote_block(command, "sh")
    assert quote_span(command) == f"`{command}`"


def test_spans_of_many_backticks() -> None:
    """GitHub's reader gives up on spans between more than 80 of them."""
    for text in ("`" * 100 + "<b>", " ".join("`" * n for n in range(1, 90)) + "<b>"):
        page = read(quote_span(text))
        assert "b" not in page.tags
        assert shown(page.text) == meant(text)


def test_empty_span() -> None:
    assert quote_span("") == quote_span("  ") == ""


def test_large_text_takes_no_time() -> None:
    for text in ("`" * 65_536, "[" * 65_536, ":a" * 32_768, "@#" * 32_768, "\\|" * 32_768):
        assert quote_text(text)
        assert quote_span(text)
        assert quote_block(text)


# Prose --------------------------------------------------------------------------------------

OF_PROSE = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "input", "li",
    "ol", "p", "pre", "strong", "sup", "section", *SEEN, "ul",
}  # fmt: skip
NO_HTML = "<!-- raw HTML omitted -->"
CALLS = re.compile(r"(?<![\w`/])@[A-Za-z0-9]|(?<![\w&])#\d|\b[Gg][Hh]-\d")


def check_prose(text: str) -> None:
    safe = clean_prose(text)
    after = f"{safe}\n\n## The end\n"
    options = Options.CMARK_OPT_FOOTNOTES
    assert NO_HTML not in cmarkgfm.github_flavored_markdown_to_html(after, options), safe
    page = read(after)
    assert set(page.tags) <= OF_PROSE, (page.tags, safe)
    assert page.tags.count("h2") == 1, safe
    assert "The end" in page.text, safe
    for target in page.targets:
        assert re.match(r"(?:https?://|mailto:|#|[^:]*(?:/|$))", target), (target, safe)
    assert not CALLS.search(page.loose.replace("@\u200b", "")), page.loose


@HOSTILE_TEXTS
@pytest.mark.parametrize(
    "form", ["{}", "- {}", "text\n{}\nmore", "> {}", "`{}", "| {} | b |\n|--|--|"]
)
def test_prose_reaches_no_further(form: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        check_prose(form.replace("{}", text))


# fmt: off
PROSE = st.lists(
    st.sampled_from(
        (
            "`",
            "``",
            "```",
            "~~~",
            "\n",
            "\n\n",
            "    ",
            "  ",
            " ",
            "- ",
            "1. ",
            "> ",
            "|",
            "<img src=x>",
            "<b>",
            "</b>",
            "<!--",
            "-->",
            "[a]",
            "(x)",
            "](",
            "![",
            "](javascript:a)",
            "[a]: <",
            "[^1]: ",
            "\\",
            "\\\n",
            "<",
            ">",
            ")",
            "*",
            "~~",
            "# ",
            "---",
            "===",
            "|--|",
            "\t",
            "a",
            "<https://x.y>",
            '"',
            "https://x.y/",
            "@ann",
            "&#64;ann",
            "&#60;b>",
            "$",
            "\u200b",
            "\r",
            "\x0c",
            "=",
        )
    ),
    max_size=30,
).map("".join)
# fmt: on


@given(PROSE)
def test_any_prose_reaches_no_further(text: str) -> None:
    check_prose(text)


KEPT = """We **beat** _qa-0_ by ~~1~~ 2 points[^1]; see [the paper](https://x.y/a_b#3 "a title"), [card](../qa-0/)
and <https://x.y/z>.

- one
    - two `a | b` and ``c ` d``

    ```sh
    python train.py --by @me < <(cat) # 1
    ```

1. a formula $x^2$ & more

| a | b |
|--:|---|
| 1 | `c` |

- [x] done
- [ ] open

> quoted

[^1]: A note.
[ref]: https://x.y/ref
"""


def test_formatting_stays() -> None:
    assert clean_prose(KEPT) == KEPT.strip().replace(
        "<https://x.y/z>", "[https:\u200b//x.y/z](<https://x.y/z>)"
    )


def test_headings_stand_below_ours() -> None:
    page = read(clean_prose("# a\n\n## b\n\n### c\n\nd\n---\n\ne\n===\n\n> # f\n\n- # g"))
    assert [tag for tag in page.tags if tag[0] == "h"] == ["h3", "h3", "h3", "hr", "h3", "h3"]


def test_pictures_of_the_folder_stay() -> None:
    asked: list[str] = []

    def keep(path: str) -> bool:
        asked.append(path)
        return path == "loss.png"

    text = "![a](loss.png) ![b](no.png) ![c](../x.png) ![d](http://x.y/d.png) ![](http://x.y/e.png)"
    text += " ![f](/etc/x.png) ![g][ref] ![h](data:image/png;base64,x) ![i](C:/x.png)"
    assert clean_prose(text, keep).replace("\u200b", "") == (
        "![a](loss.png) b c [d](http://x.y/d.png) [image](http://x.y/e.png) f ![g][ref] h i"
    )
    assert asked == ["loss.png", "no.png"]


def test_comments_are_left_out() -> None:
    text = "a\n<!-- one -->\nb <!-- two\nthree\n```\n-->c\n\n`<!-- code -->`\n<!-- open\n\nd"
    assert clean_prose(text) == "a\nb \u200b\n\u200bc\n\n`<!-- code -->`"


@pytest.mark.parametrize(
    "piece",
    ["`", "` ``", "[", "](", "![", "![a](", "<", "&", "<!--", "@", " ", "> ", "](<", '](x "', "http://a",
     "[a]: ", "#", "\\", "|`", "- ", "\t", "*", "~", "<a@", "[^1]", "$", "```\n", "  ```\nx\n"],
)  # fmt: skip
def test_large_prose_takes_no_time(piece: str) -> None:
    clean_prose(piece * (65_536 // len(piece)))


@pytest.mark.parametrize("text", ["a $", "$", "costs 5$", "x$y$"])
def test_a_dollar_is_parted_from_whatever_follows(text: str) -> None:
    for after in ("x", "1", "$", "`x`$"):
        page = read(f"{quote_text(text)}{after}")
        assert not re.search(r"\$[^\s\u200b]", page.text), page.text
