"""Fixtures for the site's tests: one real small site, built once, and a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from cardgen.site.build import BuildResult, build_site
from cardgen.site.shell import Shell, load_shell
from tests.browser import chromium
from tests.site.samples import CARD, GUIDE, list_cards, make_card, make_source

__all__ = ["chromium"]

POLISH = make_card(
    3,
    title="Żółw",
    body='<h1 id="top">Żółw</h1><p>Modele językowe i głębokie sieci.</p>',
    language="pl",
)

CHINESE = make_card(
    4,
    title="暂退法实验",
    body=(
        '<h1 id="top">暂退法实验</h1><h2 id="结论">结论</h2>'
        "<p>模型训练收敛很快，dropout 有帮助。</p>"
    ),
    contents=(),
    language="zh",
)


def build_sample(root: Path, engine: str = "mkdocs") -> BuildResult:
    """A site of four cards, a home page with their list, and a guide."""
    home = "# Our experiments\n\nWelcome.\n\n<!-- cardgen:cards -->\n"
    settings = make_source(root, engine=engine, index=home, guide=GUIDE)
    return build_site([CARD, make_card(2), POLISH, CHINESE], settings, {"cards": list_cards})


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], BuildResult]:
    """From an engine's name to the sample as that builds it; read only."""
    return cache(lambda engine: build_sample(tmp_path_factory.mktemp("built"), engine))


@pytest.fixture(scope="session")
def built(samples: Callable[[str], BuildResult]) -> BuildResult:
    """The sample as the default engine builds it; read only."""
    return samples("mkdocs")


@pytest.fixture(scope="session")
def shell(built: BuildResult) -> Shell:
    return load_shell(built.site.settings)
