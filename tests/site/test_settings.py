"""Settings of a site: folders that may be built into."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardgen.config import Config, parse_settings
from cardgen.errors import ConfigError, SiteError
from cardgen.site.assembly import make_settings
from cardgen.site.settings import SiteSettings


def test_folders_are_relative_to_the_root(tmp_path: Path) -> None:
    settings = SiteSettings(tmp_path)
    assert settings.source == tmp_path / "site"
    assert settings.output == tmp_path / "_site"
    assert settings.work == tmp_path / ".cardgen"
    assert settings.config_file == tmp_path / "site" / "mkdocs.yml"


@pytest.mark.parametrize("output", [".", "..", "site", "site/built", "/tmp", "../beside"])
def test_a_folder_that_may_hold_something_else_is_refused(tmp_path: Path, output: str) -> None:
    with pytest.raises(SiteError, match="cannot be built into"):
        SiteSettings(tmp_path, output=Path(output))


def test_a_source_inside_the_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteError):
        SiteSettings(tmp_path, source=Path("all/site"), output=Path("all"))


def test_a_site_that_exists_may_lie_beside_the_output(tmp_path: Path) -> None:
    settings = SiteSettings(tmp_path, mkdocs=Path("mkdocs.yml"))
    assert settings.config_file == tmp_path / "mkdocs.yml"
    with pytest.raises(SiteError, match="cannot be built into"):
        SiteSettings(tmp_path, mkdocs=Path("_site/mkdocs.yml"))


def test_a_project_names_engine_and_site(tmp_path: Path) -> None:
    text = "experiments: runs\nsite: {engine: zensical, mkdocs: docs/mkdocs.yml}\n"
    settings = make_settings(Config(root=tmp_path, settings=parse_settings(text)))
    assert settings.engine == "zensical"
    assert settings.config_file == tmp_path / "docs" / "mkdocs.yml"
    assert settings.experiments == tmp_path / "runs"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("site: {engine: hugo}", "'site.engine' should be 'mkdocs' or 'zensical'"),
        ("site: {mkdocs: ../mkdocs.yml}", "'site.mkdocs' must be a file inside the project"),
    ],
)
def test_what_no_site_can_be_made_of(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_settings(text)
