"""Artifacts that a run used and logged: models, data, and files of any other kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cardgen.models import Dataset, Model, ParamValue, RunFile
from cardgen.trackers.wandb.record import Artifact
from cardgen.trackers.wandb.values import clean_text

# What W&B logs of its own accord: tables, code, histories, jobs.
_INTERNAL = frozenset({"run_table", "code", "job", "raw_profiling_data"})
_MODELS = ("model", "checkpoint", "adapter", "weights")
_DATA = ("data", "dataset", "corpus", "split")
# Names by which programs for training put the model they start from into the configuration.
_BASES = ("_name_or_path", "model_name_or_path")


def make_output(artifacts: Iterable[Artifact]) -> tuple[Model, ...]:
    """The models that were logged, each version once."""
    found = {
        (item.name, item.version, item.digest): Model(
            name=item.name,
            version=item.version,
            digest=item.digest,
            aliases=tuple(dict.fromkeys(item.aliases)),
        )
        for item in _own(artifacts)
        if not item.used and _is(item, _MODELS)
    }
    return tuple(found.values())


def make_data(artifacts: Iterable[Artifact]) -> tuple[Dataset, ...]:
    """The artifacts that were used and are no model, and the data that was logged."""
    found: dict[tuple[str, str, str], Dataset] = {}
    for item in _own(artifacts):
        if _is(item, _MODELS) or not (item.used or _is(item, _DATA)):
            continue
        found.setdefault(
            (item.name, item.version, item.digest),
            Dataset(
                name=item.name,
                version=item.version,
                digest=item.digest,
                context="" if item.used else "logged",
            ),
        )
    return tuple(found.values())


def make_files(artifacts: Iterable[Artifact]) -> tuple[RunFile, ...]:
    """The logged artifacts of other kinds: kind and name as a path, digest, size of all files."""
    found = {
        f"{item.kind}/{item.name}": RunFile(
            path=f"{item.kind}/{item.name}", size=item.size, digest=item.digest
        )
        for item in _own(artifacts)
        if not (item.used or _is(item, _MODELS) or _is(item, _DATA))
    }
    return tuple(found.values())


def find_model(artifacts: Iterable[Artifact], config: Mapping[str, ParamValue]) -> Model | None:
    """The model that was started from: a used artifact, else the one of the configuration."""
    for item in artifacts:
        if item.used and _is(item, _MODELS):
            return Model(
                name=item.name, version=item.version, digest=item.digest, aliases=item.aliases
            )
    name = next((text for text in map(clean_text, map(config.get, _BASES)) if text), "")
    kinds = config.get("architectures")
    kind = clean_text(kinds[0]) if isinstance(kinds, list) and kinds else ""
    kind = kind or (clean_text(config.get("model_type")) if name else "")
    return Model(name=name, kind=kind) if name or kind else None


def _own(artifacts: Iterable[Artifact]) -> list[Artifact]:
    return [
        item
        for item in artifacts
        if item.name and item.kind not in _INTERNAL and not item.kind.startswith("wandb-")
    ]


def _is(item: Artifact, words: tuple[str, ...]) -> bool:
    kind = item.kind.casefold()
    return any(word in kind for word in words)
