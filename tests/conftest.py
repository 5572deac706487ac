"""Fixtures that several tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.projects import Project, make_project

# What a test starts as 'python' is the Python of the tests, also where the system has none.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# No test asserts a time: a busy machine fails none.
# In CI the same examples each time: a pull request answers for its own change. Locally new ones
# are tried at every run, and what they find is mended.
settings.register_profile(
    "cardgen",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cardgen")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh project in a git repository of its own."""
    return make_project(tmp_path)
