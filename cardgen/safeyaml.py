"""YAML 1.2 from strangers, read safely: the only importer of ruamel.yaml.

Bounded in size, depth and number of nodes; no aliases, anchors, merge keys, tags or further
documents, since each of them can hang, crash or mislead a reader. Where the files of other programs
need them, aliases and merge keys can be allowed: what they stand for counts each time. Numbers and
words are those of YAML 1.2: ``1e-4`` is a number, ``no`` and ``12:30:45`` are strings.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import ReaderError

from cardgen.errors import CardgenError

MAX_BYTES = 64 * 1024
MAX_LINE = 16 * 1024
MAX_DEPTH = 32
MAX_NODES = 20_000

_SURROGATE = re.compile("[\ud800-\udfff]")

# What ruamel.yaml was seen to raise on mutated documents besides its own error.
_FAULTS = (
    YAMLError,
    RecursionError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    IndexError,
    OverflowError,
)


class UnsafeYaml(CardgenError):
    """The text is no YAML, or YAML of a kind that is not read; ``line`` counts from 1."""

    def __init__(self, message: str, line: int = 1, hint: str = "") -> None:
        super().__init__(message, hint)
        self.line = line


class _Constructor(SafeConstructor):
    """Leaves as text what only looks like a number or a date, such as ``2023-13-45``."""

    def construct_int_or_text(self, node: ScalarNode) -> Any:
        return self._or_text(self.construct_yaml_int, node)

    def construct_float_or_text(self, node: ScalarNode) -> Any:
        return self._or_text(self.construct_yaml_float, node)

    def construct_time_or_text(self, node: ScalarNode) -> Any:
        return self._or_text(self.construct_yaml_timestamp, node)

    def _or_text(self, construct: Callable[[ScalarNode], Any], node: ScalarNode) -> Any:
        try:
            return construct(node)
        except (ValueError, OverflowError):
            return node.value


_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.construct_int_or_text)
_Constructor.add_constructor("tag:yaml.org,2002:float", _Constructor.construct_float_or_text)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_time_or_text)


@dataclass(frozen=True)
class Mark:
    """Where a value stands: character offsets into the text, and its line counted from 1."""

    start: int
    end: int
    line: int
    flow: bool = False


Path = tuple[str, ...]
Marks = Mapping[Path, tuple[Mark, Mark]]
"""Where each key and its value stand, by path: ``("model", "name")``, ``("runs", "0")``.

A list item's key mark is that of the item itself.
"""


@dataclass(frozen=True)
class Parsed:
    """A document's values, as dicts, lists and scalars, and where they stand."""

    values: Any
    marks: Marks


def read_yaml(text: str, *, max_bytes: int = MAX_BYTES) -> Parsed:
    """Read one document in one pass; raises UnsafeYaml with the line."""
    values, node = _read(text, max_bytes)
    marks: dict[Path, tuple[Mark, Mark]] = {}
    if node is not None:
        _collect_marks(node, (), marks)
    return Parsed(values, marks)


def parse_yaml(text: str, *, max_bytes: int = MAX_BYTES, aliases: bool = False) -> Any:
    """Read one document's values; raises UnsafeYaml with the line.

    ``aliases`` allows anchors, aliases and merge keys. Values may then be shared: change none.
    """
    return _read(text, max_bytes, aliases)[0]


def find_marks(text: str, *, max_bytes: int = MAX_BYTES) -> Marks:
    """Where each key and value of a document stands; raises UnsafeYaml with the line."""
    return read_yaml(text, max_bytes=max_bytes).marks


def _read(text: str, max_bytes: int, aliases: bool = False) -> tuple[Any, Node | None]:
    _refuse_size(text, max_bytes)
    reader = YAML(typ="safe", pure=True)
    reader.Parser = _AliasParser if aliases else _GuardedParser
    reader.Constructor = _Constructor
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            constructor, _ = reader.get_constructor_parser(text)
            node = constructor.composer.get_single_node()
            if aliases and node is not None:
                _refuse_expansion(node, {})
            return (None if node is None else constructor.construct_document(node)), node
    except _FAULTS as error:
        raise _as_unsafe(error, text) from None


class _GuardedParser(Parser):
    """Refuses, event by event and so before anything is built of them, what is not read."""

    depth = nodes = 0
    aliases = False

    def get_event(self) -> Any:
        event = super().get_event()
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, AliasEvent) and self.aliases:
            self.nodes += 1
        elif isinstance(event, AliasEvent):
            raise UnsafeYaml("YAML aliases (*name) are not read.", line, "Write it out.")
        elif isinstance(event, NodeEvent):
            self.nodes += 1
            _refuse_node(event, line, self.aliases)
            self.depth += isinstance(event, CollectionStartEvent)
            if self.depth > MAX_DEPTH or self.nodes > MAX_NODES:
                raise UnsafeYaml("The YAML is nested too deeply or too large.", line, "Simplify.")
        elif isinstance(event, CollectionEndEvent):
            self.depth -= 1
        return event


class _AliasParser(_GuardedParser):
    """Lets aliases and merge keys through; what they stand for is counted after."""

    aliases = True


def _refuse_expansion(node: Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """The nodes that a node stands for, and its depth, with every alias written out.

    Raises UnsafeYaml where that is too large, or where a node holds itself. ``known`` maps the
    nodes that were counted; None is one that is being counted. An alias comes after its anchor,
    so that this is never nested deeper than the text.
    """
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            raise UnsafeYaml("A YAML alias holds itself.", _mark(node).line, "Write it out.")
        return found
    known[id(node)] = None
    children: list[Node] = []
    if isinstance(node, MappingNode):
        children = [part for pair in node.value for part in pair]
    elif isinstance(node, SequenceNode):
        children = node.value
    counts = [_refuse_expansion(child, known) for child in children]
    nodes = 1 + sum(count for count, _ in counts)
    depth = 1 + max((deep for _, deep in counts), default=0)
    if nodes > MAX_NODES or depth > MAX_DEPTH + 1:
        raise UnsafeYaml("The YAML's aliases stand for too much.", _mark(node).line, "Simplify.")
    known[id(node)] = nodes, depth
    return nodes, depth


def _collect_marks(node: Node, prefix: Path, marks: dict[Path, tuple[Mark, Mark]]) -> None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            path = (*prefix, str(key.value))
            marks[path] = (_mark(key), _mark(value))
            _collect_marks(value, path, marks)
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            marks[(*prefix, str(index))] = (_mark(item), _mark(item))
            _collect_marks(item, (*prefix, str(index)), marks)


def _mark(node: Node) -> Mark:
    flow = bool(getattr(node, "flow_style", False))
    if isinstance(node, ScalarNode):
        flow = node.style not in ("|", ">")
    start, end = node.start_mark, node.end_mark
    return Mark(start.index, end.index, start.line + 1, flow)


def _refuse_size(text: str, max_bytes: int) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise UnsafeYaml(
            f"The YAML is larger than {max_bytes // 1024} KB.", 1, "Move long text out of it."
        )
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise UnsafeYaml(f"A line is longer than {MAX_LINE // 1024} KB.", number, "Break it.")


def _refuse_node(event: NodeEvent, line: int, aliases: bool) -> None:
    if event.anchor is not None and not aliases:
        raise UnsafeYaml("YAML anchors (&name) are not read.", line, "Write the value out.")
    tag = getattr(event, "tag", None)
    if tag is not None and str(tag) != "!":
        raise UnsafeYaml(f"YAML tags ({tag}) are not read.", line, "Remove the tag.")
    if isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
        raise UnsafeYaml("An escape such as \\ud83d is half a character.", line, "Write it itself.")
    merges = isinstance(event, ScalarEvent) and event.value == "<<" and event.implicit[0]
    if merges and not aliases:
        raise UnsafeYaml("YAML merge keys (<<) are not read.", line, "Write the values out.")


def _as_unsafe(error: BaseException, text: str) -> UnsafeYaml:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = str(getattr(error, "problem", None) or "it cannot be read")
    line = mark.line + 1 if mark is not None else 1
    if what == "but found another document":
        return UnsafeYaml("A second YAML document starts here.", line, "Keep one.")
    if isinstance(error, RecursionError):
        what = "it is nested too deeply"
    if isinstance(error, ReaderError):
        what = f"it holds the character U+{int(error.character):04X}"
        line = text.count("\n", 0, error.position) + 1
    return UnsafeYaml(f"This is no valid YAML: {what}.", line, "Correct the line; quote the value.")
