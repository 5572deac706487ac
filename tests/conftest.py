"""Fixtures that several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import Project, make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh project in a git repository of its own."""
    return make_project(tmp_path)
