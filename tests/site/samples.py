"""Pages and small sites for the tests of the site's machinery."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cardgen.site.page import Heading, Page
from cardgen.site.settings import SiteSettings

ENGINES = ("mkdocs", "zensical")

GUIDE = """# Guide

An introduction that mentions marmosets.

## First part

Text about elephants.

```bash
ls -l
```

## Second part

More text.
"""

CONTENTS = (
    Heading(1, "top", "Digits with dropout"),
    Heading(2, "goal", "Goal"),
    Heading(2, "results", "Results & figures"),
    Heading(3, "curves", "Learning <curves>"),
    Heading(3, "table", "Table"),
    Heading(2, "commands", "Commands"),
)

FILLER = "<p>Nothing but words that fill the page until it has to be scrolled.</p>" * 30

BODY = f"""<h1 id="top">Digits with dropout</h1>
<h2 id="goal">Goal</h2>
<p>Does dropout of a quarter help? The pangolin says so.</p>{FILLER}
<h2 id="results">Results &amp; figures</h2>
<table><tr><th>step</th><th>accuracy</th></tr><tr><td>100</td><td>0.9731quagga</td></tr></table>
<h3 id="curves">Learning &lt;curves&gt;</h3>{FILLER}
<h3 id="table">Table</h3>
<table data-cardgen-search><tr><td>okapibase</td></tr></table>
<h2 id="commands">Commands</h2>
<div class="highlight"><pre><code>python train.py --dropout 0.25</code></pre></div>"""

CARD = Page(
    path="cards/qa-1/",
    title="Digits with dropout",
    description="Does dropout of a quarter help?",
    body=BODY,
    contents=CONTENTS,
    facets={"status": ("finished",), "tag": ("mlp", "dropout")},
)


def make_card(number: int, **changes: object) -> Page:
    """One of many cards, with a word (``word7``) that only it has."""
    body = (
        f'<h1 id="top">Card {number}</h1><h2 id="goal">Goal</h2><p>It has word{number} in it.</p>'
    )
    page = Page(
        path=f"cards/qa-{number}/",
        title=f"Card {number}",
        description=f"The goal of {number}",
        body=body,
        contents=(Heading(1, "top", f"Card {number}"), Heading(2, "goal", "Goal")),
    )
    return replace(page, **changes)  # type: ignore[arg-type]


def list_cards(root: str) -> str:
    """The list that stands at a marker."""
    return f'<table class="cards"><tr><td><a href="{root}cards/qa-1/">qa-1</a></td></tr></table>'


def make_source(
    root: Path, config: str | None = None, *, engine: str = "mkdocs", **docs: str
) -> SiteSettings:
    """A project whose ``site/`` has this ``mkdocs.yml`` and these pages (``guide=text``)."""
    folder = root / "site" / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    if config is not None:
        (root / "site" / "mkdocs.yml").write_text(config, encoding="utf-8")
    for name, text in docs.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return SiteSettings(root, engine=engine)
