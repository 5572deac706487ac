"""Which folders are a Trainer's output, and which of their folders are checkpoints."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

from cardgen.trackers._folder import Folder, find_names
from cardgen.trackers.hf.card import is_model_card
from cardgen.trackers.hf.files import UnreadableFile, is_weights, load_text
from cardgen.trackers.hf.logs import has_arguments

STATE = "trainer_state.json"
CARD = "README.md"
MAX_DEPTH = 12
MAX_FOLDERS = 20_000
MAX_SEEN = 200_000
"""Entries of all folders together that are looked at."""

_CHECKPOINT = re.compile(r"^(?:tmp-)?checkpoint(?:[-_]\w[\w.-]*)?$|^(?:last|best)-checkpoint$")
_STEP = re.compile(r"^checkpoint-(\d{1,18})$")
_RESULTS = re.compile(
    r"^(?:all|train|eval|test|predict)_results(?:[-_.][\w-]+)?\.(?:json|txt)$", re.IGNORECASE
)
_MODEL = frozenset({"config.json", "adapter_config.json", "training_args.bin", "modules.json"})
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", "venv", "env", "mlruns", "mlartifacts"}
    | {"wandb", "_site"}
)


def find_checkpoints(names: Mapping[str, bool]) -> dict[str, int | None]:
    """The checkpoint folders among a folder's entries: name -> step, lowest step first."""
    found = {}
    for name, is_folder in names.items():
        if is_folder and _CHECKPOINT.match(name):
            step = _STEP.match(name)
            found[name] = int(step[1]) if step else None
    return dict(sorted(found.items(), key=lambda item: (item[1] is None, item[1] or 0, item[0])))


def find_results(names: Mapping[str, bool]) -> tuple[str, ...]:
    """The results files among a folder's entries, the one of all results first."""
    files = [name for name, is_folder in names.items() if not is_folder and _RESULTS.match(name)]
    return tuple(sorted(files, key=lambda name: (not name.startswith("all_"), name)))


def is_output(folder: Folder, names: Mapping[str, bool]) -> bool:
    """Whether a training left its record here: a state, results beside a model, a card, a log."""
    if STATE in names or any(
        STATE in find_names(folder.inner(name)) for name in find_checkpoints(names)
    ):
        return True
    has_model = bool(_MODEL & names.keys()) or any(map(is_weights, names))
    if find_results(names) and (has_model or "runs" in names):
        return True
    return (has_model and _has_card(folder, names)) or has_arguments(folder, names)


def _has_card(folder: Folder, names: Mapping[str, bool]) -> bool:
    if CARD not in names:
        return False
    try:
        text = load_text(folder, CARD, 64 * 1024)
    except UnreadableFile:
        return False
    return is_model_card(text) and "hyperparameters" in text


def find_outputs(start: Folder) -> tuple[str, ...]:
    """The outputs at or below a folder, as paths relative to the root, sorted.

    Checkpoints belong to the output that holds them; hidden folders, environments and the stores
    of other trackers are passed over. Nearer folders come first where a limit is met.
    """
    found = []
    queue = deque([(start, 0)])
    seen = 0
    for _ in range(MAX_FOLDERS):
        if not queue or seen > MAX_SEEN:
            break
        folder, depth = queue.popleft()
        names = find_names(folder)
        seen += len(names)
        if is_output(folder, names):
            found.append(folder.name)
        if depth < MAX_DEPTH:
            below = [name for name, is_folder in names.items() if is_folder]
            queue += [
                (folder.inner(name), depth + 1)
                for name in below
                if not _is_passed_over(folder, name)
            ]
    return tuple(sorted(found))


def _is_passed_over(folder: Folder, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED or _CHECKPOINT.match(name):
        return True
    # A link to a folder inside the project would show the same output twice, or lead in circles.
    return (folder.path / name).is_symlink()
