"""The configuration and home page of a site that has none."""

from __future__ import annotations

import pytest

from cardgen.safeyaml import parse_yaml
from cardgen.site.defaults import MARKER, format_config, format_index


@pytest.mark.parametrize("title", ["Experiments", 'a: "b" # c', "Żółw & <b>", "{x}", "12"])
def test_any_title_stays_what_it_is(title: str) -> None:
    config = parse_yaml(format_config(title, "pl"))
    assert config["site_name"] == title
    assert config["theme"]["language"] == "pl"
    assert config["theme"]["font"] is False


def test_the_home_page_has_the_marker_on_a_line_of_its_own() -> None:
    assert MARKER in format_index("T", "Intro").splitlines()
