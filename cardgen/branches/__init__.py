"""Git as the store of versions: the cards of all branches and tags, without a checkout."""

from __future__ import annotations

from cardgen.branches.doubles import Double, Verdict, find_doubles, warn_doubles
from cardgen.branches.gather import Gathered, Version, find_uncommitted, gather, load_version
from cardgen.branches.refs import HERE, Ref, choose_refs, list_refs, split_patterns

__all__ = [
    "HERE",
    "Double",
    "Gathered",
    "Ref",
    "Verdict",
    "Version",
    "choose_refs",
    "find_doubles",
    "find_uncommitted",
    "gather",
    "list_refs",
    "load_version",
    "split_patterns",
    "warn_doubles",
]
