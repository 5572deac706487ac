"""Rules on what git merged badly and on READMEs; both are found where the files are read."""

from __future__ import annotations

from cardgen.rules import declare

declare("readme-stale", "warning", "A generated README is not what the card says now.")
declare("merge-conflict", "error", "A file holds a conflict that git could not merge.")
