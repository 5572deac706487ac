"""Rules of 'cardgen check --online': other modules ask, so that their severity can be set here."""

from __future__ import annotations

from cardgen.rules import declare

declare("gone-online", "warning", "A run, model or data set is not there any more (--online).")
declare("hidden-online", "advice", "A run, model or data set cannot be seen (--online).")
declare("unasked-online", "advice", "A server or store could not be asked (--online).")
