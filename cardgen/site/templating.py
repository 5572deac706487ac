"""The templates of ``templates/``: everything that comes from data is escaped there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from cardgen.site.anchors import make_folder
from cardgen.site.markup import format_value, format_values, soften
from cardgen.site.speech import say_day


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"soft": soften, "value": format_value, "values": format_values}
    environment.filters |= {"folder": make_folder, "day": say_day}
    return environment


def template(name: str) -> Template:
    """A template of ``templates/`` by its name."""
    return _environment().get_template(f"{name}.html.jinja")
