"""From an output folder's record to a Run: which file says what, and which comes first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cardgen.models import Checkpoint, Environment, Metric, Model, ParamValue, Run, RunFile, Status
from cardgen.trackers._folder import Folder, find_names
from cardgen.trackers._series import Number, Series
from cardgen.trackers.hf.files import find_size, is_weights
from cardgen.trackers.hf.record import Record
from cardgen.trackers.hf.state import Best, Entry, find_best, parse_log, parse_step, split_log

UNAVAILABLE = ("commands", "source")
"""What the Trainer writes nowhere in its output."""

MAX_FILES = 500

_FILES = re.compile(
    r"^(?:(?:trainer_state|config|generation_config|adapter_config|modules|\w+_results\S*"
    r"|config_\w+|sentence_\w+_config|tokenizer\w*|special_tokens_map|added_tokens|vocab\w*"
    r"|preprocessor_config|processor_config|training_args|trainer_args|run_config|args)\.json"
    r"|training_args\.bin|vocab\.txt|merges\.txt|\w+_results\S*\.txt|[\w.-]+\.model|README\.md)$"
)
_STATE_PARAMS = (
    "num_train_epochs",
    "max_steps",
    "train_batch_size",
    "logging_steps",
    "eval_steps",
    "save_steps",
)
# What the Trainer logs when it is through, under its own and under TensorBoard's name.
_ENDS = frozenset({"train_runtime", "train/train_runtime"})
# What sentence-transformers calls a model that got no name.
_CLASSES = frozenset({"SentenceTransformer", "CrossEncoder", "SparseEncoder", "SetFit"})
_BASES = ("base_model_name_or_path", "_name_or_path", "model_name_or_path")


def make_run(record: Record) -> Run:
    """The run that an output folder records."""
    state, logs, card = record.state, record.logs, record.card
    best = find_best(state)
    params = _find_params(record)
    entries = parse_log(state) or logs.entries
    series = split_log(entries, record.results, state)
    status = _find_status(record, entries)
    return Run(
        ref=f"hf:{record.folder.name}",
        tracker="hf",
        name=_find_name(record, params),
        status=status,
        started=logs.started,
        finished=logs.ended if status == "finished" else None,
        description=card.description,
        tags=_find_tags(record, best),
        params=params,
        metrics=_find_metrics(series, record, best),
        checkpoints=_add_paths(series.checkpoints, record),
        curves=series.curves,
        model=_find_model(record, params),
        data=card.data,
        output=_find_output(record, params, best),
        environment=_find_environment(record, params),
        files=_find_files(record),
        unavailable=UNAVAILABLE,
    )


def _find_name(record: Record, params: Mapping[str, ParamValue]) -> str:
    """The name that was given; by default it is the output folder's path, which names nothing."""
    name = params.get("run_name")
    if isinstance(name, str) and name and name != params.get("output_dir") and "/" not in name:
        return name
    named = record.card.name
    return named if named and named not in _CLASSES else record.folder.path.name


def _find_status(record: Record, entries: tuple[Entry, ...]) -> Status | None:
    """Finished where the Trainer says so; nothing tells a failed run from a running one."""
    state = record.state
    step, goal = parse_step(state.get("global_step")), parse_step(state.get("max_steps"))
    done = step is not None and goal is not None and step >= goal > 0
    ended = any(not _ENDS.isdisjoint(entry.values) for entry in entries)
    written = {"all_results.json", "train_results.json"} & record.names.keys()
    return "finished" if done or ended or written else None


def _find_params(record: Record) -> dict[str, ParamValue]:
    """The arguments; then what the state and the model card add under other names."""
    state = record.state
    trial = state.get("trial_params")
    params: dict[str, ParamValue] = {}
    for source in (record.logs.args, record.args, trial, _state_params(state), record.card.params):
        for name, value in (source if isinstance(source, Mapping) else {}).items():
            params.setdefault(str(name), value)
    return params


def _state_params(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in _STATE_PARAMS if state.get(name) is not None}


def _find_tags(record: Record, best: Best) -> dict[str, str]:
    tags = dict(record.card.tags)
    if best.path:
        tags["best_model_checkpoint"] = best.path
    if best.step is not None and best.value is None:
        tags["best_global_step"] = str(best.step)
    trial = record.state.get("trial_name")
    if isinstance(trial, str) and trial:
        tags["trial_name"] = trial
    return tags


def _find_metrics(series: Series, record: Record, best: Best) -> dict[str, Metric]:
    """Last values, the best one under the state's own name for it; a card's only without them."""
    metrics = dict(series.metrics)
    if best.value is not None:
        metrics["best_metric"] = Metric(value=best.value, step=best.step)
    if not metrics:
        metrics = {name: Metric(value=value) for name, value in record.card.metrics.items()}
    return metrics


def _add_paths(rows: tuple[Checkpoint, ...], record: Record) -> tuple[Checkpoint, ...]:
    """The rows with the folders of their steps, where those are still there."""
    paths: dict[Number | None, str] = {
        step: record.folder.inner(name).name
        for name, step in record.checkpoints.items()
        if step is not None
    }
    return tuple(
        row.model_copy(update={"path": paths[row.step]}) if row.step in paths else row
        for row in rows
    )


# Model, output, environment, files -----------------------------------------------------------


def _find_model(record: Record, params: Mapping[str, ParamValue]) -> Model | None:
    """The model that was started from: as the adapter, the card, or the configuration names it."""
    adapter, config = _adapter(record), _config(record)
    named = [adapter.get(_BASES[0]), record.card.base, config.get(_BASES[1])]
    named += [record.logs.model.get(_BASES[1]), params.get(_BASES[2])]
    name = next((text for text in map(_text, named) if text), "")
    version = _text(adapter.get("revision")) or _text(config.get("_commit_hash"))
    kind = _architecture(config) or _architecture(record.logs.model)
    if not (name or kind):
        return None
    return Model(name=name, version=version if name else "", kind=kind)


def _find_output(record: Record, params: Mapping[str, ParamValue], best: Best) -> tuple[Model, ...]:
    """The folder where it holds weights, else its best or last checkpoint that does."""
    own = [name for name, step in record.checkpoints.items() if step is not None]
    chosen = [name for name in own if record.checkpoints[name] == best.step]
    places = [record.folder, *map(record.folder.inner, [*chosen, *reversed(own)])]
    for place in places:
        weights = [name for name in find_names(place) if is_weights(name)]
        if weights:
            adapter = _text(_adapter(record).get("peft_type"))
            pushed = params.get("push_to_hub") is True
            return (
                Model(
                    name=_text(params.get("hub_model_id")) if pushed else "",
                    kind=adapter or _architecture(_config(record)),
                    path=place.name,
                    digest=find_size(place, weights[0])[1] if len(weights) == 1 else "",
                ),
            )
    return ()


def _find_environment(record: Record, params: Mapping[str, ParamValue]) -> Environment | None:
    packages = _find_packages(record)
    value = params.get("seed")
    host, python = record.logs.host, record.card.python
    seed = value if isinstance(value, int) and not isinstance(value, bool) else None
    if not (packages or host or python or seed is not None):
        return None
    return Environment(python=python, host=host, seed=seed, packages=dict(sorted(packages.items())))


def _find_packages(record: Record) -> dict[str, str]:
    """Versions as the configurations hold them, then as the model card lists them."""
    packages: dict[str, Any] = {
        "transformers": _config(record).get("transformers_version"),
        "peft": _adapter(record).get("peft_version"),
    }
    listed = record.configs.get("config_sentence_transformers.json", {}).get("__version__")
    for name, version in (listed if isinstance(listed, Mapping) else {}).items():
        package = "torch" if name == "pytorch" else str(name).replace("_", "-")
        packages[package] = version
    packages |= record.card.packages
    return {name: text for name, text in ((n, _text(v)) for n, v in packages.items()) if text}


def _find_files(record: Record) -> tuple[RunFile, ...]:
    """The Trainer's files at the top, with sizes; checkpoints are named by their rows."""
    names = [n for n, is_folder in record.names.items() if not is_folder and _is_kept(n)]
    names = sorted([*names, *record.logs.files])[:MAX_FILES]
    return tuple(_make_file(record.folder, name) for name in names)


def _is_kept(name: str) -> bool:
    return is_weights(name) or _FILES.match(name) is not None


def _make_file(folder: Folder, name: str) -> RunFile:
    size, digest = find_size(folder, name)
    return RunFile(path=name, size=size, digest=digest)


def _config(record: Record) -> Mapping[str, Any]:
    return record.configs.get("config.json", {})


def _adapter(record: Record) -> Mapping[str, Any]:
    return record.configs.get("adapter_config.json", {})


def _architecture(config: Mapping[str, Any]) -> str:
    named = config.get("architectures")
    first = named[0] if isinstance(named, list) and named else None
    return _text(first) or _text(config.get("model_type"))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
