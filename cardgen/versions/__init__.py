"""Which version a path had at a commit, and which versions and stages a repository's tags give.

All of it is read from git: pointers of git-lfs, files of DVC and MLEM, tags of GTO. A folder that
is no repository, and a machine without git, give nothing.
"""

from __future__ import annotations

from cardgen.versions.complete import complete_run, complete_runs, find_versions
from cardgen.versions.pointers import Version
from cardgen.versions.registry import Registered, Registry, find_registry

__all__ = [
    "Registered",
    "Registry",
    "Version",
    "complete_run",
    "complete_runs",
    "find_registry",
    "find_versions",
]
