"""From a locator to the folders that it means, and what of this machine may be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers.wandb.files import list_folder
from cardgen.trackers.wandb.find import FOLDER, find_by_id, find_stored, is_log, is_run

_ID = re.compile(r"[^/\\:;,#?'\s]{1,128}")
_REMOTE = re.compile(r"(?:[^/\\:;,#?'\s]{1,128}/){0,2}[^/\\:;,#?'\s]{1,128}")
_SHOWN = 3


@dataclass(frozen=True)
class Stored:
    """Folders (or one log) of a run; ``ref`` is what names them."""

    ref: str
    paths: tuple[Path, ...]


class Places:
    """The places of one project: inside its root, and those that its settings name (``named``).

    Raises TrackerError where the settings name no path.
    """

    def __init__(self, config: TrackerConfig) -> None:
        self.root = config.root.resolve()
        self.named = _find_named(self.root, config)

    @property
    def stores(self) -> tuple[Path, ...]:
        """The folders in which runs are looked for by their ids."""
        tops = (*self.named, self.root)
        # The client writes to wandb/ below WANDB_DIR, or to .wandb/ where that is there.
        return tuple(dict.fromkeys(p for t in tops for p in (t, t / "wandb", t / ".wandb")))

    def allow(self, path: Path) -> bool:
        """Whether a path, links resolved, may be read."""
        return any(path.is_relative_to(top) for top in (self.root, *self.named))

    def find(self, locator: str) -> Stored | None:
        """What lies here under that locator: a path, else a run's id; None where nothing does."""
        path = self._locate(locator)
        if path is not None:
            return self._find_at(locator, path)
        if not _ID.fullmatch(locator):
            return None
        stores = tuple(store for store in self.stores if self._is_readable(store))
        found = find_by_id(locator, stores)
        return Stored(f"wandb:{locator}", found) if found else None

    def format_ref(self, path: Path) -> str:
        """A stored run's full ref: its path relative to the root."""
        inside = path.is_relative_to(self.root)
        return f"wandb:{(path.relative_to(self.root) if inside else path).as_posix()}"

    def explain_missing(self, locator: str) -> TrackerError:
        """Why nothing was found, and what to do."""
        return TrackerError(
            f"No run '{locator}' of Weights & Biases lies in {self.root}.",
            "Name its folder, as in wandb:wandb/offline-run-20261121_054922-rknwch1q, or, for one"
            " of a server, wandb:entity/project/run_id.",
        )

    def _find_at(self, locator: str, path: Path) -> Stored | None:
        if path.is_file():
            if not is_log(path.name):
                raise TrackerError(f"'{locator}' is no .wandb file.", "Name the run's folder.")
            return Stored(self.format_ref(path), (path,))
        if path.name == "files" and FOLDER.fullmatch(path.parent.name):
            path = path.parent
        if is_run(path, list_folder(path)):
            return Stored(self.format_ref(path), (path,))
        inner = tuple(find_stored(path))
        if len(inner) == 1:
            return Stored(self.format_ref(inner[0]), inner)
        if not inner and is_remote(locator):
            return None  # a folder that only has the name of a run
        shown = ", ".join(self.format_ref(found) for found in inner[:_SHOWN])
        raise TrackerError(
            f"The folder '{locator}' holds {len(inner) or 'no'} runs of Weights & Biases.",
            f"Name one of them: {shown}." if inner else "Correct the run ref.",
        )

    def _locate(self, text: str) -> Path | None:
        """A path that is there, resolved; raises TrackerError where it may not be read."""
        try:
            path = (self.root / text).resolve()
            there = path.exists()
        except (OSError, ValueError, RuntimeError):
            return None
        if there and not self.allow(path):
            raise TrackerError(
                f"'{text}' lies outside the project {self.root}.",
                "Copy it into the project, or name its folder as 'trackers.wandb.dir' in"
                " cardgen.yaml.",
            )
        return path if there else None

    def _is_readable(self, store: Path) -> bool:
        try:
            return self.allow(store.resolve())
        except (OSError, RuntimeError):
            return False


def _find_named(root: Path, config: TrackerConfig) -> tuple[Path, ...]:
    """The folders that the settings or the environment name; they may be missing."""
    option = config.options.get("dir")
    if option is not None and not isinstance(option, str):
        raise TrackerError("'trackers.wandb.dir' is no path.", "Write a path.")
    text = option or config.environ.get("WANDB_DIR", "")
    try:
        return ((root / text).resolve(),) if text else ()
    except (OSError, ValueError, RuntimeError):
        raise TrackerError(f"'{text}' is no path.", "Correct 'trackers.wandb.dir'.") from None


def is_remote(locator: str) -> bool:
    """Whether a locator can mean a run of a server, ``entity/project/run_id`` or a part of it."""
    last = locator.rpartition("/")[2]
    local = FOLDER.fullmatch(last) or is_log(last) or locator.startswith((".", "wandb/"))
    return bool(_REMOTE.fullmatch(locator)) and not local
