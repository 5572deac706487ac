"""The engine's part: real mkdocs runs over what users write into ``site/``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cardgen.errors import SiteError
from cardgen.site import shell as shell_module
from cardgen.site.settings import SiteSettings
from cardgen.site.shell import MARKS, load_shell
from cardgen.site.stamp import make_stamper, stamp
from tests.site.samples import CARD, GUIDE, make_source

pytestmark = pytest.mark.slow

RICH = """
site_name: "Rich: & <strange>"
site_url: https://team.example/cards-of-ours/
repo_url: https://github.com/team/repository
edit_uri: edit/main/site/docs/
copyright: Team
theme:
  name: material
  custom_dir: overrides
  language: de
  features: [navigation.tabs, navigation.sections, navigation.path, navigation.footer,
    navigation.instant, navigation.instant.prefetch, navigation.indexes, search.share,
    search.suggest, toc.integrate, content.tabs.link, content.action.edit, announce.dismiss]
  palette: {scheme: slate}
plugins:
  - search: {lang: de}
  - tags
hooks: [hook.py]
extra:
  social: [{icon: fontawesome/brands/github, link: "https://github.com/team"}]
nav:
  - Start: index.md
  - Work:
      - Our runs: cards/
      - Guide: guide.md
"""


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> SiteSettings:
    root = tmp_path_factory.mktemp("rich")
    settings = make_source(root, RICH, index="# Hello\n\nText.\n", guide=GUIDE)
    overrides = settings.source / "overrides"
    overrides.mkdir()
    (overrides / "main.html").write_text(
        '{% extends "base.html" %}{% block announce %}News!{% endblock %}'
        "{% block extrahead %}<script>mine()</script>{% endblock %}"
    )
    (settings.source / "hook.py").write_text(
        "def on_page_markdown(markdown, **kwargs):\n    return markdown + '\\n\\nhooked\\n'\n"
    )
    return settings


def test_a_kept_shell_needs_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = make_source(tmp_path, index="# Hello\n")
    first = load_shell(settings)

    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("the engine was started")

    monkeypatch.setattr(shell_module.subprocess, "run", fail)
    assert load_shell(settings) == first
    (settings.source / "docs" / "index.md").write_text("# Hello again\n")
    with pytest.raises(AssertionError, match="engine was started"):
        load_shell(settings)


def test_without_any_source_there_is_a_home_page(tmp_path: Path) -> None:
    shell = load_shell(SiteSettings(tmp_path, title='Our "runs"', language="fr"))
    home = (shell.folder / "index.html").read_text(encoding="utf-8")
    assert "<!-- cardgen:cards -->" in home
    assert '<html lang="fr"' in home
    assert shell.generated == {"cards", "home"}
    assert shell.title == 'Our "runs"'
    assert not (tmp_path / "site").exists()


def test_the_source_folder_stays_as_it_is(tmp_path: Path) -> None:
    settings = make_source(tmp_path, guide=GUIDE)
    before = {p: p.stat().st_mtime_ns for p in settings.source.rglob("*")}
    load_shell(settings)
    assert {p: p.stat().st_mtime_ns for p in settings.source.rglob("*")} == before


def test_settings_of_the_user_hold(rich: SiteSettings) -> None:
    shell = load_shell(rich)
    assert shell.title == "Rich: & <strange>"
    assert shell.language == "de"
    assert shell.generated == {"cards"}
    guide = (shell.folder / "guide" / "index.html").read_text(encoding="utf-8")
    assert "hooked" in guide
    assert "News!" in guide
    assert 'href="https://github.com/team/repository/edit/main/site/docs/guide.md"' in guide
    assert rich.source / "overrides" in shell.templates


def test_a_rich_theme_is_stamped_like_a_plain_one(rich: SiteSettings) -> None:
    html = stamp(make_stamper(load_shell(rich)), CARD)
    assert not any(mark in html for mark in MARKS.values())
    assert html.count('data-md-component="toc"') == 1  # toc.integrate: the left sidebar only
    assert '<link rel="canonical" href="https://team.example/cards-of-ours/cards/qa-1/">' in html
    assert re.search(r"md-tabs__item--active.{0,80}../../cards/", html, re.DOTALL)
    assert 'rel="edit"' not in html
    assert 'rel="prev"' not in html
    assert html.encode().index(b'<meta charset="utf-8">') < 1000  # browsers read it up to 1024
    assert html.count("'sha256-") == 5


def test_what_would_break_a_guarded_page_is_left_out_and_said(rich: SiteSettings) -> None:
    shell = load_shell(rich)
    [warning] = shell.warnings
    assert "navigation.instant, navigation.instant.prefetch" in warning
    config = re.search(r'__config" type="application/json">(.*?)</script>', shell.sentinel)
    assert config
    features = json.loads(config[1])["features"]
    assert "navigation.sections" in features
    assert not any(name.startswith("navigation.instant") for name in features)


def test_the_themes_own_index_is_not_built(rich: SiteSettings) -> None:
    folder = load_shell(rich).folder
    assert not (folder / "search").exists()
    assert 'class="md-search__input"' in (folder / "guide/index.html").read_text(encoding="utf-8")


def test_the_cards_entry_stands_where_the_user_put_it(rich: SiteSettings) -> None:
    sentinel = load_shell(rich).sentinel
    assert "Our runs" in sentinel
    assert sentinel.index("Our runs") < sentinel.index('href="../guide/"')


def test_an_own_navigation_gets_an_entry_after_the_first(tmp_path: Path) -> None:
    config = "site_name: x\nnav: [{Start: index.md}, {Help: guide.md}]\n"
    settings = make_source(tmp_path, config, index="# Hi\n", guide=GUIDE)
    links = re.findall(r'<a href="(\S*)" class="md-nav__link', load_shell(settings).sentinel)
    assert [link for link in links if "#" not in link] == ["..", "./", "../guide/"]


def test_fonts_and_scripts_of_other_hosts(tmp_path: Path) -> None:
    config = (
        "site_name: x\ntheme: {name: material, font: {text: Lato}}\n"
        "extra_javascript: [https://cdn.example/x.js]\n"
    )
    shell = load_shell(make_source(tmp_path, config, index="# Hi\n"))
    assert "fonts.g" not in shell.sentinel
    assert [w.split()[0] for w in shell.warnings] == ["'theme.font'", "'extra_javascript'"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("site_name: [", "error parsing the configuration file"),
        ("site_name: x\nplugins: [nonesuch]", '"nonesuch" plugin is not installed'),
        ("site_name: x\ntheme: readthedocs", "The theme is 'readthedocs'"),
        ("site_name: x\nhooks: [hook.py]", "hook.py"),
        ("site_name: x\nmarkdown_extensions: [nonesuch]", "nonesuch"),
        ("site_name: x\nstrict: true\nnav: [nowhere.md]", "nowhere.md"),
        ("- a\n- b", "mkdocs"),
        ("just text", "mkdocs"),
    ],
)
def test_what_mkdocs_cannot_build_is_one_sentence(tmp_path: Path, config: str, said: str) -> None:
    settings = make_source(tmp_path, config, index="# Hi\n")
    with pytest.raises(SiteError, match=r"^mkdocs could not build the pages of site/: ") as caught:
        load_shell(settings)
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert not list((settings.work / "shell").iterdir())


def test_a_hook_that_ends_the_process_is_an_error(tmp_path: Path) -> None:
    config = "site_name: x\nhooks: [hook.py]\n"
    settings = make_source(tmp_path, config, index="# Hi\n")
    (settings.source / "hook.py").write_text("import os\nos._exit(7)\n")
    with pytest.raises(SiteError, match="status 7"):
        load_shell(settings)


def test_a_warning_is_passed_on_and_strict_makes_it_an_error(tmp_path: Path) -> None:
    settings = make_source(tmp_path, index="# Hi\n\n[there](nowhere.md)\n")
    [warning] = load_shell(settings).warnings
    assert "nowhere.md" in warning
    with pytest.raises(SiteError, match=r"nowhere\.md"):
        load_shell(SiteSettings(tmp_path, strict=True))


def test_a_link_out_of_the_project_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "project"
    settings = make_source(root, index="# Hi\n")
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
    settings = make_source(tmp_path, index="# Hi\n", cards="# My own\n")
    with pytest.raises(SiteError, match=r"'cards\.md' stands where the list of cards goes"):
        load_shell(settings)


def test_what_is_watched_and_the_environment_are_part_of_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("one")
    config = "site_name: !ENV [CARDGEN_TEST_NAME, None]\nwatch: [../notes]\n"
    settings = make_source(tmp_path, config, index="# Hi\n")
    monkeypatch.setenv("CARDGEN_TEST_NAME", "First")
    assert load_shell(settings).title == "First"
    monkeypatch.setenv("CARDGEN_TEST_NAME", "Second")
    shell = load_shell(settings)
    assert shell.title == "Second"
    result = shell.folder.parent / "result.json"
    before = result.stat().st_mtime_ns
    (tmp_path / "notes" / "a.md").write_text("two")
    load_shell(settings)
    assert result.stat().st_mtime_ns > before


def test_a_killed_build_leaves_nothing_that_counts(tmp_path: Path) -> None:
    settings = make_source(tmp_path, index="# Hi\n")
    shell = load_shell(settings)
    (shell.folder.parent / "result.json").unlink()
    (settings.work / "shell" / "new-left").mkdir()
    assert load_shell(settings) == shell
