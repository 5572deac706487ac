"""Everything that an output folder says, loaded file by file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cardgen.errors import TrackerError
from cardgen.safeyaml import UnsafeYaml, parse_yaml
from cardgen.trackers._folder import Folder, find_names
from cardgen.trackers.hf.card import ModelCard, parse_model_card, parse_param
from cardgen.trackers.hf.files import UnreadableFile, is_weights, load_json, load_text
from cardgen.trackers.hf.find import CARD, STATE, find_checkpoints, find_results
from cardgen.trackers.hf.logs import Logs, load_logs
from cardgen.trackers.hf.state import parse_number, parse_numbers, parse_step

MAX_COMPARED = 200
"""Checkpoints whose state is compared with the run's."""

_ARGUMENTS = ("training_args.json", "trainer_args.json", "run_config.json", "args.json")
_CONFIGS = ("config.json", "adapter_config.json", "config_sentence_transformers.json")


@dataclass(frozen=True)
class Record:
    """An output folder as read: JSON objects as they are, checkpoints as name -> step."""

    folder: Folder
    names: Mapping[str, bool]
    state: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, float] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    card: ModelCard = field(default_factory=ModelCard)
    logs: Logs = field(default_factory=Logs)
    checkpoints: Mapping[str, int | None] = field(default_factory=dict)


def load_record(folder: Folder) -> Record:
    """Read a folder; raises TrackerError where nothing in it is a Trainer's.

    A file beside the state that cannot be read is left out; the rest is read.
    """
    names = find_names(folder)
    checkpoints = find_checkpoints(names)
    state = _load_state(folder, names, checkpoints)
    card = parse_model_card(_load_text(folder, names, CARD))
    record = Record(
        folder,
        names,
        state=state,
        results=_load_results(folder, names),
        args=_load_arguments(folder, names),
        configs=_load_configs(folder, names, checkpoints),
        card=card,
        logs=load_logs(folder, names, scalars=not state.get("log_history")),
        checkpoints=_find_own(folder, state, checkpoints),
    )
    _refuse_stranger(record)
    return record


def _refuse_stranger(record: Record) -> None:
    known = record.state or record.logs.args or record.card.params or record.card.packages
    has_model = bool(record.configs) or any(map(is_weights, record.names))
    if not known and not (has_model and (record.results or "training_args.bin" in record.names)):
        raise TrackerError(
            f"The folder '{record.folder.name}' holds no output of the Hugging Face Trainer.",
            f"Name the folder with {STATE} or with the checkpoint-* folders.",
        )


def _load_state(
    folder: Folder, names: Mapping[str, bool], checkpoints: Mapping[str, int | None]
) -> dict[str, Any]:
    """The folder's state, else that of its newest readable checkpoint.

    Raises UnreadableFile where there are states and none of them can be read.
    """
    fault: UnreadableFile | None = None
    places = [folder] if STATE in names else []
    places += [folder.inner(name) for name in _newest_first(checkpoints)]
    for place in places:
        if place is not folder and STATE not in find_names(place):
            continue
        try:
            state = load_json(place, STATE)
        except UnreadableFile as error:
            fault = fault or error
            continue
        if isinstance(state.get("log_history"), list) or "global_step" in state:
            return state
        fault = fault or UnreadableFile(
            f"{place.inner(STATE).name} is no state of the Trainer.", "Restore the file."
        )
    if fault:
        raise fault
    return {}


def _newest_first(checkpoints: Mapping[str, int | None]) -> list[str]:
    """By step; a checkpoint without one in its name comes last."""
    numbered = [name for name, step in checkpoints.items() if step is not None]
    return [*reversed(numbered), *(name for name in checkpoints if checkpoints[name] is None)]


def _find_own(
    folder: Folder, state: Mapping[str, Any], checkpoints: Mapping[str, int | None]
) -> dict[str, int | None]:
    """The checkpoints of this very training: a folder that was used twice holds others too."""
    last = parse_step(state.get("global_step"))
    own: dict[str, int | None] = {}
    for index, (name, step) in enumerate(checkpoints.items()):
        if step is not None and last is not None and step > last:
            continue
        if index < MAX_COMPARED and not _continues(folder.inner(name), state):
            continue
        own[name] = step
    return own


def _continues(checkpoint: Folder, state: Mapping[str, Any]) -> bool:
    """Whether the state's log begins with the checkpoint's, as far as both can be read."""
    try:
        earlier = load_json(checkpoint, STATE).get("log_history")
    except UnreadableFile:
        return True
    log = state.get("log_history")
    if not isinstance(earlier, list) or not isinstance(log, list):
        return True
    return bool(earlier == log[: len(earlier)])


def _load_results(folder: Folder, names: Mapping[str, bool]) -> dict[str, float]:
    results: dict[str, float] = {}
    for name in find_results(names):
        for key, value in _load_numbers(folder, name).items():
            results.setdefault(key, value)
    return results


def _load_numbers(folder: Folder, name: str) -> dict[str, float]:
    """The numbers of a results file; the oldest versions wrote lines of ``name = number``."""
    try:
        if name.endswith(".json"):
            return parse_numbers(load_json(folder, name))
        text = load_text(folder, name)
    except UnreadableFile:
        return {}
    pairs = (line.partition(" = ") for line in text.splitlines())
    numbers = {key.strip(): parse_number(parse_param(value.strip())) for key, _, value in pairs}
    return {key: value for key, value in numbers.items() if key and value is not None}


def _load_arguments(folder: Folder, names: Mapping[str, bool]) -> dict[str, Any]:
    """Arguments that a script wrote beside the output, the Trainer's own names first."""
    args: dict[str, Any] = {}
    for name in _ARGUMENTS:
        args = _load_object(folder, names, name) | args
    if "training_args.yaml" in names:
        with suppress(UnsafeYaml):
            value = parse_yaml(_load_text(folder, names, "training_args.yaml"))
            args = (value if isinstance(value, dict) else {}) | args
    return args


def _load_configs(
    folder: Folder, names: Mapping[str, bool], checkpoints: Mapping[str, int | None]
) -> dict[str, Mapping[str, Any]]:
    """The model's configuration, from the folder or its newest checkpoint."""
    places = [(folder, names)]
    places += [(p, find_names(p)) for p in map(folder.inner, _newest_first(checkpoints)[:3])]
    configs: dict[str, Mapping[str, Any]] = {}
    for name in _CONFIGS:
        for place, inside in places:
            value = _load_object(place, inside, name)
            if value:
                configs[name] = value
                break
    return configs


def _load_object(folder: Folder, names: Mapping[str, bool], name: str) -> dict[str, Any]:
    if name in names:
        with suppress(UnreadableFile):
            return load_json(folder, name)
    return {}


def _load_text(folder: Folder, names: Mapping[str, bool], name: str) -> str:
    if name in names:
        with suppress(UnreadableFile):
            return load_text(folder, name)
    return ""
