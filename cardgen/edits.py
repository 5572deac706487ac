"""Edits of front matter in place: the bytes of the edited value change, and no others.

The text between a value's marks is replaced; the result is read again, and unless every other
value is as it was, the edit is refused. A card is never dumped anew.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cardgen.documents import Halves, parse_card, split_document
from cardgen.errors import DocumentError, UsageError
from cardgen.languages import SECTIONS
from cardgen.safeyaml import Marks, UnsafeYaml, parse_yaml, read_yaml
from cardgen.safeyaml import Path as KeyPath
from cardgen.yamledit import add_item, format_key, remove_item, replace_value

Operator = Literal["=", "+=", "-="]

_ASSIGNMENT = re.compile(r"(?P<key>[^\W\d][^=]*?)\s*(?P<op>\+=|-=|=)(?P<value>.*)", re.DOTALL)
_TYPED = ("params", "results", "date")
_LISTS = frozenset(
    ("tags", "runs", "authors", "supersedes", "train", "predict", "data", "output", "accepted")
)


@dataclass(frozen=True)
class Assignment:
    """One ``key=value``, ``key+=value`` or ``key-=value``; nested keys have dots."""

    key: str
    operator: Operator
    value: Any


def parse_assignment(text: str) -> Assignment:
    """Read an assignment; raises UsageError where it is none or sets what cannot be set."""
    match = _ASSIGNMENT.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}' sets nothing.", "Write KEY=VALUE, KEY+=VALUE or KEY-=VALUE.")
    key, operator = match["key"].strip(), match["op"]
    if key in SECTIONS:
        raise UsageError(f"'{key}' is a section of the card.", "Write it below its heading.")
    if key == "code":
        raise UsageError(
            "The code is the folder's name.", "Rename it with 'git mv' and edit 'code:' by hand."
        )
    return Assignment(key, operator, _parse_value(key, match["value"]))  # type: ignore[arg-type]


def _parse_value(key: str, text: str) -> Any:
    top = key.split(".", maxsplit=1)[0]
    listed = top in _LISTS and text.startswith("[")
    mapped = text.startswith("{")
    if not (top in _TYPED or key == "source.dirty" or listed or mapped):
        return text
    try:
        return parse_yaml(f"v: {text}")["v"]
    except (UnsafeYaml, KeyError, TypeError):
        return text


def edit_front_matter(
    text: str, assignments: tuple[Assignment, ...], path: Path, label: str
) -> str:
    """A card's text with the assignments made; raises DocumentError where one is refused."""
    code = path.parent.name
    before = {p.message for p in parse_card(text, path, code, label).problems}
    for assignment in assignments:
        halves = split_document(text)
        if halves is None or not halves.closed:
            raise DocumentError(f"{label} has no front matter.", "Run 'cardgen check'.")
        front = _edit(halves, assignment, label)
        text = text[: halves.start] + front + text[halves.start + len(halves.front) :]
    new = [p for p in parse_card(text, path, code, label).problems if p.message not in before]
    if new:
        raise DocumentError(f"{label} stays as it is: {new[0].message}", new[0].hint)
    return text


def rename_key(text: str, old: str, new: str, path: Path, label: str) -> str:
    """A card's text with a key (dotted, where it lies inside another) called otherwise.

    ``new`` is dotted likewise. Raises DocumentError where the card would have another problem.
    """
    halves = split_document(text)
    if halves is None or not halves.closed:
        raise DocumentError(f"{label} has no front matter.", "Run 'cardgen check'.")
    try:
        marks = read_yaml(halves.front).marks
    except UnsafeYaml as error:
        raise DocumentError(f"{label}: {error.message}", error.hint) from None
    place, name = tuple(old.split(".")), new.rpartition(".")[2]
    if place not in marks or (*place[:-1], name) in marks:
        raise DocumentError(f"{label}: '{old}' cannot be called '{new}'.", "Edit it by hand.")
    key = marks[place][0]
    front = halves.front[: key.start] + format_key(name) + halves.front[key.end :]
    edited = text[: halves.start] + front + text[halves.start + len(halves.front) :]
    code = path.parent.name
    before = {p.message for p in parse_card(text, path, code, label).problems}
    found = [p for p in parse_card(edited, path, code, label).problems if p.message not in before]
    if found:
        raise DocumentError(f"{label} stays as it is: {found[0].message}", found[0].hint)
    return edited


def _edit(halves: Halves, assignment: Assignment, label: str) -> str:
    front = halves.front
    try:
        parsed = read_yaml(front)
        values, marks = parsed.values, parsed.marks
    except UnsafeYaml as error:
        line = halves.line + error.line - 1
        raise DocumentError(f"{label}:{line}: {error.message}", error.hint) from None
    if values is not None and not isinstance(values, dict):
        raise DocumentError(f"{label}: the front matter is no mapping.", "Run 'cardgen check'.")
    path = _find_path(assignment.key, marks)
    wanted = _wanted(values or {}, path, assignment)
    if wanted == (values or {}):
        return front
    edited = _OPERATIONS[assignment.operator](front, marks, path, assignment.value)
    try:
        as_asked = repr(parse_yaml(edited)) == repr(wanted) or _same(parse_yaml(edited), wanted)
    except UnsafeYaml:
        as_asked = False
    if not as_asked:
        line = halves.line + marks[path][0].line - 1 if path in marks else halves.line
        raise DocumentError(
            f"{label}:{line}: '{assignment.key}' cannot be edited without touching other lines.",
            "Edit it by hand.",
        )
    return edited


def _same(a: Any, b: Any) -> bool:
    """Equal values; dates and their ISO text are the same, and NaN equals NaN."""
    return json.dumps(a, default=str, sort_keys=True) == json.dumps(b, default=str, sort_keys=True)


def _find_path(key: str, marks: Marks) -> KeyPath:
    """The path that a dotted key means; a key of the card may itself hold dots."""
    parts = key.split(".")
    path: KeyPath = ()
    while parts:
        for count in range(len(parts), 0, -1):
            if (*path, ".".join(parts[:count])) in marks or count == 1:
                path, parts = (*path, ".".join(parts[:count])), parts[count:]
                break
    return path


def _wanted(values: dict[str, Any], path: KeyPath, assignment: Assignment) -> dict[str, Any]:
    """The front matter's values after the edit."""
    copy: dict[str, Any] = json.loads(json.dumps(values, default=str))
    here: Any = copy
    for part in path[:-1]:
        if isinstance(here, list):
            here = here[int(part)]
            continue
        if here.get(part) is None:
            here[part] = {}
        here = here[part]
        if not isinstance(here, (dict, list)):
            raise DocumentError(
                f"'{part}' is a single value and holds no '{path[-1]}'.",
                f"Set '{part}' as a whole, for example {part}='{{name: {here}, {path[-1]}: …}}'.",
            )
    last: Any = int(path[-1]) if isinstance(here, list) else path[-1]
    if assignment.operator == "=":
        here[last] = assignment.value
    else:
        here[last] = _wanted_list(here.get(last), assignment)
    return copy if not _same(copy, values) else values


def _wanted_list(old: Any, assignment: Assignment) -> list[Any]:
    items = [] if old is None else list(old) if isinstance(old, list) else [old]
    value = assignment.value
    if assignment.operator == "+=":
        return items if value in items else [*items, value]
    if value not in items:
        held = ", ".join(map(str, items)) or "nothing"
        raise DocumentError(f"'{assignment.key}' does not hold '{value}'.", f"It holds {held}.")
    return [item for item in items if item != value]


_OPERATIONS = {"=": replace_value, "+=": add_item, "-=": remove_item}
