"""Whether anything changed since the last build, told without loading a card.

``.cardgen/build.json`` names all that a site was made of and what was written, by files' sizes,
times and inodes; where both are as they were there is nothing to do. It is written last and
removed first, so that a build that was killed leaves none.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path

from cardgen.config import CONFIG_NAME, Config
from cardgen.git import run_git
from cardgen.models import Problem
from cardgen.site.looks import TICK, digest, is_settled, look
from cardgen.site.settings import SiteSettings
from cardgen.site.shell import load_shell

MANIFEST_NAME = "build.json"
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Report:
    """What a build said."""

    cards: int
    written: int
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]


class Manifest:
    """What a site is made of, as it is now: made before anything of it is read."""

    def __init__(self, config: Config, settings: SiteSettings, *, search: bool) -> None:
        self._path = settings.work / MANIFEST_NAME
        self._output = settings.output
        self._inputs = _sign_inputs(config, settings, search=search)

    def find(self) -> Report | None:
        """What the last build said where this one would do nothing, None where it would."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if not self._inputs or kept["inputs"] != self._inputs:
                return None
            if kept["outputs"] != _sign_outputs(self._output):
                return None
            return _read(kept["report"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def forget(self) -> None:
        """From now on the site is not what it was."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def save(self, report: Report) -> None:
        """The site is whole; one that cannot be sure of its sources says nothing of it."""
        if not self._inputs:
            return
        time.sleep(TICK / 1e9)  # whatever is written to the site now has another time
        with contextlib.suppress(OSError, UnicodeEncodeError):
            signs = {"inputs": self._inputs, "outputs": _sign_outputs(self._output)}
            scratch = self._path.with_suffix(".new")
            text = json.dumps({**signs, "report": asdict(report)})
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(self._path)


def _read(values: dict[str, object]) -> Report:
    problems = values["problems"]
    warnings = values["warnings"]
    if not isinstance(problems, list) or not isinstance(warnings, list):
        raise TypeError
    return Report(
        cards=int(str(values["cards"])),
        written=0,
        warnings=tuple(warnings),
        problems=tuple(Problem(**problem) for problem in problems),
    )


def _sign_inputs(config: Config, settings: SiteSettings, *, search: bool) -> str:
    """A digest of all that the site is made of; empty where that cannot be told."""
    now = time.time_ns()
    found = [*look(config.experiments), *look(config.root / CONFIG_NAME)]
    if not is_settled(found, now):
        return ""
    shell = load_shell(settings)
    parts = (
        found,
        list(look(shell.folder.parent / "result.json")),
        shell.key,
        config.settings.model_dump_json(),
        repr(settings),
        search,
        run_git(config.root, "show-ref", "--head", "--dereference"),
        run_git(config.root, "symbolic-ref", "refs/remotes/origin/HEAD"),
        sys.version,
        sorted((one.name, one.version) for one in distributions()),
        [one for one in look(_PACKAGE) if not one[0].endswith(".pyc")],
    )
    return digest(parts)


def _sign_outputs(folder: Path) -> str:
    return digest(sorted(look(folder)))
