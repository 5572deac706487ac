"""An MLflow tracking server, asked over its REST API: no client of MLflow's is needed.

Only metadata is asked for. Artifacts stay where they are, so what their files say is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from cardgen.trackers._address import Server
from cardgen.trackers._http import Client, HttpError
from cardgen.trackers._mlflow_raw import (
    RUN_ID,
    NoSuchRun,
    RawDataset,
    RawModel,
    RawRun,
    RawVersion,
    as_metric,
)
from cardgen.trackers._series import Point

_API = "/api/2.0/mlflow/"
_SECONDS = 180.0
_AT_ONCE = 4
_PAGE = 25_000
_MAX_POINTS = 2_000_000
_MAX_PAGES = 400
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# How servers that are too old for a question answer it.
_UNKNOWN = (400, 404, 405, 500, 501)
_DELETED = "Deleted_Internal"

Json = dict[str, Any]


def find_ids(server: Server, prefix: str) -> tuple[str, ...]:
    """The ids of all runs that begin so, deleted ones too."""
    with _open(server) as api:
        return tuple(sorted(api.search_runs(prefix)))


def read_run(server: Server, run_id: str) -> RawRun:
    """What the server tells of a run; raises NoSuchRun, or TrackerError if it cannot say."""
    with _open(server) as api:
        run = api.find_run(run_id)
        if run is None:
            raise NoSuchRun(server.url, run_id)
        info, data = _dict(run, "info"), _dict(run, "data")
        metrics = [_text(metric, "key") for metric in _list(data, "metrics")]
        used = [_text(m, "model_id") for m in _list(_dict(run, "inputs"), "model_inputs")]
        made = _list(_dict(run, "outputs"), "model_outputs")
        return RawRun(
            run_id=_text(info, "run_id") or _text(info, "run_uuid") or run_id,
            experiment_id=_text(info, "experiment_id"),
            experiment=api.find_experiment(_text(info, "experiment_id")),
            name=_text(info, "run_name") or _text(info, "name"),
            user=_text(info, "user_id"),
            status=_text(info, "status"),
            started=_text(info, "start_time"),
            finished=_text(info, "end_time"),
            source_type=_text(info, "source_type"),
            source_name=_text(info, "source_name"),
            source_version=_text(info, "source_version"),
            entry_point=_text(info, "entry_point_name"),
            params=_pairs(data, "params"),
            tags=_pairs(data, "tags"),
            points=_read_all_points(api, run_id, metrics),
            datasets=_make_datasets(_list(_dict(run, "inputs"), "dataset_inputs")),
            used=tuple(api.read_model(model_id, 0) for model_id in used if model_id),
            made=tuple(api.read_model(_text(m, "model_id"), _int(m.get("step"))) for m in made),
            versions=api.find_versions(run_id),
            remote=True,
        )


def _read_all_points(api: _Api, run_id: str, metrics: list[str]) -> dict[str, tuple[Point, ...]]:
    """Each metric is a question of its own: a few are asked at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        histories = pool.map(lambda key: api.read_points(run_id, key), metrics)
        return dict(zip(metrics, histories, strict=True))


class _Api:
    """The questions to a server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find_run(self, run_id: str) -> Json | None:
        # Servers before 1.0 know the id by its other name.
        answer = self._ask("runs/get", {"run_id": run_id, "run_uuid": run_id}, missing=(404, 400))
        return _dict(answer, "run") or None

    def find_experiment(self, experiment_id: str) -> str:
        if not experiment_id:
            return ""
        answer = self._ask("experiments/get", {"experiment_id": experiment_id}, missing=(404,))
        return _text(_dict(answer, "experiment"), "name")

    def search_runs(self, prefix: str) -> set[str]:
        """Ids by their beginning; a server that cannot search for that finds none."""
        question = {
            "experiment_ids": self._find_experiments(),
            "filter": f"attributes.run_id LIKE '{prefix}%'",
            "run_view_type": "ALL",
            "max_results": 100,
        }
        try:
            answer = self._client.post_json(_API + "runs/search", question)
        except HttpError as error:
            if error.status in _UNKNOWN:
                return set()
            raise
        ids = {_text(_dict(run, "info"), "run_id") for run in _list(answer, "runs")}
        return {run_id for run_id in ids if run_id.startswith(prefix) and RUN_ID.fullmatch(run_id)}

    def _find_experiments(self) -> list[str]:
        found: list[str] = []
        question: Json = {"max_results": 1000, "view_type": "ALL"}
        for _ in range(_MAX_PAGES):
            answer = self._client.post_json(_API + "experiments/search", question)
            found += [_text(entry, "experiment_id") for entry in _list(answer, "experiments")]
            question["page_token"] = _text(answer, "next_page_token")
            if not question["page_token"]:
                break
        return found

    def read_points(self, run_id: str, key: str) -> tuple[Point, ...]:
        question = {"run_id": run_id, "run_uuid": run_id, "metric_key": key}
        question["max_results"] = str(_PAGE)
        points: list[Point] = []
        for _ in range(_MAX_PAGES):
            answer = self._ask("metrics/get-history", question)
            points += (_make_point(metric) for metric in _list(answer, "metrics"))
            token = _text(answer, "next_page_token")
            if not token or token == question.get("page_token") or len(points) > _MAX_POINTS:
                break
            question["page_token"] = token
        return tuple(points)

    def read_model(self, model_id: str, step: int) -> RawModel:
        uri = f"models:/{model_id}"
        if not RUN_ID.fullmatch(model_id):
            return RawModel(uri, model_id, step=step)
        answer = self._ask(f"logged-models/{model_id}", missing=_UNKNOWN)
        info = _dict(_dict(answer, "model"), "info")
        return RawModel(
            uri=uri,
            model_id=model_id,
            kind=_text(info, "model_type"),
            location=_text(info, "artifact_uri"),
            step=step,
        )

    def find_versions(self, run_id: str) -> tuple[RawVersion, ...]:
        question = {"filter": f"run_id='{run_id}'", "max_results": "200"}
        answer = self._ask("model-versions/search", question, missing=_UNKNOWN)
        found = _list(answer, "model_versions")
        found = [version for version in found if _text(version, "current_stage") != _DELETED]
        names = sorted({_text(version, "name") for version in found})
        aliases = {name: self._find_aliases(name) for name in names}
        return tuple(_make_version(version, aliases[_text(version, "name")]) for version in found)

    def _find_aliases(self, name: str) -> list[tuple[str, str]]:
        """The aliases of a registered model, each with the version it stands for."""
        answer = self._ask("registered-models/get", {"name": name}, missing=_UNKNOWN)
        aliases = _list(_dict(answer, "registered_model"), "aliases")
        return [(_text(alias, "alias"), _text(alias, "version")) for alias in aliases]

    def _ask(
        self, path: str, question: Mapping[str, str] | None = None, missing: tuple[int, ...] = ()
    ) -> Json:
        try:
            answer = self._client.get_json(_API + path, question)
        except HttpError as error:
            if error.status in missing:
                return {}
            raise
        return answer if isinstance(answer, dict) else {}


@contextmanager
def _open(server: Server) -> Iterator[_Api]:
    with Client(server, seconds=_SECONDS) as client:
        yield _Api(client)


def _dict(value: object, key: str) -> Json:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _list(value: object, key: str) -> list[Json]:
    inner = value.get(key) if isinstance(value, dict) else None
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []


def _text(value: object, key: str) -> str:
    inner = value.get(key) if isinstance(value, dict) else None
    return str(inner) if isinstance(inner, (str, int, float)) else ""


def _pairs(value: Json, key: str) -> dict[str, str]:
    return {_text(pair, "key"): _text(pair, "value") for pair in _list(value, key)}


def _int(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return 0


def _make_point(metric: Json) -> Point:
    return Point(
        _make_number(metric.get("value")), _int(metric.get("step")), _int(metric.get("timestamp"))
    )


def _make_number(value: object) -> float:
    """A metric's value: a number, or protobuf's word for what JSON has no number for."""
    if isinstance(value, str) and value in _NUMBERS:
        return _NUMBERS[value]
    number = as_metric(value)
    return math.nan if number is None else number


def _make_datasets(inputs: list[Json]) -> tuple[RawDataset, ...]:
    found = [
        RawDataset(
            name=_text(_dict(entry, "dataset"), "name"),
            digest=_text(_dict(entry, "dataset"), "digest"),
            source_type=_text(_dict(entry, "dataset"), "source_type"),
            source=_text(_dict(entry, "dataset"), "source"),
            context=_pairs(entry, "tags").get("mlflow.data.context", ""),
        )
        for entry in inputs
    ]
    return tuple(sorted(found, key=lambda dataset: (dataset.name, dataset.context)))


def _make_version(version: Json, aliases: list[tuple[str, str]]) -> RawVersion:
    number = _text(version, "version")
    return RawVersion(
        name=_text(version, "name"),
        version=number,
        stage=_text(version, "current_stage"),
        aliases=tuple(alias for alias, stands_for in aliases if stands_for == number),
        source=_text(version, "source"),
        model_id=_text(version, "model_id"),
    )
