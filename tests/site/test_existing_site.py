"""Cards that join the site which a repository has already: configurations as they are found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from cardgen.errors import SiteError
from cardgen.site.build import BuildResult, build_site
from cardgen.site.live import LiveSite
from cardgen.site.settings import SiteSettings
from cardgen.site.shell import load_shell
from tests.projects import make_project
from tests.site.samples import CARD, make_card

pytestmark = pytest.mark.slow

PAGES = {
    "index.md": "# Tokens\n\nA library. See the [guide](guide/index.md) and [API](api.md).\n",
    "guide/index.md": "# Guide\n\n![logo](../img/logo.svg)\n\n## First steps\n\nGiraffes.\n",
    "guide/more.md": '# More\n\n!!! note\n    Hi.\n\n=== "A"\n    a\n\n=== "B"\n    b\n',
    "api.md": "---\nsearch:\n  exclude: true\n---\n# API\n\n`tokens.split` and okapis.\n",
    "img/logo.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>',
    "css/extra.css": ".md-typeset h1 { color: teal; }\n",
    "js/extra.js": "window.theirs = 1;\n",
}

RICH = """\
INHERIT: base.yml
site_name: Tokens
site_url: https://team.example/tokens/
repo_url: https://github.com/team/tokens
edit_uri: edit/main/docs/
theme:
  name: material
  custom_dir: overrides
  language: de
  logo: img/logo.svg
  palette: {scheme: slate, primary: teal}
  features: [navigation.tabs, navigation.indexes, content.action.edit, toc.follow]
extra_css: [css/extra.css]
extra_javascript: [js/extra.js]
hooks: [tools/hook.py]
nav:
  - Home: index.md
  - Guide:
      - guide/index.md
      - guide/more.md
  - API: api.md
"""

BASE = """\
copyright: !ENV [TOKENS_COPYRIGHT, "The team"]
markdown_extensions: [admonition, tables, {pymdownx.tabbed: {alternate_style: true}},
  pymdownx.superfences, {toc: {permalink: true}}]
plugins: [search, tags]
"""

HOOK = """\
def on_page_markdown(markdown, page, config, files):
    return markdown + f"\\n\\nHooked into {page.file.src_uri}, {len(page.file.abs_src_path)}.\\n"
def on_page_context(context, page, config, nav):
    return context | {"theirs": page.file.abs_src_path.upper()}
"""

MAIN = """\
{% extends "base.html" %}
{% block announce %}New release!{% endblock %}
{% block extrahead %}<script>window.early = 1</script>{% endblock %}
"""


@dataclass(frozen=True)
class Existing:
    """A repository with a site of its own, and that site as plain ``mkdocs build`` makes it."""

    root: Path
    plain: Path
    built: BuildResult

    def page(self, path: str) -> str:
        return (self.built.output / path).read_text("utf-8")

    @property
    def card(self) -> str:
        return self.page("cards/qa-1/index.html")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def make_repository(
    root: Path, config: str, *, name: str = "mkdocs.yml", docs: str = "docs", **more: str
) -> Path:
    write(root, {name: config} | {f"{docs}/{page}": text for page, text in PAGES.items()} | more)
    return root


def mkdocs(root: Path, config: str, into: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", config, "-d", str(into)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


def join(
    root: Path, config: str = "mkdocs.yml", engine: str = "mkdocs", title: str = "Experiments"
) -> BuildResult:
    settings = SiteSettings(root, engine=engine, mkdocs=Path(config), cards_title=title)
    return build_site([CARD, make_card(2)], settings)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Existing:
    folder = tmp_path_factory.mktemp("rich")
    files = {"base.yml": BASE, "tools/hook.py": HOOK, "overrides/main.html": MAIN}
    root = make_repository(folder / "repository", RICH, **files)
    mkdocs(root, "mkdocs.yml", folder / "plain")
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    built = join(root)
    kept = {
        p for p in root.rglob("*") if p.is_file() and p.relative_to(root).parts[0][0] not in "._"
    }
    assert {p: p.read_bytes() for p in kept if "__pycache__" not in p.parts} == {
        p: text for p, text in before.items() if "__pycache__" not in p.parts
    }
    return Existing(root, folder / "plain", built)


def article(html: str) -> str:
    return re.sub(r"\s+", " ", html[html.index("<article") : html.index("</article>")])


def links(html: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="([^"]*)"', html))


def check_pages(plain: Path, output: Path) -> int:
    """Every page of the plain site is there with the same content and links; how many."""
    pages = [p for p in plain.rglob("*.html") if p.name != "404.html"]
    for path in pages:
        theirs, ours = (
            path.read_text("utf-8"),
            (output / path.relative_to(plain)).read_text("utf-8"),
        )
        ours = ours.replace(" data-pagefind-body", "")
        assert article(ours) == article(theirs), path
        assert links(theirs) - links(ours) <= {"https://fonts.gstatic.com"} | {
            link for link in links(theirs) if link.startswith("https://fonts.googleapis.com/")
        }
        assert (
            re.search("<title>.*?</title>", ours)[0] == re.search("<title>.*?</title>", theirs)[0]
        )  # type: ignore[index]
    return len(pages)


def test_their_pages_come_out_as_before(rich: Existing) -> None:
    assert check_pages(rich.plain, rich.built.output) == 4
    for name in ("css/extra.css", "js/extra.js", "img/logo.svg"):
        assert (rich.built.output / name).read_bytes() == (rich.plain / name).read_bytes()


def test_a_card_has_their_header_theme_and_navigation(rich: Existing) -> None:
    card = rich.card
    assert 'data-md-color-primary="teal"' in card
    assert '<img src="../../img/logo.svg" alt="logo">' in card
    assert '<link rel="stylesheet" href="../../css/extra.css">' in card
    assert '<script src="../../js/extra.js"></script>' in card
    assert "New release!" in card
    assert "The team" in card
    assert "Suche" in card.split("<article")[0]  # the theme speaks German, the card English
    assert '<html lang="en"' in card
    assert '<link rel="canonical" href="https://team.example/tokens/cards/qa-1/">' in card
    assert 'rel="edit"' not in card
    assert {"../../", "../../guide/", "../../api/"} <= links(card)
    assert CARD.body in card


def test_the_cards_are_one_entry_at_the_end(rich: Existing) -> None:
    tabs = re.findall(r'<a href="([^"]*)" class="md-tabs__link">', rich.page("api/index.html"))
    assert tabs == ["..", "../guide/", "./", "../cards/"]


def test_their_own_inline_scripts_may_run_and_only_those(rich: Existing) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", rich.card, re.DOTALL)
    assert "window.early = 1" in scripts
    for script in scripts:
        digest = b64encode(sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in rich.card[:1500], script[:60]
    assert rich.card.count("'sha256-") == len(scripts)


def test_a_page_left_out_of_search_stays_out(rich: Existing) -> None:
    assert "data-pagefind-body" in rich.page("guide/index.html")
    assert "data-pagefind-body" not in rich.page("api/index.html")


def test_nothing_is_said_of_a_hook_that_fails_over_the_cards(rich: Existing) -> None:
    assert rich.built.warnings == ()


def test_the_site_map_has_both(rich: Existing) -> None:
    text = rich.page("sitemap.xml")
    for path in ("", "guide/more/", "cards/", "cards/qa-1/"):
        assert f"<loc>https://team.example/tokens/{path}</loc>" in text


def test_a_place_in_the_navigation_can_be_chosen(tmp_path: Path) -> None:
    config = (
        "site_name: x\ntheme: {name: material}\n"
        "nav:\n  - index.md\n  - Work:\n      - Our runs: cards/\n      - api.md\n"
    )
    html = (join(make_repository(tmp_path, config)).output / "cards/index.html").read_text("utf-8")
    assert html.count(">\nOur runs\n<") >= 1
    assert html.index("Our runs") < html.index('href="../api/"')


@pytest.mark.parametrize("docs", ["docs", "documentation/pages"])
@pytest.mark.parametrize("name", ["mkdocs.yml", "docs/mkdocs.yml", "config/mkdocs.insiders.yml"])
def test_wherever_configuration_and_pages_lie(tmp_path: Path, name: str, docs: str) -> None:
    if name.startswith(docs):
        docs = "docs/src"
    way = "../" * name.count("/") + docs
    config = f"site_name: x\ntheme: material\ndocs_dir: {way}\n"
    root = make_repository(tmp_path, config, name=name, docs=docs)
    built = join(root, name)
    assert "Giraffes" in (built.output / "guide/index.html").read_text("utf-8")
    assert (built.output / "cards/qa-1/index.html").is_file()
    assert not list((root / docs).rglob("*.html"))


def test_addresses_that_end_in_html_stay(tmp_path: Path) -> None:
    config = "site_name: x\ntheme: material\nuse_directory_urls: false\nnav: [index.md, api.md]\n"
    root = make_repository(tmp_path / "r", config)
    mkdocs(root, "mkdocs.yml", tmp_path / "plain")
    built = join(root)
    assert check_pages(tmp_path / "plain", built.output) == 4
    card = (built.output / "cards/qa-1/index.html").read_text("utf-8")
    assert {"../../index.html", "../../api.html", "../../cards/index.html"} <= links(card)
    assert "../cards/index.html" in links((built.output / "guide/more.html").read_text("utf-8"))


AWESOME = "site_name: x\ntheme: material\nplugins: [search, awesome-nav, section-index]\n"


@pytest.mark.parametrize(
    "order",
    ["nav: [index.md, api.md, guide]\n", "nav: [api.md, '*']\n", "sort: {direction: desc}\n"],
)
def test_a_plugin_that_arranges_the_navigation(tmp_path: Path, order: str) -> None:
    built = join(make_repository(tmp_path, AWESOME, **{"docs/.nav.yml": order}))
    html = (built.output / "api/index.html").read_text("utf-8")
    entries = re.findall(r'<a href="(\.\./cards/)" class="md-nav__link', html)
    assert len(entries) == 1
    assert "Experiments" in html
    assert {"../guide/", ".."} <= links(html)


def test_plugins_that_look_at_each_page(tmp_path: Path) -> None:
    config = (
        "site_name: x\ntheme: material\nextra: {answer: 42}\nplugins:\n  - search\n  - macros\n"
        "  - git-revision-date-localized: {enable_creation_date: true}\n"
    )
    project = make_project(tmp_path)
    root = make_repository(tmp_path, config, **{"docs/x.md": "# X\n\nIt is {{ answer }}.\n"})
    project.git("add", ".")
    project.git("commit", "-q", "-m", "Pages")
    built = join(root)
    page = (built.output / "x/index.html").read_text("utf-8")
    assert "It is 42." in page
    assert "git-revision-date" in page
    assert "git-revision-date" not in (built.output / "cards/qa-1/index.html").read_text("utf-8")


def test_what_would_spoil_finished_pages_is_left_out_and_said(tmp_path: Path) -> None:
    config = (
        "site_name: x\ntheme: {name: material, features: [navigation.instant]}\n"
        "plugins:\n  - search\n  - offline\n  - minify: {minify_html: true}\n"
    )
    warnings = join(make_repository(tmp_path, config)).warnings
    assert [w.split()[0:3] for w in warnings] == [
        ["navigation.instant", "is", "left"],
        ["The", "plugin", "'minify'"],
        ["The", "plugin", "'offline'"],
    ]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("site_name: x\ntheme: readthedocs\n", "The theme is 'readthedocs'"),
        ("site_name: x\n", "The theme is 'mkdocs'"),
        ("site_name: x\ntheme: material\ndocs_dir: _site\n", "where cardgen writes"),
        ("site_name: x\ntheme: material\ndocs_dir: .\n", "where cardgen writes"),
        ("site_name: x\ntheme: material\ndocs_dir: nowhere\n", "nowhere"),
    ],
)
def test_what_cannot_be_joined_is_one_sentence(tmp_path: Path, config: str, said: str) -> None:
    (tmp_path / "_site").mkdir()
    with pytest.raises(
        SiteError, match=r"^mkdocs could not build the pages of mkdocs\.yml"
    ) as told:
        join(make_repository(tmp_path, config))
    assert said in told.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        SiteError, match=r"There is no docs/mkdocs\.yml, which 'site\.mkdocs' names"
    ):
        join(tmp_path, "docs/mkdocs.yml")


PLAIN = "site_name: x\ntheme: material\n"


def rebuilt(root: Path, change: Callable[[], object]) -> bool:
    """Whether a change makes the engine run again, and nothing else does."""
    settings = SiteSettings(root, mkdocs=Path("mkdocs.yml"))
    result = load_shell(settings).folder.parent / "result.json"
    before = result.stat().st_mtime_ns
    load_shell(settings)
    assert result.stat().st_mtime_ns == before
    change()
    folder = load_shell(settings).folder.parent
    return (folder / "result.json").stat().st_mtime_ns != before or folder != result.parent


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("docs/api.md", True),
        ("base.yml", True),
        ("overrides/main.html", True),
        ("train.py", False),
        ("experiments/qa-1/card.md", False),
    ],
)
def test_what_the_site_is_made_of_is_followed(tmp_path: Path, name: str, again: bool) -> None:
    config = "INHERIT: base.yml\nsite_name: x\ntheme: {name: material, custom_dir: overrides}\n"
    files = {"base.yml": "copyright: y\n", "overrides/main.html": MAIN, "train.py": "print()\n"}
    root = make_repository(tmp_path, config, **files)
    changed = {"base.yml": "copyright: z\n"}.get(name, "# Other\n")
    assert rebuilt(root, lambda: write(root, {name: changed})) is again


@pytest.mark.parametrize(
    ("name", "again"), [("src/code.py", True), ("experiments/qa-1/card.md", False)]
)
def test_with_a_hook_any_file_may_be_a_source(tmp_path: Path, name: str, again: bool) -> None:
    files = {"tools/hook.py": "def on_config(config):\n    return config\n", "src/code.py": "1\n"}
    root = make_repository(tmp_path, f"{PLAIN}hooks: [tools/hook.py]\n", **files)
    assert rebuilt(root, lambda: write(root, {name: "22\n"})) is again


def test_a_project_names_its_site_in_cardgen_yaml(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    shutil.rmtree(tmp_path / "site")
    make_repository(tmp_path, f"{PLAIN}nav: [index.md, api.md]\n")
    project.write("cardgen.yaml", "lang: pl\nsite:\n  mkdocs: mkdocs.yml\n")
    project.ok("new", "qa-1", "--title", "A first try")
    project.ok("build")
    card = project.read("_site/cards/qa-1/index.html")
    assert '<html lang="pl"' in card
    assert {"../../api/", "../../guide/"} & links(card)
    assert project.read("_site/index.html").count("Giraffes") == 0
    assert not (tmp_path / "site").exists()


def test_serving_follows_their_pages(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    make_repository(tmp_path, PLAIN)
    project.write("cardgen.yaml", "site:\n  mkdocs: mkdocs.yml\n")
    from cardgen.config import load_config

    live = LiveSite(load_config(tmp_path))
    try:
        assert set(live.site.shell.sources) == {tmp_path / "mkdocs.yml", tmp_path / "docs"}
        project.write("docs/api.md", "# API\n\nA new quokka.\n")
        live.update_docs((tmp_path / "docs/api.md",))
        assert "A new quokka" in project.read("_site/api/index.html")
    finally:
        live.close()


def test_zensical_joins_it_too(tmp_path: Path) -> None:
    files = {"base.yml": BASE, "tools/hook.py": HOOK, "overrides/main.html": MAIN}
    built = join(make_repository(tmp_path, RICH, **files), engine="zensical")
    assert [w for w in built.warnings if "hooks" in w]
    card = (built.output / "cards/qa-1/index.html").read_text("utf-8")
    assert 'data-md-color-primary="teal"' in card
    assert '<link rel="stylesheet" href="../../css/extra.css">' in card
    assert "New release!" in card
    assert '<link rel="canonical" href="https://team.example/tokens/cards/qa-1/">' in card
    assert 'rel="edit"' not in card
    tabs = re.findall(r'<a href="([^"]*)" class="md-tabs__link">', card)
    assert tabs[-1] == "../../cards/"
    api = (built.output / "api/index.html").read_text("utf-8")
    assert "data-pagefind-body" not in api
