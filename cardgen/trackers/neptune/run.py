"""From what a reader found, whatever the format, to a Run: the mapping's table chooses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cardgen.models import (
    Command,
    CommandKind,
    Dataset,
    Environment,
    Model,
    Run,
    RunFile,
    Source,
    Status,
)
from cardgen.trackers.neptune.collect import MAX_FILES
from cardgen.trackers.neptune.mapping import Paths
from cardgen.trackers.neptune.pick import Picker
from cardgen.trackers.neptune.record import Recorded
from cardgen.trackers.neptune.sort import sort_scalars, split_named
from cardgen.trackers.neptune.values import clean_text

MAX_DATASETS = 100
MAX_PACKAGES = 5000

_STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("success", "succeeded", "finished", "completed", "done"), "finished"),
    **dict.fromkeys(("failed", "failure", "error", "exception", "crashed"), "failed"),
    **dict.fromkeys(("interrupted", "aborted", "killed", "stopped", "cancelled"), "aborted"),
    **dict.fromkeys(("running", "active"), "running"),
}
_CONTEXTS = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "eval", "evaluation", "dev"), "eval"),
    **dict.fromkeys(("test", "testing"), "test"),
}
# "name==1.0" of pip, "- name=1.0=build" of conda.
_REQUIREMENT = re.compile(
    r"^[ \t]*(?:- *)?([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])? *={1,3} *([0-9][^\s=;,#]*)", re.M
)


def make_run(record: Recorded, paths: Paths) -> Run:
    """The Run of what was recorded; nothing is made up where nothing was."""
    picked = Picker(record.attributes, paths)
    series = split_named(record.series, paths)
    status = _find_status(picked)
    started = picked.time("started") or record.started
    finished = None if status == "running" else picked.time("finished") or record.finished
    run = Run(
        ref=record.ref,
        tracker="neptune",
        name=picked.text("name"),
        experiment=clean_text(record.project, 300),
        author=picked.text("author"),
        url=record.url,
        parent=_make_parent(record, picked),
        status=status,
        started=started,
        finished=finished if not (started and finished and finished <= started) else None,
        description=picked.text("description"),
        tags=_make_tags(record, picked),
        commands=_make_commands(picked),
        source=_make_source(record, picked),
        checkpoints=series.checkpoints,
        curves=series.curves,
        model=_make_model(picked),
        data=(*_make_datasets(record), *_make_dataset(picked)),
        output=_make_outputs(record, picked),
        environment=_make_environment(record, picked),
        files=_make_files(record.files),
        unavailable=tuple(sorted({*record.unavailable, *(() if status else ("status",))})),
    )
    # Last, so that what another field shows is no param as well.
    params, numbers = sort_scalars(record.attributes, paths, picked.taken)
    return run.model_copy(update={"params": params, "metrics": numbers | series.metrics})


def _make_parent(record: Recorded, picked: Picker) -> str:
    """The ref of the run that this one was forked from: it lies where this one does."""
    parent, own = picked.text("parent"), f"{record.project}/{record.run_id}"
    known = parent and record.project and record.ref.endswith(own)
    return f"{record.ref.removesuffix(own)}{record.project}/{parent}" if known else ""


def _find_status(picked: Picker) -> Status | None:
    """Failed where Neptune says so; finished only where somebody recorded the end."""
    noted: Status | None = None
    for path, word in picked.texts("status"):
        if noted is None and word.lower() in _STATUSES:
            picked.taken.add(path)
            noted = _STATUSES[word.lower()]
    if picked.flag("failed"):
        return "failed"
    state = picked.text("state").lower()
    running: Status | None = "running" if state in ("running", "active") else None
    return noted or running or ("finished" if state in ("idle", "inactive") else None)


def _make_tags(record: Recorded, picked: Picker) -> dict[str, str]:
    tags: dict[str, str] = {}
    for path, value in picked.values("tags"):
        if isinstance(value, frozenset):
            picked.taken.add(path)
            tags |= {clean_text(tag, 300): "" for tag in value}
    own = record.attributes.get("sys/custom_run_id")
    if isinstance(own, str) and own and own != record.run_id:
        tags["custom_run_id"] = own
    return dict(sorted(tags.items()))


def _make_commands(picked: Picker) -> tuple[Command, ...]:
    kinds: tuple[CommandKind, ...] = ("train", "predict")
    return tuple(
        Command(line=line, kind=kind)
        for kind in kinds
        for line in _take_texts(picked, f"commands.{kind}")
    )


def _take_texts(picked: Picker, field: str) -> tuple[str, ...]:
    found = tuple(picked.texts(field))
    picked.taken.update(path for path, _ in found)
    return tuple(dict.fromkeys(text for _, text in found))


def _make_source(record: Recorded, picked: Picker) -> Source | None:
    diffs = [path for path, _ in picked.select("source.diff", record.files)]
    source = Source(
        repository=picked.text("source.repository"),
        branch=picked.text("source.branch"),
        commit=picked.text("source.commit"),
        # A diff against the last commit is uploaded only where there was one.
        dirty=True if diffs else picked.flag("source.dirty"),
        entrypoint=picked.text("source.entrypoint"),
    )
    return source if source != Source() else None


def _make_model(picked: Picker) -> Model | None:
    model = Model(
        name=picked.text("model.name"),
        version=picked.text("model.version"),
        kind=picked.text("model.kind"),
    )
    return model if model != Model() else None


def _make_dataset(picked: Picker) -> tuple[Dataset, ...]:
    name = picked.text("data.name")
    data = Dataset(
        name=name, version=picked.text("data.version"), digest=picked.text("data.digest")
    )
    return (data,) if data != Dataset() else ()


def _make_datasets(record: Recorded) -> Iterator[Dataset]:
    for path in sorted({*record.artifacts, *record.digests}):
        files = record.artifacts.get(path, ())
        whole = record.digests.get(path, "")
        context = _CONTEXTS.get(path.rsplit("/", 1)[-1].lower(), "")
        if whole or not files or len(files) > MAX_DATASETS:
            where = files[0].path if len(files) == 1 else ""
            yield Dataset(name=path, digest=whole, context=context, path=where)
            continue
        for file in files:
            yield Dataset(name=path, digest=file.digest, context=context, path=file.path)


def _make_outputs(record: Recorded, picked: Picker) -> tuple[Model, ...]:
    """Models that the run left: uploaded files, or a path that it noted."""
    found: dict[str, Model] = {}
    for path, _ in picked.select("output", {*record.attributes, *record.files}):
        value = record.attributes.get(path)
        if isinstance(value, str) and value not in ("", "None"):
            picked.taken.add(path)
            found.setdefault(value, Model(name=path, path=value))
        for file in record.files.get(path, ())[:MAX_DATASETS]:
            found.setdefault(file.path, Model(name=path, path=file.path, digest=file.digest))
    return tuple(found.values())


def _make_environment(record: Recorded, picked: Picker) -> Environment | None:
    beside, packages = record.environment, dict(record.environment.packages)
    for path, _ in picked.select("environment.requirements", record.texts):
        packages |= parse_requirements(record.texts[path])
    for path, name in picked.select("environment.packages", record.attributes):
        picked.taken.add(path)
        packages.setdefault(name, clean_text(record.attributes[path], 100))
    environment = Environment(
        python=beside.python or picked.text("environment.python"),
        os=beside.os or picked.text("environment.os"),
        host=picked.text("environment.host"),
        accelerator=picked.text("environment.accelerator"),
        seed=_find_seed(picked),
        packages=dict(sorted(packages.items())[:MAX_PACKAGES]),
    )
    return environment if environment != Environment() else None


def _find_seed(picked: Picker) -> int | None:
    for _, value in picked.values("environment.seed"):
        if type(value) is int:
            return value
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            return int(value)
    return None


def parse_requirements(text: str) -> dict[str, str]:
    """Distributions with their versions from pip's or conda's list."""
    return dict(_REQUIREMENT.findall(text)[:MAX_PACKAGES])


def _make_files(files: Mapping[str, tuple[RunFile, ...]]) -> tuple[RunFile, ...]:
    unique = {file.path: file for path in sorted(files) for file in files[path]}
    return tuple(unique[path] for path in sorted(unique)[:MAX_FILES])
