"""Fixtures for the site's tests: one real small site, built once, and a browser."""

from __future__ import annotations

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


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """A site of three cards, a home page with their list, and a guide; read only."""
    home = "# Our experiments\n\nWelcome.\n\n<!-- cardgen:cards -->\n"
    settings = make_source(tmp_path_factory.mktemp("built"), index=home, guide=GUIDE)
    return build_site([CARD, make_card(2), POLISH], settings, {"cards": list_cards})


@pytest.fixture(scope="session")
def shell(built: BuildResult) -> Shell:
    return load_shell(built.site.settings)
