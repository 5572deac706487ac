"""Prose: Markdown as on the other pages, and nothing in it that runs, hangs or breaks."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardgen.errors import SiteError
from cardgen.site.page import Heading
from cardgen.site.prose import EXTENSIONS, MAX_BYTES, Prose, ProseRenderer
from cardgen.site.prose_html import SAFE_EXTENSIONS, Converter, select_extensions
from cardgen.site.prose_policy import ATTRIBUTES, TAGS
from tests.site.cards import Element, assert_inert, parse


@pytest.fixture(scope="module")
def prose() -> Iterator[ProseRenderer]:
    renderer = ProseRenderer(permalink="Permanent link")
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def hasty() -> Iterator[ProseRenderer]:
    """Gives each text so little time that a test of hostile ones ends."""
    renderer = ProseRenderer(seconds=0.3)
    yield renderer
    renderer.close()


def convert(prose: ProseRenderer, text: str) -> Prose:
    (done,) = prose.render([text])
    assert not done.error
    assert_inert(done.html)
    return done


def html(prose: ProseRenderer, text: str) -> Element:
    return parse(convert(prose, text).html)


# As on the other pages -----------------------------------------------------------------------


def test_markup_of_all_kinds(prose: ProseRenderer) -> None:
    root = html(
        prose, "*a* **b** `c` ~d~ H<sub>2</sub>O <kbd>k</kbd>\n\n> q\n\n1. x\n2. y\n\n---\n"
    )
    for tag in ("em", "strong", "code", "sub", "kbd", "blockquote", "ol", "hr"):
        assert root.all(tag)


def test_admonitions_tabs_and_folded_blocks(prose: ProseRenderer) -> None:
    root = html(
        prose,
        '!!! warning "Disk"\n    full\n\n??? note\n    more\n\n=== "A"\n    a\n\n=== "B"\n    b\n',
    )
    assert root.one("div", "warning").one("p", "admonition-title").text == "Disk"
    assert root.one("details", "note").one("summary").text == "Note"
    inputs = root.one("div", "tabbed-alternate").all("input")
    labels = root.one("div", "tabbed-labels").all("label")
    assert [label.attributes["for"] for label in labels] == [i.attributes["id"] for i in inputs]
    assert len({i.attributes["name"] for i in inputs}) == 1
    assert inputs[0].attributes["type"] == "radio"


def test_code_is_highlighted_as_the_theme_does(prose: ProseRenderer) -> None:
    root = html(prose, '```python title="a.py" hl_lines="1"\nprint(1)\n```\n\n`#!python x = 1`\n')
    block = root.one("div", "highlight")
    assert block.one("span", "filename").text == "a.py"
    assert block.one("span", "hll").all("span", "nb")
    assert root.all("code", "highlight")


def test_tables_keep_their_alignment(prose: ProseRenderer) -> None:
    root = html(prose, "| a | b |\n|--:|:-:|\n| 1 | 2 |\n")
    assert [td.attributes["align"] for td in root.all("td")] == ["right", "center"]


def test_tasks_formulas_and_definitions(prose: ProseRenderer) -> None:
    root = html(prose, "- [x] done\n- [ ] open\n\n$x^2$\n\nTerm\n:   What it is\n")
    boxes = root.all("input")
    assert ["checked" in box.attributes for box in boxes] == [True, False]
    assert all("disabled" in box.attributes for box in boxes)
    assert root.one("span", "arithmatex").text == "\\(x^2\\)"
    assert root.one("dd").text == "What it is"


def test_footnotes_of_two_texts_do_not_meet(prose: ProseRenderer) -> None:
    texts = ["a[^1]\n\n[^1]: one", "b[^1]\n\n[^1]: two"]
    done = [parse(one.html) for one in prose.render(texts)]
    for number, root in enumerate(done):
        reference = root.one("a", "footnote-ref")
        assert reference.attributes["href"] == f"#text-{number}-fn:1"
        assert root.one("li").attributes["id"] == f"text-{number}-fn:1"


def test_headings_stand_below_the_page_s_own(prose: ProseRenderer) -> None:
    done = convert(prose, "> # One\n\n#### A `b` & *c* {#given .x}\n\n<h2>Raw</h2>\n")
    assert done.headings == (
        Heading(3, "one", "One"),
        Heading(4, "given", "A b & c"),
        Heading(3, "raw", "Raw"),
    )
    heading = parse(done.html).one("h4")
    assert heading.attributes["id"] == "given"
    assert heading.one("a", "headerlink").attributes["href"] == "#given"
    assert heading.one("a", "headerlink").attributes["title"] == "Permanent link"


def test_anchors_differ_from_all_others_of_the_page(prose: ProseRenderer) -> None:
    done = prose.render(["### A\n\n### A", "### A\n\n### Goal"], {"goal", "a-2"})
    anchors = [heading.anchor for one in done for heading in one.headings]
    assert anchors == ["a", "a-3", "a-4", "goal-2"]


def test_headings_in_any_script_have_readable_anchors(prose: ProseRenderer) -> None:
    done = convert(prose, "### Анализ ошибок\n\n### 误差分析\n\n### !!!\n")
    assert [h.anchor for h in done.headings] == ["анализ-ошибок", "误差分析", "section"]


def test_the_beginning_as_plain_text(prose: ProseRenderer) -> None:
    assert convert(prose, "**A** &lt;b&gt; & `c`<br>[d](x)\n\n<!-- e -->f").text == "A <b> & cd f"
    assert len(convert(prose, "word " * 1000).text) <= 600


def test_comments_are_not_shown(prose: ProseRenderer) -> None:
    for text in ("<!-- a -->b", "x\n\n<!-- a\n\nb -->\n\ny", "a <!-- b --> c", "x <!-- open"):
        assert "<!--" not in convert(prose, text).html


# Links and pictures --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("https://a.org/x", "https://a.org/x"),
        ("mailto:a@b.org", "mailto:a@b.org"),
        ("#goal", "#goal"),
        ("../qa-0/card.md", "../qa-0/"),
        ("../qa-0/", "../qa-0/"),
        ("../qa-0", "../qa-0/"),
        ("../qa-0/card.md#goal", "../qa-0/#goal"),
        ("../../guide/", "../../guide/"),
        ("card.md", "card.md"),
        ("evidence.json", "evidence.json"),
        ("tables/a%20b.csv", "tables/a%20b.csv"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("file:///etc/passwd", None),
        ("run.sh", None),
        ("fig.svg", None),
        ("page.html", None),
        (".env", None),
        (".git/config.txt", None),
    ],
)
def test_where_links_lead(prose: ProseRenderer, link: str, href: str | None) -> None:
    (anchor,) = html(prose, f"[x]({link})").all("a")
    assert anchor.attributes.get("href") == href
    assert anchor.attributes["rel"] == "noopener noreferrer nofollow ugc"
    (raw,) = html(prose, f'<a href="{link}" target="_top">x</a>').all("a")
    assert raw.attributes.get("href") == href


@pytest.mark.parametrize(
    ("address", "src", "files"),
    [
        ("figures/a.png", "figures/a.png", ("figures/a.png",)),
        ("./a.JPG", "a.JPG", ("a.JPG",)),
        ("a.png#only-dark", "a.png#only-dark", ("a.png",)),
        ("żółw 1.png", "%C5%BC%C3%B3%C5%82w%201.png", ("żółw 1.png",)),
        ("x/../../a.png", None, ()),
        ("/a.png", None, ()),
        ("//evil.org/a.png", None, ()),
        ("a.html", None, ()),
        ("data:image/svg+xml,x", None, ()),
        (".hidden/a.png", None, ()),
        ("#cardgen-drawing-0", None, ()),
    ],
)
def test_which_pictures_are_shown(
    prose: ProseRenderer, address: str, src: str | None, files: tuple[str, ...]
) -> None:
    done = convert(prose, f"![x](<{address}>)")
    image = parse(done.html).one("img")
    assert image.attributes.get("src") == src
    assert image.attributes["alt"] == "x"
    assert done.files == files


def test_a_picture_of_another_host_becomes_a_link(prose: ProseRenderer) -> None:
    root = html(prose, "![chart](https://a.org/a.png) <img src=https://a.org/b.png alt=raw>")
    assert root.one("a").attributes["href"] == "https://a.org/a.png"
    assert root.one("a").text == "chart"
    assert root.one("img").attributes == {"alt": "raw"}


# Nothing runs --------------------------------------------------------------------------------

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<a href='java&#10;script:alert(1)'>x</a>",
    "<a href=' &#1; javascript:alert(1)'>x</a>",
    "[x](javascript&colon;alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x\" onerror=\"alert(1)](y.png)",
    "[x](y.csv \"a' onmouseover='alert(1)\")",
    "### x {onclick=alert(1) style=position:fixed}",
    "x\n{: onclick='alert(1)' #__search .md-search__overlay }",
    "<form action=https://evil.org><input name=password><button>x</button></form>",
    "<input type=image src=x onerror=alert(1)><input type=hidden name=__drawer>",
    "<base href=https://evil.org><meta http-equiv=refresh content='0;url=//evil.org'>",
    "<link rel=stylesheet href=//evil.org><style>*{display:none}</style>",
    "<div id=__config>{\"base\":\"//evil.org\"}</div>",
    "### __config {#__config}",
    "<h3 id=__toc lang='<' dir='\"><script>alert(1)</script>'>x</h3>",
    "<label for=__search>x</label><a id=__toc name=__palette>y</a>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<details ontoggle=alert(1) open>x</details>",
    "<p><![CDATA[<script>alert(1)</script>]]></p>",
    "<?php echo 1 ?><!DOCTYPE x><!ENTITY y>",
    "``` { .python onclick=alert(1) data-x=\"</code><script>alert(1)</script>\" }\nx\n```",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "*[HTML]: \" onmouseover=alert(1) x=\"\n\nHTML",
    "[^<script>]: x\n\n[^<script>]",
    "=== \"<script>alert(1)</script>\"\n    x",
    "!!! danger \"<img src=x onerror=alert(1)>\"\n    x",
    "$\\href{javascript:alert(1)}{x}$",
    "\x02wzxhzdk:0\x03 \x02amp\x03script",
    "<div markdown=1 onclick=alert(1)>**x**</div>",
    "--8<-- \"/etc/passwd\"",
)  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_in_prose_runs(prose: ProseRenderer, payload: str) -> None:
    done = convert(prose, f"before\n\n{payload}\n\nafter")
    assert "before" in done.html
    assert "root:" not in done.html
    for heading in done.headings:
        assert not heading.anchor.startswith("_")


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from(PAYLOADS)
        | st.text(max_size=6)
        | st.sampled_from(("\n", "\n\n", "    ", "> ", "- ", "`", "```\n", "|", "<", "\"", "&"))
    ).map("".join)
)  # fmt: skip
def test_no_mixture_of_payloads_runs(prose: ProseRenderer, text: str) -> None:
    (done,) = prose.render([text])
    assert_inert(done.html)


def test_what_is_allowed_holds_nothing_that_runs() -> None:
    for tag in ("script", "style", "iframe", "form", "object", "embed", "svg", "math", "button"):
        assert tag not in TAGS
    names = {name for group in ATTRIBUTES.values() for name in group}
    assert not {name for name in names if name.startswith("on") or name in ("style", "srcset")}


# Nothing hangs -------------------------------------------------------------------------------

SLOW = ("[" * 16_000, "<![>" * 8_000, "![" * 20_000, "[a](" * 16_000)


@pytest.mark.parametrize("text", SLOW, ids=lambda text: text[:4])
def test_a_text_that_takes_for_ever_is_given_up(hasty: ProseRenderer, text: str) -> None:
    before, slow, after = hasty.render(["*a*", text, "*b*"])
    assert before.html == "<p><em>a</em></p>"
    assert slow.error == "takes too long to convert to HTML"
    assert slow.hint
    assert after.html == "<p><em>b</em></p>"


UNITS = (
    "[", "]", "(", "![", "<", "<!", "<![", ">", "*", "_", "**", "`", "~", "^", "\\", "&", "|",
    "- ", "> ", "1. ", "    ", "\n", "\n\n", "a", " ", "#", "<div>", "</p>", "[^1]", "[^1]: ",
    "!!! x\n    ", '=== "a"\n    ', "```\n", "$", "$$", "{", "}", ": ", "{: #", "==", "++",
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(UNITS), min_size=1, max_size=5).map("".join),
    st.sampled_from((300, 3_000, 12_000)),
)
def test_any_repetition_is_converted_or_given_up(
    hasty: ProseRenderer, unit: str, length: int
) -> None:
    repeated, after = hasty.render([(unit * length)[:length], "*b*"])
    assert repeated.error or isinstance(repeated.html, str)
    assert after.html == "<p><em>b</em></p>"


def test_deep_nesting_is_given_up_or_converted(prose: ProseRenderer) -> None:
    nested = "\n".join("  " * n + "- x" for n in range(150))
    for text in ("> " * 3_000 + "x", nested, "<div>" * 5_000, "*" * 30_000 + "x"):
        done = prose.render([text, "after"])
        assert done[0].html or done[0].error
        assert done[1].html == "<p>after</p>"


def test_a_card_s_prose_has_a_size(prose: ProseRenderer) -> None:
    fits, over, behind = prose.render(["x" * 1000, "ż" * (MAX_BYTES // 2), "y"])
    assert fits.html
    assert over.error == "is over the 64 KB that a card may have"
    assert behind.error == over.error


def test_memory_has_a_limit(prose: ProseRenderer) -> None:
    pytest.importorskip("resource")
    worker = "from cardgen.site import prose_worker as w; w._limit_memory(); bytearray(1 << 31)"
    done = subprocess.run([sys.executable, "-c", worker], check=False, capture_output=True)
    assert b"MemoryError" in done.stderr


# The process ---------------------------------------------------------------------------------


def test_a_process_that_is_killed_is_started_again(prose: ProseRenderer) -> None:
    assert prose.render(["a"])[0].html
    process = prose._worker
    assert process is not None
    process._process.kill()
    process._process.wait()
    assert prose.render(["b"])[0].html == "<p>b</p>"


def test_a_process_that_ends_under_way_fails_one_text_only() -> None:
    renderer = ProseRenderer()
    renderer.render(["a"])
    process = renderer._worker
    assert process is not None
    sent = process.send

    def kill_then_send(message: object) -> None:
        process._process.kill()
        process._process.wait()
        sent(message)  # type: ignore[arg-type]

    process.send = kill_then_send  # type: ignore[method-assign]
    lost, found = renderer.render(["a", "b"])
    assert lost.error == "ended the process that converts it to HTML"
    assert found.html == "<p>b</p>"
    renderer.close()


def test_threads_share_one_process(prose: ProseRenderer) -> None:
    done: dict[int, str] = {}

    def work(number: int) -> None:
        done[number] = prose.render([f"*{number}*"])[0].html

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == {number: f"<p><em>{number}</em></p>" for number in range(16)}


def test_a_renderer_goes_to_another_process_without_its_own(prose: ProseRenderer) -> None:
    prose.render(["a"])
    for other in (pickle.loads(pickle.dumps(prose)), copy.copy(prose)):  # noqa: S301
        assert other.render(["### b"])[0].headings == (Heading(3, "b", "b"),)
        other.close()


def test_closing_twice_and_using_it_again(prose: ProseRenderer) -> None:
    prose.close()
    prose.close()
    assert prose.render(["a"])[0].html == "<p>a</p>"


def test_no_text_needs_no_process() -> None:
    renderer = ProseRenderer()
    assert renderer.render([]) == ()
    assert renderer._worker is None


# Extensions ----------------------------------------------------------------------------------


def test_extensions_are_those_of_the_site_as_far_as_they_are_safe() -> None:
    chosen = select_extensions(
        {
            "markdown.extensions.tables": {},
            "pymdownx.snippets": {"base_path": "/"},
            "pymdownx.b64": {},
            "toc": {"permalink": True},
            "meta": {},
            "somebody.else": {},
            "pymdownx.highlight": {"anchor_linenums": True, "linenums": True},
        }
    )
    assert chosen == {
        "tables": {"use_align_attribute": True},
        "pymdownx.highlight": {"linenums": True, "anchor_linenums": False, "use_pygments": True},
    }


def test_every_safe_extension_works_with_all_others() -> None:
    allowed = SAFE_EXTENSIONS - {"fenced_code", "extra"}
    done = Converter({name: {} for name in allowed}).convert("==a== ^^b^^ ++ctrl++", set(), "")
    assert "<mark>a</mark>" in done.html
    assert Converter({"extra": {}}).convert("|a|\n|-:|\n|1|", set(), "").html.count("right") == 2


def test_settings_that_are_no_data_are_left_out() -> None:
    fences = {"custom_fences": [{"name": "m", "class": "m", "format": print}]}
    renderer = ProseRenderer({"pymdownx.superfences": fences})
    assert "x" in renderer.render(["```m\nx\n```"])[0].html
    renderer.close()


def test_settings_that_do_not_fit_are_told() -> None:
    renderer = ProseRenderer({"tables": {"no_such": 1}})
    with pytest.raises(SiteError, match=r"The Markdown extensions cannot be set up: KeyError"):
        renderer.render(["a"])
    renderer.close()


def test_what_is_used_without_a_site() -> None:
    assert set(EXTENSIONS) <= SAFE_EXTENSIONS
