"""One run of Neptune as a reader found it, before anything is called a param or a metric."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from cardgen.models import Environment, RunFile
from cardgen.trackers._series import Point
from cardgen.trackers.neptune.values import Value


@dataclass(frozen=True)
class Tracked:
    """A file of an artifact that Neptune tracked by its hash; ``path`` is where it was."""

    path: str
    digest: str = ""


@dataclass(frozen=True)
class Recorded:
    """One run as a reader found it; keys of the mappings are attribute paths.

    ``environment`` holds what the format records beside attributes, ``texts`` the content of small
    files, ``digests`` the hashes of artifacts as a whole.
    """

    ref: str
    project: str = ""
    run_id: str = ""
    url: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    series: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[RunFile, ...]] = field(default_factory=dict)
    artifacts: Mapping[str, tuple[Tracked, ...]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    environment: Environment = field(default_factory=Environment)
    unavailable: tuple[str, ...] = ()
