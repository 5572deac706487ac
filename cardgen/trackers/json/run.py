"""From the files of a run's folder to a Run."""

from __future__ import annotations

from typing import Any

from cardgen.errors import TrackerError
from cardgen.models import Environment, Metric, ParamValue, Run, RunFile
from cardgen.trackers._folder import Folder, find_names
from cardgen.trackers._series import split_series
from cardgen.trackers.json import known
from cardgen.trackers.json.content import Content, load_content
from cardgen.trackers.json.files import find_size, match_files
from cardgen.trackers.json.find import find_metrics
from cardgen.trackers.json.logged import Logged, read_content
from cardgen.trackers.json.record import Record
from cardgen.trackers.json.settings import Settings
from cardgen.trackers.json.values import as_param, as_text, find_key

_SEEDS = ("seed", "random_seed", "random_state")


def make_run(folder: Folder, file: str, settings: Settings) -> Run:
    """The run that a folder holds, or that one file of it is; raises TrackerError."""
    loader = _Loader(folder, file, settings)
    record, logged = loader.record, loader.logged
    loader.read()
    series = split_series(logged.points)
    params = {name: as_param(value) for name, value in logged.params.items()}
    commands, source = record.find_commands(), record.find_source()
    unavailable = (("commands", commands), ("source", source))
    place = folder.label(file) if file else folder.name
    return Run(
        ref=f"json:{place}",
        tracker="json",
        name=record.text("name") or (file.rpartition(".")[0] or file or folder.path.name),
        experiment=record.experiment,
        author=record.text("author"),
        group=record.group,
        status=record.find_status(),
        started=record.time("started"),
        finished=record.time("finished"),
        description=record.text("description"),
        tags=record.tags,
        commands=commands,
        source=source,
        params=params,
        metrics=series.metrics | _find_finals(logged),
        checkpoints=series.checkpoints,
        curves=series.curves,
        model=_find_model(record),
        data=record.find_data(),
        output=tuple(model for model in (record.find_model("output"),) if model),
        environment=_find_environment(record, params),
        files=tuple(
            RunFile(path=name, size=find_size(folder, name)) for name in sorted(loader.files)
        ),
        unavailable=tuple(name for name, value in unavailable if not value),
    )


class _Loader:
    """Reads each file of a run once and adds up what it says."""

    def __init__(self, folder: Folder, file: str, settings: Settings) -> None:
        self.folder = folder
        self.file = file
        self.settings = settings
        self.record = Record()
        self.logged = Logged()
        self.files: dict[str, Content] = {}
        self._names = {} if file else find_names(folder)

    def read(self) -> None:
        """Read all; raises TrackerError where nothing of a run is there."""
        metrics = (
            [self.file] if self.file else find_metrics(self.folder, self._names, self.settings)
        )
        self._read_fields()
        sacred = self._read_sacred()
        self._read_params(sacred)
        hydra = self._read_hydra()
        for name in metrics:
            self._read_metrics(self.load(name))
        if not (metrics or sacred or hydra or self.files):
            raise TrackerError(
                f"The folder '{self.folder.name}' holds no metrics that are known by their name.",
                "Name the files in cardgen.yaml: 'trackers: json: metrics: [FILE]'.",
            )

    def load(self, name: str) -> Content:
        if name not in self.files:
            self.files[name] = load_content(self.folder, name)
        return self.files[name]

    def _read_metrics(self, content: Content) -> None:
        said = Logged()
        if known.is_harness(content) and isinstance(content, dict):
            known.read_harness(content, self.record, said)
        elif known.is_sacred_series(content) and isinstance(content, dict):
            known.read_sacred_series(content, said)
        else:
            read_content(content, self.settings.step, said)
        self.logged.merge(said)

    def _read_params(self, sacred: bool) -> None:
        for pattern in () if self.file else self.settings.params:
            for name in match_files(self.folder, pattern, self._names):
                content = self.load(name)
                values = known.unpickle_names(content) if sacred else content
                for key, value in (values if isinstance(values, dict) else {}).items():
                    self.logged.params.setdefault(str(key), value)

    def _read_sacred(self) -> bool:
        if known.SACRED not in self._names or "config.json" not in self._names:
            return False
        run = self.load(known.SACRED)
        if not (known.is_sacred(run) and isinstance(run, dict)):
            return False
        known.read_sacred(run, self.record, self.logged)
        return True

    def _read_hydra(self) -> bool:
        if not match_files(self.folder, known.HYDRA, self._names):
            return False
        overrides = match_files(self.folder, known.OVERRIDES, self._names)
        known.read_hydra(
            self.load(known.HYDRA),
            self.load(overrides[0]) if overrides else (),
            self.folder.name,
            self.record,
        )
        return True

    def _read_fields(self) -> None:
        """What the settings say where it is; a file that a run does not have says nothing."""
        for field, (pattern, key) in self.settings.fields.items():
            files = [self.file] if self.file else match_files(self.folder, pattern, self._names)
            for name in files:
                value: Any = find_key(self.load(name), key)
                self.record.give({field: value})


def _find_finals(logged: Logged) -> dict[str, Metric]:
    """Last values that a file of its own gives, at the step that has the same value."""
    finals = {}
    for name, value in logged.finals.items():
        steps = [point.step for point in logged.points[name] if point.value == value]
        finals[name] = Metric(value=value, step=steps[-1] if steps else None)
    return finals


def _find_model(record: Record) -> Any:
    model = record.find_model("model")
    revision = record.text("revision")
    return model.model_copy(update={"version": revision}) if model and revision else model


def _find_environment(record: Record, params: dict[str, ParamValue]) -> Environment | None:
    named = (record.given.get("seed"), *(params.get(name) for name in _SEEDS))
    seeds = [seed for seed in named if isinstance(seed, int) and not isinstance(seed, bool)]
    environment = Environment(
        python=record.python,
        os=record.os,
        host=as_text(record.given.get("host")),
        accelerator=record.accelerator,
        seed=seeds[0] if seeds and abs(seeds[0]) < 1 << 63 else None,
        packages=dict(sorted(record.packages.items())),
    )
    return environment if environment != Environment() else None
