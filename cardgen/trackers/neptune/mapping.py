"""Which attribute path of Neptune fills which field of a card: the one table.

A pattern is a path whose parts may hold ``*`` (anything within the part) and ``?``. A last part
``*`` stands for everything below, however deep; ``**`` for any parts between. Case is ignored.
``trackers: {neptune: {paths: {FIELD: [PATTERN, …]}}}`` in ``cardgen.yaml`` puts a project's own
patterns before those of the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cardgen.errors import TrackerError

MAX_PATTERN = 300
MAX_PATTERNS = 200

_EVALUATIONS = ("eval", "evaluation", "val", "valid", "validation", "test", "testing", "dev")
_RESULTS = ("metrics", "metric", "scores", "score", "results", "result", "final", "best")
_MEASURES = (
    "*loss", "*accuracy", "acc", "*_acc", "f1", "*_f1", "f1_*", "*precision", "*recall", "*auc",
    "*bleu", "*rouge*", "*exact_match", "*mse", "*mae", "*rmse", "*r2", "*perplexity", "*score",
    "*iou", "*dice", "*error_rate", "*best_iteration", "epoch",
)  # fmt: skip

PATHS: Mapping[str, tuple[str, ...]] = {
    # What a run is called and how it ended; the first path that holds something wins.
    "name": ("sys/name", "sys/custom_run_id", "sys/id"),
    "author": ("sys/owner",),
    "description": ("sys/description",),
    "tags": ("sys/tags", "sys/group_tags"),
    "parent": ("sys/forking/parent",),
    "failed": ("sys/failed",),
    "state": ("sys/state",),
    "status": ("training/status", "status"),
    "started": ("sys/creation_time",),
    "finished": ("sys/ping_time",),
    # Code. 3.x records git and the command, 2.x the entrypoint; git of 2.x is on its server only,
    # and comes below source_code/git.
    "commands.train": ("source_code/run_command", "**/run_command"),
    "commands.predict": (),
    "source.repository": (
        "source_code/remote/origin", "source_code/remote/*", "source_code/git/remote",
    ),
    "source.branch": ("source_code/branch", "source_code/git/branch"),
    "source.commit": ("source_code/commit/commit_id", "source_code/git/commit"),
    "source.dirty": ("source_code/dirty", "source_code/git/dirty"),
    "source.diff": ("source_code/diff", "source_code/diff/head"),
    "source.entrypoint": ("source_code/entrypoint",),
    # Model and data.
    "model.name": (
        "model/name", "model/name_or_path", "model_name", "model_name_or_path", "base_model",
        "**/model_parameters/_name_or_path", "**/model_name_or_path", "parameters/model_name",
        "**/hyperparams/model_name", "**/model/architecture_name", "model",
    ),
    "model.version": ("model/revision", "model/version", "**/model_revision"),
    "model.kind": ("**/model_parameters/model_type", "model/type", "model/architecture"),
    "output": (
        "**/model/best_model_path", "**/model/checkpoints/*", "**/checkpoints", "**/pickled_model",
        "**/saved_model", "**/model_checkpoints/*", "weights/*",
    ),
    "data.name": ("dataset", "dataset/name", "data/name", "dataset_name", "**/dataset_name"),
    "data.version": ("dataset/version", "data/version", "dataset_version"),
    "data.digest": ("dataset/hash", "data/hash", "dataset/digest", "data/digest"),
    # Environment. Hardware is shown only where somebody logged what it was.
    "environment.python": ("**/python_version", "environment/python"),
    "environment.os": ("environment/os",),
    "environment.host": ("sys/hostname", "monitoring/*/hostname"),
    "environment.accelerator": ("**/gpu_name", "environment/gpu", "environment/accelerator"),
    "environment.seed": ("seed", "random_seed", "**/seed", "**/random_seed"),
    "environment.packages": ("source_code/integrations/*", "integration/about/*",
                             "**/integration/about/*"),
    "environment.requirements": ("source_code/requirements",),
    # Params: what is below a namespace is named relative to it. Whatever no field claims is a
    # param too, under its whole path.
    "params": (
        "parameters/*", "params/*", "hyperparameters/*", "hyperparams/*", "hparams/*", "config/*",
        "**/trainer_parameters/*", "**/trial_params/*", "**/hyperparams/*", "**/hyperparameters/*",
        "**/hparams/*", "**/parameters/*", "**/params/*", "**/all_params/*", "**/fit_params/*",
        "**/optimizer_config/*", "experiment/config/*", "training/config/*",
    ),
    # Single numbers that are results.
    "metrics": (
        *(f"**/{space}/*" for space in (*_EVALUATIONS, *_RESULTS)),
        *(f"**/{measure}" for measure in _MEASURES),
    ),
    # Series: curves come before checkpoints; what neither names goes by what its name says.
    "epoch": ("epoch", "training/epoch", "finetuning/train/epoch", "**/train/epoch"),
    "curves": (
        "metrics/loss", "metrics/lr", "metrics/learning_rate", "metrics/epoch", "metrics/step",
        "metrics/*train*", "metrics/**/train*/*", "**/batch/*",
    ),
    "checkpoints": ("metrics/*",),
    # Never shown: what Neptune, its monitoring and its console capture write for themselves.
    "ignore": ("sys/*", "monitoring/*", "runtime/*", "source_code/*", "**/integration/about/*"),
}  # fmt: skip

FIELDS = tuple(sorted(PATHS))


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern; ``below`` says that it names a whole namespace."""

    text: str
    expression: re.Pattern[str]
    below: bool

    def match(self, path: str) -> str | None:
        """What the path is called: the part below the namespace, else the whole path."""
        found = self.expression.fullmatch(path)
        if found is None:
            return None
        return found["below"] if self.below else path


@dataclass(frozen=True)
class Paths:
    """The table with a project's own patterns before it."""

    own: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    table: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)

    def patterns(self, name: str) -> tuple[Pattern, ...]:
        """All patterns of a field, the project's own first."""
        return (*self.own.get(name, ()), *self.table.get(name, ()))

    def find_field(self, path: str, names: tuple[str, ...]) -> tuple[str, str] | None:
        """The first of these fields that claims a path, and what the path is called there.

        A project's own pattern counts before any of the table.
        """
        for patterns in (self.own, self.table):
            for name in names:
                for pattern in patterns.get(name, ()):
                    if (called := pattern.match(path)) is not None:
                        return name, called
        return None

    def select(self, name: str, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(path, name) of all paths that a field names, in the order of its patterns."""
        paths, taken = sorted(paths), {}
        for pattern in self.patterns(name):
            for path in paths:
                if path not in taken and (called := pattern.match(path)) is not None:
                    taken[path] = called
        return tuple(taken.items())

    def ignores(self, path: str) -> bool:
        """Whether a path is no param, metric or series of the user's, but Neptune's own."""
        shown = ("params", "metrics", "curves", "checkpoints")
        if any(p.match(path) is not None for name in shown for p in self.own.get(name, ())):
            return False
        return any(p.match(path) is not None for p in self.patterns("ignore"))

    def shows(self, path: str) -> bool:
        """Whether a series is shown."""
        return not self.ignores(path)

    def reads(self, path: str) -> bool:
        """Whether the text of an uploaded file says something of the environment."""
        return any(p.match(path) is not None for p in self.patterns("environment.requirements"))


def parse_pattern(text: str) -> Pattern:
    """Compile a pattern; raises TrackerError where it cannot be meant."""
    parts = text.strip().strip("/").split("/")
    if not text.strip() or len(text) > MAX_PATTERN or text.count("*") > 12 or "" in parts:
        raise TrackerError(
            f"'{text[:80]}' is no pattern of Neptune paths.",
            "Write it like parameters/* or **/trainer_parameters/* in cardgen.yaml.",
        )
    below = parts[-1] in ("*", "**")
    head = parts[:-1] if below else parts
    expression = "".join(
        _format_part(part, f"part_{i}", last=i == len(head) - 1) for i, part in enumerate(head)
    )
    if below:
        expression += ("/" if head and head[-1] != "**" else "") + r"(?P<below>.+)"
    return Pattern(text, re.compile(expression, re.IGNORECASE | re.DOTALL), below)


def _format_part(part: str, name: str, *, last: bool) -> str:
    if part == "**":
        return r"(?:[^/]+/)*?"
    # A look ahead that is taken as found: a pattern with many stars takes linear time, whatever
    # path it meets. Python 3.11.2 reads atomic groups wrongly.
    stars = [re.escape(fixed).replace(r"\?", "[^/]") for fixed in re.split(r"\*+", part)]
    expression = stars[0]
    for number, fixed in enumerate(stars[1:-1]):
        group = f"{name}_{number}"
        expression += f"(?=(?P<{group}>[^/]*?{fixed}))(?P={group})"
    if len(stars) > 1:
        expression += f"[^/]*{stars[-1]}"
    return expression if last else expression + "/"


_TABLE = {name: tuple(map(parse_pattern, patterns)) for name, patterns in PATHS.items()}


def load_paths(options: Mapping[str, Any]) -> Paths:
    """The table and the patterns of ``options["paths"]``; raises TrackerError if they are wrong."""
    own = options.get("paths") or {}
    if not isinstance(own, Mapping):
        raise TrackerError("'trackers.neptune.paths' is no mapping of fields to patterns.", _HINT)
    return Paths({str(name): _load_patterns(str(name), own[name]) for name in own}, _TABLE)


_HINT = "Write it like: paths: {params: [hparams/*], model.name: [base_model]}."


def _load_patterns(name: str, value: Any) -> tuple[Pattern, ...]:
    if name not in PATHS:
        raise TrackerError(
            f"'{name}' in 'trackers.neptune.paths' is no field.", f"Known are: {', '.join(FIELDS)}."
        )
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise TrackerError(f"'trackers.neptune.paths.{name}' is no list of patterns.", _HINT)
    if len(texts) > MAX_PATTERNS:
        raise TrackerError(f"'trackers.neptune.paths.{name}' has too many patterns.", _HINT)
    return tuple(map(parse_pattern, texts))
