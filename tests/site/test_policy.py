"""The policy: which scripts may run, and that it stands first."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from cardgen.site.build import BuildResult
from cardgen.site.policy import (
    choose_scripts,
    fill_script,
    find_scripts,
    format_policy,
    insert_policy,
)
from cardgen.site.shell import Shell, load_shell
from tests.site.samples import ENGINES

INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """What follows holds whichever engine built the site."""
    return str(request.param)


@pytest.fixture(scope="module")
def built(samples: Callable[[str], BuildResult], engine: str) -> BuildResult:
    return samples(engine)


@pytest.fixture(scope="module")
def shell(built: BuildResult) -> Shell:
    return load_shell(built.site.settings)


def pages_of(built: BuildResult) -> list[Path]:
    pages = sorted(built.output.rglob("*.html"))
    assert len(pages) >= 6
    return pages


def test_the_policy_is_the_first_element_of_every_page(built: BuildResult) -> None:
    for path in pages_of(built):
        html = path.read_text(encoding="utf-8")
        assert re.match(
            r'\s*<!doctype html>\s*<html[^>]*>\s*<head><meta http-equiv="Content-Security-Policy"',
            html,
        ), path


def test_the_charset_is_within_the_first_1024_bytes(built: BuildResult) -> None:
    for path in pages_of(built):
        assert b'<meta charset="utf-8">' in path.read_bytes()[:1024], path


def test_every_inline_script_of_every_page_is_listed(built: BuildResult) -> None:
    for path in pages_of(built):
        html = path.read_text(encoding="utf-8")
        scripts = INLINE.findall(html)
        assert scripts
        for script in scripts:
            digest = b64encode(sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in html[:1500], (path, script[:60])


def test_nothing_but_the_themes_templates_makes_the_list(shell: Shell) -> None:
    scripts = find_scripts(shell.templates)
    spoilt = shell.sentinel.replace("</article>", "<script>evil()</script></article>")
    chosen = choose_scripts(scripts, spoilt, "..", shell.scope)
    assert chosen
    assert not any("evil" in script for script in chosen)


def test_scripts_made_of_more_than_the_address_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<script>x("{{ base_url }}")</script><script>y("{{ page.title }}")</script>'
        "<script>{% if x %}z(){% endif %}</script>"
    )
    assert find_scripts([tmp_path]) == ('x("{{ base_url }}")',)


def test_an_override_hides_the_themes_own(tmp_path: Path) -> None:
    for name, text in (("mine", "mine()"), ("theme", "theme()")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.html").write_text(f"<script>{text}</script>")
    assert find_scripts([tmp_path / "mine", tmp_path / "theme"]) == ("mine()",)


def test_addresses_are_filled_in() -> None:
    script = 'a("{{ config.extra.scope | d(base_url) }}","{{ base_url }}")'
    assert fill_script(script, "../..") == 'a("../..","../..")'
    assert fill_script(script, "..", scope="/x/") == 'a("/x/","..")'


def test_the_rules_allow_no_other_host_and_no_inline_script() -> None:
    policy = format_policy([], "..")
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "default-src 'none'" in policy
    assert "http:" not in policy
    assert "https:" not in policy
    assert "*" not in policy


@pytest.mark.parametrize(
    ("html", "start"),
    [
        ("<p>x", "@<p>x"),
        ("<!DOCTYPE html><p>x", "<!DOCTYPE html>@<p>x"),
        ('<html data-x="<head>"><head>', '@<html data-x="<head>">'),
        ("<!-- <head> --><head>", "@<!--"),
        ('<!doctype html>\n<html lang="en" class="no-js">\n<head>\n', None),
        ("", "@"),
    ],
)
def test_it_stands_first_in_any_file(html: str, start: str | None) -> None:
    found = insert_policy(html, "@")
    assert found.startswith(start if start is not None else html.strip() + "@")
    assert found.replace("@", "", 1) == html
