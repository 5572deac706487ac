"""Texts that would run a script where they are taken for HTML, Markdown or an address.

Each calls ``ran(N)``, N being its place, so that a test can tell which one did. ``PAYLOADS`` is
put together of elements, handlers, ways out of a context, addresses and Markdown of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

HANDLED = (
    "<img src=x onerror={}>",
    "<IMG SRC=x OnErRoR={}>",
    "<img src=x onerror\n=\n{}>",
    "<img/src=x/onerror={}>",
    "<img src='x'onerror={}>",
    '<img src="x" onerror="{}" x="',
    "<image src=x onerror={}>",
    "<svg onload={}>",
    "<svg/onload={}>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
    "<svg><image href=x onerror={}></svg>",
    "<svg><script>{}</script></svg>",
    "<svg><desc><![CDATA[</desc><script>{}</script>]]></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror={}>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror={}></annotation-xml></math>",
    "<body onload={}>",
    "<body onpageshow={}>",
    "<details open ontoggle={}><summary>x</summary></details>",
    "<input autofocus onfocus={}>",
    "<select autofocus onfocus={}></select>",
    "<textarea autofocus onfocus={}></textarea>",
    "<button autofocus onfocus={}>x</button>",
    "<p tabindex=0 autofocus onfocus={}>x</p>",
    "<video src=x onerror={}></video>",
    "<video><source onerror={}></video>",
    "<audio src=x onerror={}></audio>",
    "<object data=x onerror={}></object>",
    "<embed src=x onerror={}>",
    "<iframe onload={}></iframe>",
    "<iframe srcdoc='<script>parent.{}</script>'></iframe>",
    "<iframe src='javascript:parent.{}'></iframe>",
    "<link rel=stylesheet href=x onerror={}>",
    "<script>{}</script>",
    "<script\n>{}</script\n>",
    "<SCRIPT>{}</SCRIPT>",
    "<script src=x onerror={}></script>",
    "<script type=module>{}</script>",
    "<style onload={}></style>",
    "<marquee onstart={}>x</marquee>",
    "<xss style='animation:x 1s' onanimationstart={}>x</xss><style>@keyframes x{{}}</style>",
    "<noscript><p title='</noscript><img src=x onerror={}>'>",
    "<template><img src=x onerror={}></template>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={}>",
    "<!--><img src=x onerror={}>-->",
    "<a><b href='x'><img src=x onerror={}></b></a>",
    "<table background=x><tr><td><img src=x onerror={}></table>",
    "&lt;img src=x onerror={}&gt;",
    "&#60;img src=x onerror={}&#62;",
    "\u003cimg src=x onerror={}\u003e",
)
OUT_OF = (
    "{}",
    '">{}',
    "'>{}",
    "-->{}",
    "]]>{}",
    "</title>{}",
    "</script>{}",
    "</style>{}",
    "</textarea>{}",
    "</noscript>{}",
    "`{}",
    '\\">{}',
)
ADDRESSES = (
    "javascript:{}",
    "JaVaScRiPt:{}",
    " javascript:{}",
    "\tjavascript:{}",
    "java\tscript:{}",
    "java&#10;script:{}",
    "&#106;avascript:{}",
    "javascript&colon;{}",
    "javascript&#58;{}",
    "java%73cript:{}",
    "vbscript:{}",
    "data:text/html,<script>{}</script>",
    "data:image/svg+xml,<svg onload={}>",
    "//javascript:{}",
    "https:javascript:{}",
    "javascript://example.com/%0a{}",
)
LINKS = (
    "[x]({})",
    "[x](<{}>)",
    "![x]({})",
    "<{}>",
    "[x][y]\n\n[y]: {}",
    '<a href="{}">x</a>',
    "<a href={}>x</a>",
    '<a xlink:href="{}">x</a>',
    '<img src="{}">',
    '<form action="{}"><button>x</button></form>',
    '<base href="{}">',
    '<meta http-equiv=refresh content="0;url={}">',
)
MARKDOWN = (
    "# x {{: onclick={} onfocus={} }}",
    "[x](y){{: onmouseover={} }}",
    "![x](y){{: onerror={} }}",
    '!!! note "<img src=x onerror={}>"\n    x',
    '??? note "<svg onload={}>"\n    x',
    '=== "<img src=x onerror={}>"\n    x',
    "```<img src=x onerror={}>\nx\n```",
    '``` {{.py title="<img src=x onerror={}>"}}\nx\n```',
    "x[^1]\n\n[^1]: <img src=x onerror={}>",
    "*[x]: <img src=x onerror={}>\n\nx",
    "| <img src=x onerror={}> | b |\n| --- | --- |\n| <svg onload={}> | d |",
    "- [ ] <img src=x onerror={}>",
    "x\n:   <img src=x onerror={}>",
    "<div markdown=1>\n**<img src=x onerror={}>**\n</div>",
    "`<img src=x onerror={}>`<img src=x onerror={}>",
    "<img src=x\n\nonerror={}>",
    "{{{{constructor.constructor('{}')()}}}}",
    "${{{}}}",
    "<% {} %>",
    "--8<-- '<img src=x onerror={}>'",
)


def _make() -> Iterator[str]:
    yield from MARKDOWN
    yield from (link.format(address) for link, address in product(LINKS, ADDRESSES))
    for way, handled in product(OUT_OF, HANDLED):
        yield way.replace("{}", handled)


def _call(number: int, text: str) -> str:
    return text.replace("{{", "\0").replace("}}", "\1").replace("{}", f"ran({number})").translate(
        {0: "{", 1: "}"}
    )  # fmt: skip


PAYLOADS = tuple(_call(number, text) for number, text in enumerate(dict.fromkeys(_make())))
