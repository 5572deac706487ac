"""Texts that people log beside their metrics: arguments, a command, a description.

Only what is unmistakable is taken: the tag must say what the text is, and arguments must be JSON,
YAML, a Markdown table or a printed ``Namespace``, whole.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from cardgen.models import ParamValue
from cardgen.safeyaml import UnsafeYaml, parse_yaml

MAX_TEXT = 256 * 1024
"""Characters of a text that is read."""

MAX_BLOCKS = 1000
"""Params of a YAML text that are read one by one, because it cannot be read as a whole."""

MAX_DEPTH = 32

_SUFFIX = "/text_summary"
_PARAMS = re.compile(
    r"^(?:(?:hyper[-_ ]?|h)?param(?:eter)?s?|args?|arguments?|(?:train(?:ing)?_)?(?:config|args)"
    r"|configuration|cfg|options?|opts?|settings|flags|namespace)$",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^(?:command|cmd|command[-_ ]?line|cmd[-_ ]?line)$", re.IGNORECASE)
_DESCRIPTION = re.compile(r"^(?:description|notes?|comments?|goal|about)$", re.IGNORECASE)
_MODEL = "model_config"
_FENCE = re.compile(r"\A\s*```[\w+-]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_WRAPPED = re.compile(r"\A\s*<pre>(.*)</pre>\s*\Z", re.DOTALL)
_RULE = re.compile(r"^\s*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?)?\s*\|?\s*$")
_NAMESPACE = re.compile(r"\A\s*\w*(?:Namespace|Args|Arguments|Config)\(.*\)\s*\Z", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d{1,40}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_TUPLE = re.compile(r"(?<=: )!!python/tuple[ ]*$|(?<=- )!!python/tuple[ ]*$", re.MULTILINE)
_WORDS = {"None": None, "True": True, "False": False, "null": None, "true": True, "false": False}
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Said:
    """What a run's texts say; ``model`` is the model's configuration as the Trainer logs it."""

    params: dict[str, ParamValue] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    description: str = ""


def parse_texts(texts: Mapping[str, str]) -> Said:
    """Read the texts of a run, by their tags; what is none of these says nothing."""
    params: dict[str, ParamValue] = {}
    model: dict[str, Any] = {}
    commands, descriptions = [], []
    for tag, logged in sorted(texts.items()):
        name, text = tag.removesuffix(_SUFFIX).rpartition("/")[2], _unwrap(logged[:MAX_TEXT])
        if name == _MODEL:
            model = parse_params(text)
        elif _PARAMS.match(name):
            params = parse_params(text) | params
        elif _COMMAND.match(name) and text and "\n" not in text:
            commands.append(text)
        elif _DESCRIPTION.match(name) and text:
            descriptions.append(text)
    return Said(params, model, tuple(commands), "\n\n".join(descriptions))


def parse_params(text: str) -> dict[str, ParamValue]:
    """Params by name from JSON, a Markdown table, a ``Namespace`` or YAML; none from other text."""
    for parse in (_parse_json, _parse_table, _parse_namespace, parse_blocks):
        params = parse(text)
        if params:
            return params
    return {}


def _unwrap(text: str) -> str:
    """The text without the fence, tag or indent that shows it as code."""
    found = _FENCE.match(text) or _WRAPPED.match(text)
    text = found[1] if found else text
    lines = text.split("\n")
    if all(line.startswith(("    ", "\t")) for line in lines if line.strip()):
        lines = [line.removeprefix("\t").removeprefix("    ") for line in lines]
    return "\n".join(lines).strip()


def _parse_json(text: str) -> dict[str, ParamValue]:
    if not text.startswith("{"):
        return {}
    with suppress(ValueError, RecursionError):
        value = json.loads(text)
        return _named(value)
    return {}


def _parse_table(text: str) -> dict[str, ParamValue]:
    """A Markdown table of two columns, below a head."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 3 or not _RULE.match(lines[1]):
        return {}
    rows = [line.removeprefix("|").removesuffix("|").partition("|") for line in lines[2:]]
    if not all(bar for _, bar, _ in rows):
        return {}
    cells = ((name.strip(" `*"), value.strip().strip("`")) for name, _, value in rows)
    return {name: parse_word(value) for name, value in cells if name}


def parse_word(text: str) -> ParamValue:
    """A value as a table shows it: a number, True, None, else a text."""
    if text in _WORDS:
        return _WORDS[text]
    if re.fullmatch(r"[-+]?\d{1,18}", text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _parse_namespace(text: str) -> dict[str, ParamValue]:
    """A printed ``argparse.Namespace`` or data class; a value that is no literal stays text."""
    if not _NAMESPACE.match(text):
        return {}
    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    if not isinstance(call, ast.Call) or call.args:
        return {}
    return {word.arg: _parse_literal(word.value) for word in call.keywords if word.arg}


def _parse_literal(node: ast.expr) -> ParamValue:
    try:
        value = ast.literal_eval(node)
        json.dumps(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ast.unparse(node)
    return _plain(value)


def parse_blocks(text: str) -> dict[str, ParamValue]:
    """YAML of ``name: value``; where a value is a Python object, all others are read.

    Python's tuples are lists. No tag is ever resolved, so that no object is made.
    """
    with suppress(UnsafeYaml):
        return _named(parse_yaml(text))
    params: dict[str, ParamValue] = {}
    for block in islice(_split(_TUPLE.sub("", text)), MAX_BLOCKS):
        with suppress(UnsafeYaml):
            params |= _named(parse_yaml(block))
    return params


def _named(value: object, depth: int = 0) -> dict[str, ParamValue]:
    """A mapping with dates and the like as text; nothing for any other value."""
    if not isinstance(value, dict):
        return {}
    return {_clean(str(name)): _plain(item, depth + 1) for name, item in value.items()}


def _plain(value: object, depth: int = 0) -> ParamValue:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    return _named(value, depth) if isinstance(value, dict) else _clean(str(value))


def _clean(text: str) -> str:
    """Half a character, which JSON can write and UTF-8 cannot, becomes a question mark."""
    return _SURROGATE.sub("?", text)


def _split(text: str) -> Iterable[str]:
    """The text of each name at the margin, with what is indented below it."""
    block: list[str] = []
    for line in text.splitlines():
        if block and re.match(r"[^\s#\-\]}]", line):
            yield "\n".join(block)
            block = []
        block.append(line)
    yield "\n".join(block)
