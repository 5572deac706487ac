"""What reading the files finds: rules without a function, named here for their severity."""

from __future__ import annotations

from cardgen.rules import declare

declare("front-matter", "error", "The front matter is no YAML, or there is none.")
declare("schema", "error", "A key of the front matter has a value that it cannot have.")
declare("unknown-key", "error", "A key of the front matter is none of a card.")
declare("unreadable", "error", "The card cannot be read as a text file of the project.")
declare("evidence", "error", "The evidence cannot be read as what it should be.")
declare("unknown-rule", "error", "A rule that cardgen.yaml sets does not exist.")
