"""An MLflow tracking server, asked over its REST API: no client of MLflow's is needed.

Only metadata is asked for. Artifacts stay where they are, so what their files say is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from cardgen.errors import TrackerError
from cardgen.models import Presence
from cardgen.trackers._address import Server
from cardgen.trackers._http import Client, HttpError
from cardgen.trackers._series import Point
from cardgen.trackers.mlflow.raw import (
    RUN_ID,
    NoSuchRun,
    RawModel,
    RawRun,
    RawVersion,
)
from cardgen.trackers.mlflow.values import (
    Json,
    as_int,
    find_dict,
    find_list,
    find_pairs,
    find_text,
    make_datasets,
    make_point,
    make_version,
)

_API = "/api/2.0/mlflow/"
_SECONDS = 180.0
_AT_ONCE = 4
_PAGE = 25_000
_MAX_POINTS = 2_000_000
_MAX_PAGES = 400
_RUNS_AT_ONCE = 1000
_EXPERIMENTS_AT_ONCE = 100
_IDS_AT_ONCE = 200
# How servers that are too old for a question answer it.
_UNKNOWN = (400, 404, 405, 500, 501)
_DELETED = "Deleted_Internal"


def find_ids(server: Server, prefix: str) -> tuple[str, ...]:
    """The ids of all runs that begin so, deleted ones too."""
    with _open(server) as api:
        return tuple(sorted(api.search_runs(prefix)))


def find_active(server: Server, experiment: str = "") -> tuple[str, ...]:
    """The ids of all runs that are not deleted, oldest first; of one experiment's where named.

    ``experiment`` is a name or an id; raises TrackerError where the server has none of it.
    """
    with _open(server) as api:
        wanted = _choose(api.list_experiments(), experiment, server)
        infos = [find_dict(run, "info") for run in api.list_runs(wanted)]
    found = {(as_int(info.get("start_time")), find_id(info)) for info in infos}
    return tuple(dict.fromkeys(run_id for _, run_id in sorted(found)))


def find_id(info: Json) -> str:
    """A run's id, which servers before 1.0 know by its other name."""
    return find_text(info, "run_id") or find_text(info, "run_uuid")


def _choose(names: Mapping[str, str], experiment: str, server: Server) -> list[str]:
    """The ids of the experiments that a name or an id means; of all where it is empty."""
    wanted = [key for key, name in names.items() if name == experiment]
    wanted = wanted or [key for key in names if experiment in ("", key)]
    if experiment and not wanted:
        known = ", ".join(sorted(names.values())[:8]) or "none"
        raise TrackerError(f"{server.url} has no experiment '{experiment}'.", f"It has: {known}.")
    return wanted


def find_presence(server: Server, run_id: str, *, prefix: bool = True) -> Presence | None:
    """Whether a run is there or deleted; None where the server does not hold it.

    ``prefix`` says that the id may be the beginning of one.
    """
    with _open(server) as api:
        run = api.find_run(run_id)
        if run is None and prefix:
            ids = api.search_runs(run_id)
            run = api.find_run(ids.pop()) if len(ids) == 1 else None
    if run is None:
        return None
    return (
        "deleted" if find_text(find_dict(run, "info"), "lifecycle_stage") == "deleted" else "there"
    )


def has_version(server: Server, name: str, version: str, alias: str) -> bool:
    """Whether a registered model has that version; else that alias or stage, ``latest`` is any."""
    with _open(server) as api:
        return api.has_version(name, version, alias)


def outline_runs(server: Server, run_ids: Sequence[str]) -> tuple[RawRun, ...]:
    """The named runs with their last metrics only; raises TrackerError for an older server."""
    with _open(server) as api:
        names = api.list_experiments("ALL")
        batches = [run_ids[i : i + _IDS_AT_ONCE] for i in range(0, len(run_ids), _IDS_AT_ONCE)]
        found = [run for batch in batches for run in api.list_runs(list(names), batch)]
    return tuple(
        replace(raw, experiment=names.get(raw.experiment_id, ""))
        for raw in map(_make_outline, found)
    )


def read_run(server: Server, run_id: str) -> RawRun:
    """What the server tells of a run; raises NoSuchRun, or TrackerError if it cannot say."""
    with _open(server) as api:
        run = api.find_run(run_id)
        if run is None:
            raise NoSuchRun(server.url, run_id)
        raw = _make_outline(run)
        used = [
            find_text(m, "model_id") for m in find_list(find_dict(run, "inputs"), "model_inputs")
        ]
        made = find_list(find_dict(run, "outputs"), "model_outputs")
        return replace(
            raw,
            run_id=raw.run_id or run_id,
            experiment=api.find_experiment(raw.experiment_id),
            points=_read_all_points(api, run_id, list(raw.points)),
            used=tuple(api.read_model(model_id, 0) for model_id in used if model_id),
            made=tuple(
                api.read_model(find_text(m, "model_id"), as_int(m.get("step"))) for m in made
            ),
            versions=api.find_versions(run_id),
        )


def _make_outline(run: Json) -> RawRun:
    """A run as one answer tells it: with the last point of each metric."""
    info, data = find_dict(run, "info"), find_dict(run, "data")
    return RawRun(
        run_id=find_id(info),
        experiment_id=find_text(info, "experiment_id"),
        name=find_text(info, "run_name") or find_text(info, "name"),
        user=find_text(info, "user_id"),
        status=find_text(info, "status"),
        started=find_text(info, "start_time"),
        finished=find_text(info, "end_time"),
        source_type=find_text(info, "source_type"),
        source_name=find_text(info, "source_name"),
        source_version=find_text(info, "source_version"),
        entry_point=find_text(info, "entry_point_name"),
        params=find_pairs(data, "params"),
        tags=find_pairs(data, "tags"),
        points={find_text(m, "key"): (make_point(m),) for m in find_list(data, "metrics")},
        datasets=make_datasets(find_list(find_dict(run, "inputs"), "dataset_inputs")),
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
        return find_dict(answer, "run") or None

    def find_experiment(self, experiment_id: str) -> str:
        if not experiment_id:
            return ""
        answer = self._ask("experiments/get", {"experiment_id": experiment_id}, missing=(404,))
        return find_text(find_dict(answer, "experiment"), "name")

    def search_runs(self, prefix: str) -> set[str]:
        """Ids by their beginning; a server that cannot search for that finds none."""
        question = {
            "experiment_ids": list(self.list_experiments("ALL")),
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
        ids = {find_text(find_dict(run, "info"), "run_id") for run in find_list(answer, "runs")}
        return {run_id for run_id in ids if run_id.startswith(prefix) and RUN_ID.fullmatch(run_id)}

    def list_experiments(self, view: str = "ACTIVE_ONLY") -> dict[str, str]:
        """The names of experiments by their ids."""
        question: Json = {"max_results": 1000, "view_type": view}
        try:
            found = list(self._read_pages("experiments/search", question, "experiments"))
        except HttpError as error:
            if error.status not in (404, 405, 501):
                raise
            # Servers before 1.28.
            answer = self._ask("experiments/list", {"view_type": view})
            found = find_list(answer, "experiments")
        return {find_text(entry, "experiment_id"): find_text(entry, "name") for entry in found}

    def list_runs(self, experiments: list[str], ids: Sequence[str] = ()) -> Iterator[Json]:
        """The runs of experiments that are not deleted, or those with these ids, page by page."""
        for start in range(0, len(experiments), _EXPERIMENTS_AT_ONCE):
            chosen = experiments[start : start + _EXPERIMENTS_AT_ONCE]
            question: Json = {"experiment_ids": chosen, "max_results": _RUNS_AT_ONCE}
            question["run_view_type"] = "ALL" if ids else "ACTIVE_ONLY"
            if ids:
                listed = ", ".join(f"'{run_id}'" for run_id in ids)
                question["filter"] = f"attributes.run_id IN ({listed})"
            for run in self._read_pages("runs/search", question, "runs"):
                if RUN_ID.fullmatch(find_id(find_dict(run, "info"))):
                    yield run

    def _read_pages(self, path: str, question: Json, key: str) -> Iterator[Json]:
        question = dict(question)
        for _ in range(_MAX_PAGES):
            answer = self._client.post_json(_API + path, question)
            yield from find_list(answer, key)
            token = find_text(answer, "next_page_token")
            if not token or token == question.get("page_token"):
                return
            question["page_token"] = token
        raise TrackerError(
            f"The server holds more {key} than {_MAX_PAGES} pages.",
            "Name one experiment: mlflow:<address>#<experiment>.",
        )

    def read_points(self, run_id: str, key: str) -> tuple[Point, ...]:
        question = {"run_id": run_id, "run_uuid": run_id, "metric_key": key}
        question["max_results"] = str(_PAGE)
        points: list[Point] = []
        for _ in range(_MAX_PAGES):
            answer = self._ask("metrics/get-history", question)
            points += (make_point(metric) for metric in find_list(answer, "metrics"))
            token = find_text(answer, "next_page_token")
            if not token or token == question.get("page_token") or len(points) > _MAX_POINTS:
                break
            question["page_token"] = token
        return tuple(points)

    def read_model(self, model_id: str, step: int) -> RawModel:
        uri = f"models:/{model_id}"
        if not RUN_ID.fullmatch(model_id):
            return RawModel(uri, model_id, step=step)
        answer = self._ask(f"logged-models/{model_id}", missing=_UNKNOWN)
        info = find_dict(find_dict(answer, "model"), "info")
        return RawModel(
            uri=uri,
            model_id=model_id,
            kind=find_text(info, "model_type"),
            location=find_text(info, "artifact_uri"),
            step=step,
        )

    def find_versions(self, run_id: str) -> tuple[RawVersion, ...]:
        question = {"filter": f"run_id='{run_id}'", "max_results": "200"}
        answer = self._ask("model-versions/search", question, missing=_UNKNOWN)
        found = find_list(answer, "model_versions")
        found = [version for version in found if find_text(version, "current_stage") != _DELETED]
        names = sorted({find_text(version, "name") for version in found})
        aliases = {name: self._find_aliases(name) for name in names}
        return tuple(
            make_version(version, aliases[find_text(version, "name")]) for version in found
        )

    def has_version(self, name: str, version: str, alias: str) -> bool:
        if version:
            question = {"name": name, "version": version}
            answer = self._ask("model-versions/get", question, missing=(404, 400))
            found = find_dict(answer, "model_version")
            return bool(found) and find_text(found, "current_stage") != _DELETED
        answer = self._ask("registered-models/get", {"name": name}, missing=(404, 400))
        model = find_dict(answer, "registered_model")
        known = {find_text(one, "alias") for one in find_list(model, "aliases")}
        latest = find_list(model, "latest_versions")
        known |= {find_text(one, "current_stage").casefold() for one in latest}
        return bool(model) and (alias in ("", "latest", *known) or alias.casefold() in known)

    def _find_aliases(self, name: str) -> list[tuple[str, str]]:
        """The aliases of a registered model, each with the version it stands for."""
        answer = self._ask("registered-models/get", {"name": name}, missing=_UNKNOWN)
        aliases = find_list(find_dict(answer, "registered_model"), "aliases")
        return [(find_text(alias, "alias"), find_text(alias, "version")) for alias in aliases]

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
