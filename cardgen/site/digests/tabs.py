"""The row of links above the list and above every digest."""

from __future__ import annotations

from markupsafe import Markup

from cardgen.site.context import RenderContext
from cardgen.site.templating import template

TABS = (
    ("cards", "cards"),
    ("conclusions", "part_conclusions"),
    ("problems", "digest_problems_tab"),
    ("models", "digest_models"),
    ("data", "digest_data"),
    ("tags", "table_tags"),
    ("tree", "digest_tree"),
    ("timeline", "digest_timeline"),
)
"""Each view's name, which is also its folder but for the list's, and its label."""


def render_tabs(current: str, context: RenderContext, root: str) -> Markup:
    """Links to the list and all digests; ``current`` names the one that stands below."""
    tabs = [
        (name == current, root + (context.cards_path if name == "cards" else f"{name}/"), label)
        for name, label in ((name, context.labels[key]) for name, key in TABS)
    ]
    html = template("digest_tabs").render(tabs=tabs, labels=context.labels)
    return Markup(html)  # noqa: S704  # a template's output, escaped there
