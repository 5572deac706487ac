"""Both engines make the same site of the same sources."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

import pytest

from cardgen.errors import SiteError
from cardgen.site.build import BuildResult, build_site
from cardgen.site.engines.notes import parse_notes
from cardgen.site.settings import SiteSettings
from cardgen.site.shell import MARKS, Shell, load_shell
from cardgen.site.stamp import make_stamper, stamp
from tests.site.cards import Element, parse
from tests.site.samples import CARD, ENGINES, make_source

pytestmark = pytest.mark.slow

CONFIG = """\
site_name: Both
site_url: https://team.example/runs/
repo_url: https://github.com/team/repository
edit_uri: edit/main/site/docs/
copyright: Team
theme:
  name: material
  font: false
  features: [navigation.tabs, navigation.indexes, navigation.footer, content.code.copy,
    content.action.edit, search.highlight, toc.follow]
  palette:
    - {media: "(prefers-color-scheme: light)", scheme: default, primary: indigo,
       toggle: {icon: material/weather-night, name: Dark mode}}
    - {media: "(prefers-color-scheme: dark)", scheme: slate, primary: indigo,
       toggle: {icon: material/weather-sunny, name: Light mode}}
markdown_extensions: [admonition, attr_list, def_list, footnotes, md_in_html, pymdownx.details,
  pymdownx.highlight, pymdownx.inlinehilite, pymdownx.superfences,
  {pymdownx.tabbed: {alternate_style: true}}, {pymdownx.tasklist: {custom_checkbox: true}},
  {toc: {permalink: true}}]
nav:
  - Home: index.md
  - Cards: cards/
  - Guide: [guide/index.md, Second: guide/second.md]
"""

GUIDE = """\
---
title: The guide
description: What there is.
---
# Guide

!!! note "Mind"
    A *note* with a [link](second.md#part) and an ![image](../img/a.svg).

| a | b |
| - | -:|
| 1 | 2 |

```python title="train.py" hl_lines="1"
print("x")
```

=== "One"
    one

=== "Two"
    two

- [x] done
- [ ] not done

Term
:   Meaning[^1].

[^1]: A note.

??? tip
    Folded.

## Żółw & co

### Deeper `code`
"""


def make_pages(root: Path, engine: str, config: str = CONFIG) -> SiteSettings:
    home = "---\nhide: [toc]\n---\n# Both\n\n<!-- cardgen:cards -->\n"
    settings = make_source(root, config, engine=engine, index=home)
    docs = settings.source / "docs"
    for name, text in (
        ("guide/index.md", GUIDE),
        ("guide/second.md", "# Second\n\n## Part\n"),
        ("img/a.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("data.json", "{}"),
    ):
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_text(text, encoding="utf-8")
    return settings


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuildResult]:
    return {
        engine: build_site(
            [CARD],
            make_pages(tmp_path_factory.mktemp(engine), engine),
            {"cards": lambda root: f'<a href="{root}cards/qa-1/">qa-1</a>'},
        )
        for engine in ENGINES
    }


def read(built: BuildResult, path: str) -> str:
    return (built.output / path).read_text(encoding="utf-8")


def outline(element: Element) -> list[object]:
    """An element without what may differ between two themes' templates of one look."""
    left_out = {"data-pagefind-body", "rel", "title", "aria-label", "target"}
    given = {k: v for k, v in element.attributes.items() if k not in left_out}
    below = [outline(child) for child in element.children]
    return [element.tag, dict(sorted(given.items())), element.text, below]


def article(html: str) -> Element:
    return parse(html[html.index("<article") : html.index("</article>")] + "</article>")


def find(element: Element, words: str) -> list[list[object]]:
    return [outline(found) for found in element.all() if words in found.classes]


PATHS = ("index.html", "guide/index.html", "guide/second/index.html")


def test_the_same_files_are_published(both: dict[str, BuildResult]) -> None:
    found = [
        {
            path.relative_to(built.output).as_posix()
            for path in built.output.rglob("*")
            if path.is_file()
            and not {"assets", "pagefind"} & set(path.relative_to(built.output).parts)
        }
        for built in both.values()
    ]
    assert found[0] == found[1]
    assert {"404.html", "sitemap.xml", "data.json", "img/a.svg", *PATHS} <= found[0]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_written_by_hand_comes_out_alike(both: dict[str, BuildResult], path: str) -> None:
    mkdocs, zensical = (read(built, path) for built in both.values())

    def tidy(html: str) -> list[object]:
        """Without the button to edit a page and the place the skip link leads to."""
        html = re.sub(r'<a id="__skip" tabindex="-1"></a>', "", html)
        html = re.sub(r'<a href="[^"]*"[^>]*class="md-content__button.*?</a>', "", html, flags=re.S)
        return outline(article(html.replace("<!-- ", "").replace(" -->", "")))

    assert tidy(mkdocs) == tidy(zensical)


@pytest.mark.parametrize("path", [*PATHS, "cards/qa-1/index.html"])
@pytest.mark.parametrize(
    "pattern",
    [
        r"<title>.*?</title>",
        r'<html lang="[^"]*"',
        r'<meta name="description" content="[^"]*">',
        r'<link rel="canonical" href="[^"]*">',
        r"<body [^>]*>",
        r'data-md-color-scheme="[^"]*" data-md-color-primary',
    ],
)
def test_what_stands_around_it_is_the_same(
    both: dict[str, BuildResult], path: str, pattern: str
) -> None:
    def pick(built: BuildResult) -> list[str]:
        return [
            re.sub(r'"\./\.\.(?=["/])', '"..', one)
            for one in re.findall(pattern, read(built, path))
        ]

    mkdocs, zensical = (pick(built) for built in both.values())
    assert mkdocs == zensical


@pytest.mark.parametrize("path", [*PATHS, "cards/qa-1/index.html", "404.html"])
@pytest.mark.parametrize("kind", ["md-tabs__link", "md-nav__link", "md-source", "md-logo"])
def test_its_links_lead_to_the_same_places(
    both: dict[str, BuildResult], path: str, kind: str
) -> None:
    def find_links(built: BuildResult) -> list[str]:
        page = f"https://team.example/runs/{path}"
        links = re.findall(rf'<a href="([^"]*)"[^>]*class="[^"]*\b{kind}\b', read(built, path))
        return [urljoin(page, link).removesuffix("index.html") for link in links]

    mkdocs, zensical = (find_links(built) for built in both.values())
    assert mkdocs == zensical
    assert mkdocs


def test_the_site_map_is_the_same(both: dict[str, BuildResult]) -> None:
    assert read(both["mkdocs"], "sitemap.xml") == read(both["zensical"], "sitemap.xml")


def test_the_search_box_is_ours_in_both(both: dict[str, BuildResult]) -> None:
    for built in both.values():
        for path in (*PATHS, "cards/qa-1/index.html", "404.html"):
            html = read(built, path)
            for name in ("search", "search-query", "search-result"):
                assert html.count(f'data-cardgen="{name}"') == 1, (path, name)
            assert 'data-md-component="search' not in html
        assert not list(built.output.glob("search*"))


def test_a_card_is_stamped_alike(both: dict[str, BuildResult]) -> None:
    for built in both.values():
        html = read(built, "cards/qa-1/index.html")
        assert not any(mark in html for mark in MARKS.values())
        assert CARD.body in html
        assert 'rel="edit"' not in html
        assert 'rel="prev"' not in html
        assert 'rel="next"' not in html
        assert "md-footer__link" not in html
    cards = [parse_sidebar(read(built, "cards/qa-1/index.html")) for built in both.values()]
    assert cards[0] == cards[1]


def parse_sidebar(html: str) -> list[tuple[str, str]]:
    start = html.index("md-sidebar--secondary")
    table = html[start : html.index("</nav>\n</div>", start)]
    found = re.findall(r'<a href="([^"]*)" class="md-nav__link">(.*?)</a>', table, re.DOTALL)
    return [(address, re.sub(r"<[^>]+>|\s+", " ", text).strip()) for address, text in found]


def test_the_shells_say_the_same(both: dict[str, BuildResult]) -> None:
    def facts(shell: Shell) -> tuple[object, ...]:
        markdown = {name: shell.extensions[name] for name in sorted(shell.extensions)}
        markdown.pop("toc")  # Zensical fills its defaults in
        return shell.title, shell.language, shell.site_url, shell.generated, set(markdown)

    first, second = (facts(load_shell(built.site.settings)) for built in both.values())
    assert first == second


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_written_beside_the_sources(tmp_path: Path, engine: str) -> None:
    settings = make_pages(tmp_path, engine)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    load_shell(settings)
    after = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if ".cardgen" not in p.parts}
    assert after == before


@pytest.mark.parametrize("language", ["en", "pl", "fr", "ru", "zh"])
def test_the_theme_speaks_every_language(tmp_path: Path, language: str) -> None:
    seen = []
    for engine in ENGINES:
        settings = SiteSettings(tmp_path / engine, language=language, engine=engine)
        shell = load_shell(settings)
        seen.append(re.findall(r'placeholder="([^"]*)"', shell.sentinel))
        assert f'<html lang="{language}' in shell.sentinel
    assert seen[0] == seen[1]
    assert seen[0]


def test_zensical_says_what_it_leaves_out(tmp_path: Path) -> None:
    config = "site_name: x\nhooks: [hook.py]\nplugins: [section-index, tags, material/tags]\n"
    settings = make_source(tmp_path, config, engine="zensical", index="# Hi\n")
    (settings.source / "hook.py").write_text("raise SystemExit\n")
    assert load_shell(settings).warnings == (
        "Zensical has no plugin section-index; left out.",
        "Zensical runs no 'hooks'; left out.",
    )


def test_a_warning_of_zensical_is_a_sentence_and_strict_an_error(tmp_path: Path) -> None:
    text = "# Hi\n\nAlso [there](nowhere.md) and [here](#nowhere).\n"
    settings = make_source(tmp_path, engine="zensical", index=text)
    assert load_shell(settings).warnings == (
        "index.md:3:14: page does not exist: 'nowhere.md'",
        "index.md:3:38: anchor does not exist: 'nowhere'",
    )
    with pytest.raises(SiteError, match=r"nowhere\.md"):
        load_shell(SiteSettings(tmp_path, engine="zensical", strict=True))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("site_name: [", "error parsing the configuration file"),
        ("site_name: x\ntheme: readthedocs", "The theme is 'readthedocs'"),
        ("site_name: x\nmarkdown_extensions: [nonesuch]", "nonesuch"),
        ("site_name: x\ntheme: {name: material, custom_dir: nowhere}", "nowhere"),
        ("- a\n- b", "list"),
        ("just text", "mkdocs.yml"),
    ],
)
def test_what_zensical_cannot_build_is_one_sentence(tmp_path: Path, config: str, said: str) -> None:
    settings = make_source(tmp_path, config, engine="zensical", index="# Hi\n")
    with pytest.raises(SiteError, match=r"^Zensical could not build the pages of site/: ") as told:
        load_shell(settings)
    assert said in told.value.message
    assert "\n" not in told.value.message
    assert "Traceback" not in told.value.message


def test_zensical_publishes_no_link_out_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "project"
    settings = make_source(root, engine="zensical", index="# Hi\n")
    docs = settings.source / "docs"
    (root / ".env").write_text("TOKEN=x")
    (root / "NOTES.md").write_text("# Notes\n")
    (docs / "leak.txt").symlink_to(tmp_path / "secret.txt")
    (docs / "env.txt").symlink_to(root / ".env")
    (docs / "folder").symlink_to(tmp_path)
    (docs / "notes.md").symlink_to(root / "NOTES.md")
    shell = load_shell(settings)
    built = {p.relative_to(shell.folder).as_posix() for p in shell.folder.rglob("*")}
    assert "notes/index.html" in built
    assert not {"leak.txt", "env.txt", "folder/secret.txt"} & built
    assert any("'leak.txt' is a link" in warning for warning in shell.warnings)


def test_a_page_in_the_place_of_the_cards_is_an_error(tmp_path: Path) -> None:
    settings = make_source(tmp_path, engine="zensical", index="# Hi\n", cards="# My own\n")
    with pytest.raises(SiteError, match=r"'cards\.md' stands where the list of cards goes"):
        load_shell(settings)


def test_without_any_source_zensical_makes_a_home_page(tmp_path: Path) -> None:
    shell = load_shell(SiteSettings(tmp_path, title='Our "runs"', language="fr", engine="zensical"))
    home = (shell.folder / "index.html").read_text(encoding="utf-8")
    assert "<!-- cardgen:cards -->" in home
    assert shell.generated == {"cards", "home"}
    assert shell.title == 'Our "runs"'


def test_zensical_stamps_with_the_contents_on_the_left(tmp_path: Path) -> None:
    config = (
        "site_name: x\ntheme: {name: material, custom_dir: over, features: [toc.integrate,"
        " navigation.tabs.sticky, navigation.tabs, navigation.path, search.share]}\n"
    )
    settings = make_source(tmp_path, config, engine="zensical", index="# Hi\n")
    (settings.source / "over").mkdir()
    (settings.source / "over" / "main.html").write_text(
        '{% extends "base.html" %}{% block announce %}News!{% endblock %}'
    )
    html = stamp(make_stamper(load_shell(settings)), CARD)
    assert "News!" in html
    assert html.count('data-md-component="toc"') == 1
    assert 'data-cardgen="search-share"' in html


def test_without_zensical_the_next_step_is_said(tmp_path: Path) -> None:
    settings = make_source(tmp_path, engine="zensical", index="# Hi\n")
    (tmp_path / "zensical.py").write_text("raise ImportError('no such package')\n")
    script = (
        "import sys; from pathlib import Path; from cardgen.site.settings import SiteSettings\n"
        "from cardgen.site import shell\n"
        f"shell.load_shell(SiteSettings(Path({str(settings.root)!r}), engine='zensical'))"
    )
    path = ":".join([str(tmp_path), str(Path(__file__).parents[2])])
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert "Zensical is not installed; run: pip install 'cardgen[zensical]'" in done.stderr


def test_an_engine_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="There is no engine 'hugo'"):
        load_shell(SiteSettings(tmp_path, engine="hugo"))


def test_reports_are_read_whatever_their_colours() -> None:
    said = (
        "Build started\n\x1b[33mWarning:\x1b[0m page does not exist\n"
        "   \x1b[38;5;246m╭─[ guide/a.md:12:5 ]\x1b[0m\n"
        "   │\n 12 │ see [x](y.md) now\n    │         ──┬─\n"
        "    │           ╰─── page does not exist\n────╯\n"
        "WARNING -  The 'site_url' option is not set.\n1 issue found\n"
    )
    assert parse_notes(said) == [
        "guide/a.md:12:5: page does not exist: 'y.md'",
        "The 'site_url' option is not set.",
    ]
