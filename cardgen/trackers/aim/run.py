"""From an Aim run's two stores and its entry in the database to a Run."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from cardgen.models import Command, Environment, ParamValue, Run, Source, Status
from cardgen.trackers._series import split_series
from cardgen.trackers.aim.database import Entry
from cardgen.trackers.aim.place import Repo
from cardgen.trackers.aim.series import Store, collect_points
from cardgen.trackers.aim.tree import load_value

UNAVAILABLE = (
    "author",
    "environment.accelerator",
    "environment.host",
    "environment.os",
    "environment.python",
    "source.dirty",
)
"""What Aim records nowhere."""

_PARAMS = "hparams"
_SYSTEM_PARAMS = "__system_params"
_SEEDS = ("seed", "random_seed", "random_state")
_EXACT = 2**53
_MAX_DEPTH = 32
_MAX_ARGUMENTS = 10_000


def make_run(repo: Repo, run_hash: str, meta: Store, seqs: Store, entry: Entry | None) -> Run:
    """The run of its stores; ``entry`` is none where the database does not know it."""
    known = entry or Entry()
    attrs = _as_dict(load_value(meta, "meta", "chunks", run_hash, "attrs"))
    system = _as_dict(attrs.pop(_SYSTEM_PARAMS, None))
    ended = load_value(meta, "meta", "chunks", run_hash, "end_time")
    finished = _parse_seconds(ended)
    status = _find_status(repo, run_hash, ended=finished is not None)
    tracked = collect_points(run_hash, meta, seqs)
    series = split_series(tracked.points)
    params = make_params(attrs)
    tags = dict.fromkeys(known.tags, "") | ({"archived": ""} if known.archived else {})
    run = Run(
        ref=repo.ref_to(run_hash),
        tracker="aim",
        name=known.name,
        experiment=known.experiment,
        status=status,
        started=_parse_time(known.created),
        finished=finished,
        description="\n\n".join(filter(None, (known.description, *known.notes))),
        tags=dict(sorted(tags.items())),
        commands=_make_commands(system),
        source=_make_source(system),
        params=params,
        metrics=series.metrics,
        checkpoints=tuple(
            row
            if row.epoch is not None
            else row.model_copy(update={"epoch": tracked.epochs.get(row.step)})
            for row in series.checkpoints
        ),
        curves=series.curves,
        environment=_make_environment(system, params),
    )
    lacking = {"status": status is None, "metrics": tracked.nameless}
    missing = (*UNAVAILABLE, *(name for name, lacks in lacking.items() if lacks))
    return run.model_copy(update={"unavailable": tuple(sorted(missing))})


def _find_status(repo: Repo, run_hash: str, *, ended: bool) -> Status | None:
    """Running until Aim wrote an end; finished where the program said so.

    Aim writes the same end of a run that failed.
    """
    said = repo.path.joinpath("check_ins").glob(f"{run_hash}-*-finished-*")
    if any(True for _ in said):
        return "finished"
    return None if ended else "running"


# Params --------------------------------------------------------------------------------------


def make_params(attrs: Mapping[str, Any]) -> dict[str, ParamValue]:
    """What was set on the run: ``hparams`` by their own names, all else with its own before."""
    inner = attrs.get(_PARAMS)
    others = {key: value for key, value in attrs.items() if key != _PARAMS}
    params: dict[str, ParamValue] = {}
    if isinstance(inner, dict):
        params |= dict(_flatten(inner, ""))
    elif inner is not None:
        others[_PARAMS] = inner
    for name, value in _flatten(others, ""):
        params.setdefault(name, value)
    return dict(sorted(params.items()))


def _flatten(
    values: Mapping[str, Any], prefix: str, depth: int = 0
) -> Iterator[tuple[str, ParamValue]]:
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < _MAX_DEPTH:
            yield from _flatten(value, f"{path}/", depth + 1)
        else:
            yield path, _as_value(value)


def _as_value(value: Any) -> ParamValue:
    if isinstance(value, int) and abs(value) >= _EXACT:
        return str(value)
    if isinstance(value, list):
        return [_as_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _as_value(item) for key, item in value.items()}
    return value if isinstance(value, (bool, int, float, str)) else None


# Where and with what -------------------------------------------------------------------------


def _make_commands(system: Mapping[str, Any]) -> tuple[Command, ...]:
    """The interpreter and the arguments that the process was started with."""
    arguments = _find_arguments(system)
    if not arguments:
        return ()
    executable = system.get("executable")
    program = PurePosixPath(executable).name if isinstance(executable, str) else ""
    return (Command(line=shlex.join([*([program] if program else []), *arguments])),)


def _find_arguments(system: Mapping[str, Any]) -> list[str]:
    arguments = system.get("arguments")
    listed = arguments[:_MAX_ARGUMENTS] if isinstance(arguments, list) else []
    texts = [text for text in listed if isinstance(text, str)]
    whole = len(texts) == len(listed) and texts and texts[0] not in ("", "-c", "-m")
    return texts if whole else []


def _make_source(system: Mapping[str, Any]) -> Source | None:
    git = _as_dict(system.get("git_info"))
    arguments = _find_arguments(system)
    source = Source(
        repository=_as_text(git.get("remote_origin_url")),
        branch=_as_text(git.get("branch")),
        commit=_as_text(_as_dict(git.get("commit")).get("hash")),
        entrypoint=arguments[0] if arguments else "",
    )
    return source if source != Source() else None


def _make_environment(
    system: Mapping[str, Any], params: Mapping[str, ParamValue]
) -> Environment | None:
    packages = {
        name: version
        for name, version in sorted(_as_dict(system.get("packages")).items())
        if isinstance(version, str)
    }
    environment = Environment(packages=packages, seed=_find_seed(params))
    return environment if environment != Environment() else None


def _find_seed(params: Mapping[str, ParamValue]) -> int | None:
    for name in _SEEDS:
        value = params.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _as_text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _parse_seconds(value: object) -> dt.datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _parse_time(text: str) -> dt.datetime | None:
    """UTC, which Aim writes without saying so."""
    try:
        time = dt.datetime.fromisoformat(text)
        return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
