"""One run's folder: its ``.wandb`` log, and the files beside it, which complement each other.

The log tells what happened in its order; ``files/`` (in clients before 0.10 the folder itself)
holds the state that was last written: ``config.yaml``, ``wandb-summary.json``,
``wandb-metadata.json``. Where the log says how the run ended, it is whole and has the last word;
else the files may be newer.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from cardgen.trackers.wandb.files import (
    MAX_FILES,
    MAX_TEXT,
    UnreadableFile,
    list_files,
    list_folder,
    load_bytes,
    load_json,
    load_yaml,
    open_regular,
    refuse_pointer,
)
from cardgen.trackers.wandb.find import FOLDER, is_log
from cardgen.trackers.wandb.framing import NoLog, read_records
from cardgen.trackers.wandb.messages import add_record
from cardgen.trackers.wandb.record import PRIVATE, Record
from cardgen.trackers.wandb.values import as_dict, parse_json

CONFIG, SUMMARY, MACHINE = "config.yaml", "wandb-summary.json", "wandb-metadata.json"
HISTORY, PATCH, PACKAGES = "wandb-history.jsonl", "diff.patch", "requirements.txt"

MAX_HISTORY = 256 * 1024 * 1024
"""Bytes of a history that clients before 0.10 wrote."""

_MAX_PACKAGES = 5000
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]\n]*\])? *===? *([^\s;#]+)", re.MULTILINE)


def read_folder(record: Record, folder: Path) -> None:
    """Take all that a run's folder holds; raises UnreadableFile where its log is none."""
    listing = list_folder(folder)
    logs = [name for name in listing.files if is_log(name)]
    named = FOLDER.fullmatch(folder.name)
    # A folder may hold copies; the log is called after the run.
    own = f"run-{named['id']}.wandb" if named else ""
    log = folder / (own if own in logs else logs[0]) if logs else None
    inner = folder / "files" if "files" in listing.folders else folder if log is None else None
    read_parts(record, log, inner)
    if named:
        record.run_id = record.run_id or named["id"]
        if named["mode"] == "run":
            record.synced = True
    if any(name.endswith(".wandb.synced") for name in listing.files):
        record.synced = True
    if inner is not None:
        listed = {file.path: file for file in (*record.files, *list_files(inner))}
        record.files = tuple(listed[path] for path in sorted(listed))[:MAX_FILES]


def read_parts(record: Record, log: Path | None, inner: Path | None) -> None:
    """Take one log and one folder of files, as far as they are there."""
    record.begin_part()
    names = list_folder(inner).files if inner is not None else ()
    if inner is not None and MACHINE in names:
        _read_machine(record, inner / MACHINE)
    rows = record.history.rows
    if log is not None:
        read_log(record, log)
    if inner is not None:
        if HISTORY in names and record.history.rows == rows:
            _read_history(record, inner / HISTORY)
        _read_state(record, inner, names)
        if PATCH in names:
            record.dirty = (inner / PATCH).lstat().st_size > 0 or record.dirty
        if PACKAGES in names:
            _read_packages(record, inner / PACKAGES)
    record.end_part()


def read_log(record: Record, path: Path) -> None:
    """Take the records of a ``.wandb`` file; raises UnreadableFile where it is none."""
    with open_regular(path) as stream:
        try:
            for data in read_records(stream):
                add_record(record, data)
        except NoLog:
            stream.seek(0)
            refuse_pointer(path, stream.read(1024))
            raise UnreadableFile(
                f"{path} is no file of Weights & Biases.", "Restore it from where it was written."
            ) from None
        except OSError as error:
            raise UnreadableFile(f"{path} cannot be read: {error}.", "Check the disk.") from None


def _read_machine(record: Record, path: Path) -> None:
    values = _load(record, path, load_json, "environment")
    record.add_machine(values)
    if "mode" in values or "exitcode" in values:
        record.add_old_state(values)


def _read_state(record: Record, inner: Path, names: tuple[str, ...]) -> None:
    """Configuration and summary: the log's where it is whole, else what was written last."""
    if CONFIG in names:
        loaded = _load(record, inner / CONFIG, load_yaml, "params")
        values = {key: _unwrap(value) for key, value in loaded.items() if key != "wandb_version"}
        record.add_private(as_dict(values.pop(PRIVATE, None)))
        record.config = values | record.config if record.ended else record.config | values
    if SUMMARY in names:
        values = _load(record, inner / SUMMARY, load_json, "metrics")
        logged = record.ended and bool(record.summary)
        record.summary = values | record.summary if logged else record.summary | values


def _unwrap(value: object) -> object:
    """A setting out of its envelope ``{desc: …, value: …}``."""
    return value["value"] if isinstance(value, dict) and "value" in value else value


def _load(record: Record, path: Path, load: Any, part: str) -> dict[str, Any]:
    """A file's values; where it is cut or odd, none, and the run says which part is missing."""
    try:
        values: dict[str, Any] = load(path)
    except UnreadableFile:
        record.unreadable.add(part)
        return {}
    return values


def _read_history(record: Record, path: Path) -> None:
    """The rows of an old client's history, up to the first that is cut."""
    try:
        lines = load_bytes(path, MAX_HISTORY).split(b"\n")
    except UnreadableFile:
        record.unreadable.add("curves")
        return
    for line in lines:
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError:
            return
        if isinstance(row, dict):
            record.history.add_row(row)


def _read_packages(record: Record, path: Path) -> None:
    try:
        text = load_bytes(path, MAX_TEXT).decode("utf-8", "replace")
    except UnreadableFile:
        return
    found = _REQUIREMENT.findall(text)[:_MAX_PACKAGES]
    record.packages = dict(sorted(found, key=lambda item: item[0].casefold()))
