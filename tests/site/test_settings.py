"""Settings of a site: folders that may be built into."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardgen.errors import SiteError
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
