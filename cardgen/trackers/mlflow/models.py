"""Models of an MLflow run: what it began with, what came out, and under which names.

Before MLflow 3 a logged model is a folder among the run's artifacts, told by a tag or by the
``MLmodel`` file in it; since then it is a record of its own with an id. Either may be registered,
and a registered version may have aliases and a stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardgen.models import Model
from cardgen.trackers.mlflow.artifacts import ModelFolder, find_inside, find_kind
from cardgen.trackers.mlflow.raw import URL, RawModel, RawRun, RawVersion, clean, load_json

MAX_MODELS = 200
"""Logged models of a run that are kept."""

_STAGES = ("", "None", "Deleted_Internal")
# What the Trainer's callback and the example scripts log of the model they load.
_STARTED_FROM = ("_name_or_path", "model_name_or_path", "pretrained_model_name_or_path")


@dataclass(frozen=True)
class Logged:
    """An entry of the tag in which MLflow 1 and 2 list the models that a run logged."""

    path: str
    kind: str = ""
    python: str = ""


def find_history(tags: Mapping[str, str]) -> tuple[Logged, ...]:
    """The models that the tag ``mlflow.log-model.history`` lists, each path once."""
    found: dict[str, Logged] = {}
    for entry in _load_list(tags.get("mlflow.log-model.history", "")):
        path = entry.get("artifact_path") if isinstance(entry, dict) else None
        if isinstance(path, str) and path:
            flavors = entry.get("flavors")
            flavors = flavors if isinstance(flavors, dict) else {}
            generic = flavors.get("python_function")
            python = generic.get("python_version") if isinstance(generic, dict) else ""
            path = clean(path).strip("/")
            found[path] = Logged(
                path,
                find_kind([clean(str(flavor)) for flavor in flavors]),
                clean(python) if isinstance(python, str) else "",
            )
    return tuple(found.values())


def _load_list(text: str) -> Sequence[Any]:
    value = load_json(text)
    return value[:MAX_MODELS] if isinstance(value, list) else ()


def find_logged(raw: RawRun, history: Iterable[Logged]) -> tuple[RawModel, ...]:
    """The logged models of a run: the store's records, and those that are artifacts of the run."""
    known = {entry.path: entry.kind for entry in history} if not raw.made else {}
    for file in raw.files:
        folder, _, name = file.path.rpartition("/")
        if name == "MLmodel" and folder and not (raw.made and folder.startswith("models/m-")):
            known.setdefault(folder, "")
    older = tuple(
        RawModel(
            uri=f"runs:/{raw.run_id}/{path}",
            kind=kind,
            folder=_find_below(raw, path),
        )
        for path, kind in sorted(known.items())
    )
    made = sorted(raw.made, key=lambda model: (model.step, model.uri))
    return (*made, *older)[:MAX_MODELS]


def _find_below(raw: RawRun, path: str) -> Path | None:
    if raw.artifacts is None or raw.area is None or ".." in path.split("/"):
        return None
    return find_inside(raw.artifacts / path, raw.area)


def make_outputs(
    raw: RawRun, models: Iterable[RawModel], folders: Mapping[str, ModelFolder], root: Path
) -> tuple[Model, ...]:
    """The models that came out: registered versions by their name, the others by their URI.

    A version's aliases and its stage are the model's aliases.
    """
    made = {model.uri: _describe(model, folders, root) for model in models}
    registered: list[Model] = []
    named = set()
    for version in sorted(raw.versions, key=_by_version):
        uri = _find_uri(version, made)
        named.add(uri)
        model = made.get(uri) or _locate(Model(), version.location or version.source)
        name, number = clean(version.name), clean(version.version)
        update = {"name": name, "version": number, "aliases": _find_aliases(version)}
        registered.append(model.model_copy(update=update))
    return (*registered, *(model for uri, model in made.items() if uri not in named))


def _by_version(version: RawVersion) -> tuple[str, int, str]:
    number = version.version
    return version.name, int(number) if number.isdecimal() and len(number) < 10 else 0, number


def _find_aliases(version: RawVersion) -> tuple[str, ...]:
    stages = () if version.stage in _STAGES else (version.stage,)
    return tuple(dict.fromkeys(clean(alias) for alias in (*sorted(version.aliases), *stages)))


def _find_uri(version: RawVersion, made: Mapping[str, Model]) -> str:
    """The URI of the logged model that a version was made from; empty if it is none of these."""
    if version.model_id:
        return f"models:/{version.model_id}"
    source = version.source.replace("\\", "/").rstrip("/")
    for uri in made:
        run, _, path = uri.removeprefix("runs:/").partition("/")
        if uri == source or source.endswith(f"/{run}/artifacts/{path}"):
            return uri
    return ""


def _describe(model: RawModel, folders: Mapping[str, ModelFolder], root: Path) -> Model:
    folder = folders.get(model.uri)
    kind = (folder.kind if folder else "") or model.kind
    path = find_path(model, root)
    described = Model(name=clean(model.uri), kind=clean(kind), path=path)
    return described if path else _locate(described, model.location)


def find_path(model: RawModel, root: Path) -> str:
    """Where a model's files lie here, relative to the project; empty if they do not."""
    if model.folder is None:
        return ""
    try:
        return clean(model.folder.relative_to(root).as_posix())
    except ValueError:
        return clean(model.folder.as_posix())


def _locate(model: Model, address: str) -> Model:
    """The model with an address as it was recorded: a URL, or a path on the machine it ran on."""
    address = clean(address)
    if address.startswith(("models:", "runs:", "mlflow-artifacts:")):
        return model
    if URL.match(address):
        return model.model_copy(update={"url": address})
    path = re.sub(r"^file:(?://)?(?=/|[^/])", "", address)
    return model.model_copy(update={"path": path})


def find_started_from(raw: RawRun, root: Path) -> Model | None:
    """The model that the run began with: a logged input, or what integrations log of it."""
    if raw.used:
        return _describe(raw.used[0], {}, root)
    for name in _STARTED_FROM:
        started = clean(raw.params.get(name, "")).strip()
        if started and started != "None":
            return Model(name=started, kind=_find_architecture(raw.params))
    return None


def _find_architecture(params: Mapping[str, str]) -> str:
    """The first of the ``architectures`` that transformers logs, or the type of model."""
    first = re.search(r"['\"]([\w.\-]+)['\"]", params.get("architectures", ""))
    kind = first[1] if first else params.get("model_type", "")
    return "" if kind == "None" else clean(kind)
