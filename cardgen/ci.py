"""Laying out what GitHub or GitLab run: what ``init --ci`` does."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from cardgen.config import Config
from cardgen.errors import StoreError, UsageError
from cardgen.files import read_text
from cardgen.git import run_git
from cardgen.origin import find_source
from cardgen.project import Layout
from cardgen.scaffold.ci import GITLAB, Pipeline, make_github, make_gitlab
from cardgen.store import create_file

Host = Literal["github", "gitlab"]
HOSTS: tuple[Host, ...] = get_args(Host)
MAX_PIPELINE_BYTES = 1_000_000
_MAIN = ("main", "master")

_SAFE = re.compile(r"[\w. /@+-]*")
_OURS = "# Written by 'cardgen init --ci"


def init_ci(config: Config, host: Host, requirement: str = "") -> Layout:
    """Lay out the host's files at the repository's root; a file that is there stays as it is.

    ``requirement`` is what pip installs cardgen by, in place of where it was installed from here.
    """
    root = _find_top(config.root)
    pipeline = find_pipeline(config, root, requirement)
    included = host == "gitlab" and _is_taken(root / GITLAB[0])
    made = make_github(pipeline) if host == "github" else make_gitlab(pipeline, included=included)
    created = tuple(file.path for file in made if create_file(root, file.path, file.text))
    kept = tuple(file.path for file in made if file.path not in created)
    return Layout(created, kept, tuple(_find_advice(host, pipeline, included)))


def find_pipeline(config: Config, root: Path, requirement: str = "") -> Pipeline:
    """What the files say of a project that lies in the repository at ``root``."""
    source = find_source()
    folder = PurePosixPath(config.root.resolve().relative_to(root.resolve()).as_posix())
    pipeline = Pipeline(
        requirement=requirement or source.requirement,
        branch=_find_branch(root),
        folder=str(folder),
        site=str(folder / config.settings.site.output),
        action="" if requirement else source.action,
    )
    for text in (pipeline.branch, pipeline.folder, pipeline.site):
        if not _SAFE.fullmatch(text):
            sign = re.sub(_SAFE, "", text)[0]
            raise UsageError(
                f"'{text}' cannot stand in a pipeline: it holds a '{sign}'.",
                "Rename it: letters, digits, blanks and . / @ + - _ are safe there.",
            )
    return pipeline


def _is_taken(path: Path) -> bool:
    """Whether there is a pipeline that somebody else wrote."""
    if not path.exists():
        return False
    try:
        return not read_text(path, MAX_PIPELINE_BYTES).startswith(_OURS)
    except StoreError:
        return True


def _find_top(root: Path) -> Path:
    found = (run_git(root, "rev-parse", "--show-toplevel") or "").strip()
    if not found:
        raise UsageError(f"{root} is in no git repository.", "Run 'git init' first.")
    return Path(found)


def _find_branch(root: Path) -> str:
    """The branch that ``origin`` shows first, else one that is called as main branches are, else
    the one that is checked out: 'init' may well be called on a branch of its own."""
    shown = (run_git(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD") or "").strip()
    if shown:
        return shown.removeprefix("origin/")
    for name in _MAIN:
        for ref in (f"refs/heads/{name}", f"refs/remotes/origin/{name}"):
            if run_git(root, "show-ref", "--verify", "--quiet", ref) is not None:
                return name
    return (run_git(root, "symbolic-ref", "--short", "HEAD") or "").strip() or _MAIN[0]


def _find_advice(host: Host, pipeline: Pipeline, included: bool) -> list[str]:
    advice = []
    if pipeline.requirement.startswith("cardgen=="):
        advice.append(
            f"The pipeline installs '{pipeline.requirement}' from the package index: where that is "
            "not yours, name another with --install REQUIREMENT."
        )
    if included:
        advice.append(f"Add to {GITLAB[0]}: include: [{{local: {GITLAB[1]}}}]")
    if host == "github":
        advice.append("Choose 'GitHub Actions' under Settings → Pages → Source.")
    else:
        advice.append("For comments, put a project access token (scope api) into CARDGEN_TOKEN.")
    return advice
