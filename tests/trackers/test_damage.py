"""Every file that an adapter reads, cut and changed: no traceback, no loop, no wrong number.

The trees are what real clients wrote (tests/data). A file that is cut may give fewer numbers, and
none that the whole one does not hold; what was changed at random may say anything that its format
allows, but is read or refused in a sentence. CARDGEN_EVERY_BYTE=1 cuts at each byte.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Run, TrackerConfig
from cardgen.trackers import load_tracker
from tests.trackers.damage import is_part_of, read_cut, read_mutated

DATA = Path(__file__).parents[1] / "data"
CUTS = MUTATIONS = 10
MAX_FILES = 24

# A number in these is text that ends where the file ends: a part of it is another number.
PLAIN_VALUES = ("/params/", "/tags/", "meta.yaml", "README.md", "hparams.yaml", "params.yaml")


@dataclass(frozen=True)
class Tree:
    """A folder of tests/data that an adapter reads; ``options`` as in cardgen.yaml."""

    tracker: str
    folder: str
    options: tuple[tuple[str, str], ...] = ()
    files: int = MAX_FILES

    def __str__(self) -> str:
        return self.folder


TREES = [
    Tree("mlflow", "mlflow/filestore"),
    Tree("mlflow", "mlflow/sqlite"),
    Tree("mlflow", "mlflow/old/0.8.2"),
    Tree("mlflow", "mlflow/old/2.22.0"),
    *(Tree("hf", f"hf/{name}") for name in ("qa-1", "peft", "st", "trl", "nan", "old")),
    Tree("neptune", "neptune/exporter_real_neptune2", files=3),
    Tree("neptune", "neptune/neptune2_offline"),
    Tree("neptune", "neptune/neptune2_offline_crashed"),
    Tree("neptune", "neptune/neptune3_offline"),
    Tree("tensorboard", "tensorboard/runs"),
    Tree("clearml", "clearml"),
    Tree("json", "json", files=40),
    Tree("wandb", "wandb", files=12),
    Tree("aim", "aim", files=8),
]


def read_all(tree: Tree, root: Path, refs: tuple[str, ...]) -> dict[str, Run]:
    """What the adapter reads of all runs; those that it refuses are left out."""
    config = TrackerConfig(root, dict(tree.options))
    tracker = load_tracker(tree.tracker)
    runs = {}
    for ref in refs:
        with contextlib.suppress(TrackerError):
            runs[ref] = tracker.fetch_run(ref.partition(":")[2], config)
    return runs


def find_files(root: Path, at_most: int) -> list[Path]:
    """Files of a size that is read, spread over the tree where there are many."""
    found = [f for f in sorted(root.rglob("*")) if f.is_file() and f.stat().st_size < 2_000_000]
    step = max(1, len(found) // at_most)
    return found[::step]


@pytest.mark.slow
@pytest.mark.parametrize("tree", TREES, ids=str)
def test_a_damaged_file_gives_less_or_a_sentence(tree: Tree, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(DATA / tree.folder, root / "in")
    config = TrackerConfig(root, dict(tree.options))
    refs = load_tracker(tree.tracker).find_runs(root, config)
    assert refs
    refs = refs[:: max(1, len(refs) // 3)]
    whole = read_all(tree, root, refs)
    assert whole
    for path in find_files(root, tree.files):
        label = f"/{path.relative_to(root).as_posix()}"
        for _, runs in read_cut(path, lambda: read_all(tree, root, refs), CUTS):
            if not any(part in label for part in PLAIN_VALUES):
                for ref, run in runs.items():
                    is_part_of(run, whole[ref])
        for _, runs in read_mutated(path, lambda: read_all(tree, root, refs), MUTATIONS):
            assert set(runs) <= set(whole)
