"""Layouts that programs write: sacred, Hydra, and the lm-evaluation-harness."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cardgen.models import Dataset
from cardgen.trackers.json.logged import Logged, read_content
from cardgen.trackers.json.record import Record
from cardgen.trackers.json.values import as_number, as_step, as_text, as_time, find_key

HYDRA = ".hydra/hydra.yaml"
OVERRIDES = ".hydra/overrides.yaml"
SACRED = "run.json"

_COMMIT = re.compile(r"(?:.*-g)?([0-9a-f]{7,40})")
_PACKAGE = re.compile(r"([A-Za-z0-9][\w.-]*)==(\S+)")
_ARGUMENT = re.compile(r"(?:^|,)\s*(pretrained|model|revision)=([^,]*)")


# sacred's FileStorageObserver ----------------------------------------------------------------


def is_sacred(run: object) -> bool:
    """Whether a ``run.json`` is sacred's."""
    return isinstance(run, Mapping) and {"experiment", "host", "status"} <= run.keys()


def read_sacred(run: Mapping[str, Any], record: Record, logged: Logged) -> None:
    """Status, times, host, versions, source and result of sacred's ``run.json``."""
    sources = [r for r in _list(find_key(run, "experiment.repositories")) if isinstance(r, Mapping)]
    source = sources[0] if sources else {}
    record.give(
        {
            "status": run.get("status"),
            "started": run.get("start_time"),
            "finished": run.get("stop_time"),
            "description": find_key(run, "meta.comment"),
            "host": find_key(run, "host.hostname"),
            "commit": source.get("commit"),
            "repository": source.get("url"),
        }
    )
    record.experiment = as_text(find_key(run, "experiment.name"))
    record.entrypoint = as_text(find_key(run, "experiment.mainfile"))
    dirty = source.get("dirty")
    record.dirty = dirty if isinstance(dirty, bool) else None
    record.python = as_text(find_key(run, "host.python_version"))
    system = [as_text(part) for part in _list(find_key(run, "host.os"))]
    record.os = system[-1] if system else ""
    gpus = _list(find_key(run, "host.gpus.gpus"))
    record.accelerator = as_text(find_key(gpus[0], "model")) if gpus else ""
    for name, version in _find_packages(_list(find_key(run, "experiment.dependencies"))):
        record.packages[name] = version
    _read_result(run.get("result"), logged)


def _read_result(result: object, logged: Logged) -> None:
    """What the main function returned: a number, or numbers by name."""
    number = as_number(result)
    if number is not None:
        logged.add("result", number)
    elif isinstance(result, Mapping):
        inner = Logged(params=logged.params)
        read_content({key: v for key, v in result.items() if key != "py/object"}, (), inner)
        for name, points in inner.points.items():
            logged.points.setdefault(name, points)


def _find_packages(listed: list[Any]) -> Iterator[tuple[str, str]]:
    for entry in listed:
        found = _PACKAGE.fullmatch(as_text(entry))
        if found:
            yield found[1], found[2]


def is_sacred_series(content: object) -> bool:
    """Whether a ``metrics.json`` holds sacred's series: steps, timestamps and values a metric."""
    return (
        isinstance(content, Mapping)
        and bool(content)
        and all(
            isinstance(series, Mapping) and {"steps", "values"} <= series.keys()
            for series in content.values()
        )
    )


def read_sacred_series(content: Mapping[str, Any], logged: Logged) -> None:
    for name, series in content.items():
        for step, value in zip(_list(series["steps"]), _list(series["values"]), strict=False):
            number = as_number(value)
            if number is not None:
                logged.add(str(name), number, as_step(as_number(step)))


def unpickle_names(value: Any) -> Any:
    """sacred's configuration without what jsonpickle adds: tuples are lists again."""
    if isinstance(value, Mapping):
        if set(value) == {"py/tuple"}:
            return unpickle_names(value["py/tuple"])
        return {key: unpickle_names(item) for key, item in value.items() if key != "py/object"}
    return [unpickle_names(item) for item in value] if isinstance(value, list) else value


# Hydra ---------------------------------------------------------------------------------------


def read_hydra(hydra: object, overrides: object, folder: str, record: Record) -> None:
    """The job's name, what its command line overrode, and the sweep that it belongs to."""
    record.experiment = as_text(find_key(hydra, "hydra.job.name"))
    version = as_text(find_key(hydra, "hydra.runtime.version"))
    if version:
        record.packages["hydra-core"] = version
    texts = [as_text(item) for item in _list(overrides)]
    if any(texts):
        record.tags["overrides"] = " ".join(text for text in texts if text)
    number = as_number(find_key(hydra, "hydra.job.num"))
    if number is not None and as_text(find_key(hydra, "hydra.mode")) != "RUN":
        record.group = posixpath.dirname(folder)


# lm-evaluation-harness -----------------------------------------------------------------------


def is_harness(content: object) -> bool:
    """Whether a file holds the results of the lm-evaluation-harness."""
    if not isinstance(content, Mapping) or not {"results", "versions", "config"} <= content.keys():
        return False
    results = content["results"]
    return isinstance(results, Mapping) and all(isinstance(v, Mapping) for v in results.values())


def read_harness(content: Mapping[str, Any], record: Record, logged: Logged) -> None:
    """Metrics as ``task/metric``; a filter that did nothing (``acc,none``) is left out of names."""
    for task, values in content["results"].items():
        for name, value in values.items():
            number = as_number(value)
            if number is not None:
                metric = f"{task}/{str(name).removesuffix(',none')}"
                logged.points.pop(metric, None)
                logged.add(metric, number)
    config = content["config"] if isinstance(content["config"], Mapping) else {}
    for name, value in config.items():
        if value is not None and value != []:
            logged.params[str(name)] = value
    for name in ("n-shot", "versions"):
        logged.params[name] = content.get(name)
    arguments = _parse_arguments(config.get("model_args"))
    name = arguments.get("pretrained") or arguments.get("model") or content.get("model_name")
    commit = _COMMIT.fullmatch(as_text(content.get("git_hash")))
    record.give(
        {
            "model": name,
            "revision": arguments.get("revision"),
            "started": as_time(content.get("date")),
            "commit": commit[1] if commit else "",
            "seed": config.get("random_seed"),
        }
    )
    for package in ("transformers", "lm_eval"):
        version = as_text(content.get(f"{package}_version"))
        if version:
            record.packages[package] = version
    record.status = "finished"
    record.data += [d for d in _find_tasks(content) if d not in record.data]


def _parse_arguments(value: object) -> dict[str, str]:
    """The model's arguments: a mapping, the same as JSON, or ``name=value`` by commas."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    if isinstance(value, Mapping):
        return {str(key): as_text(item) for key, item in value.items()}
    return dict(_ARGUMENT.findall(value)) if isinstance(value, str) else {}


def _find_tasks(content: Mapping[str, Any]) -> Iterator[Dataset]:
    """The data of each task: by its path on the Hub, else by the task's name."""
    configs = content.get("configs")
    known = configs if isinstance(configs, Mapping) else {}
    for task in content["results"]:
        if task in known:
            path = as_text(find_key(known[task], "dataset_path"))
            yield Dataset(name=path or str(task), context="eval")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
