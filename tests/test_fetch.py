"""Finding and reading runs by all adapters: what hinders one does not hinder the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cardgen.config import Config
from cardgen.errors import TrackerError
from cardgen.fetch import Failure, fetch_run, find_runs, search_runs
from cardgen.trackers import hf

DATA = Path(__file__).parent / "data"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    shutil.copytree(DATA / "hf" / "qa-1", tmp_path / "out")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "metrics.json").write_text('{"accuracy": 0.5}', "utf-8")
    return Config(root=tmp_path)


def test_a_run_that_several_adapters_recognise_is_found_once(config: Config) -> None:
    assert find_runs(config, config.root) == ("hf:out", "json:own")
    assert find_runs(config, config.root, ("json", "tensorboard")) != ()


def test_what_hinders_one_adapter_hinders_no_other(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("odd\nfile")

    monkeypatch.setattr(hf, "find_runs", fail)
    found = search_runs(config, config.root)
    assert "json:own" in found.refs
    (failure,) = found.failures
    assert (failure.ref, failure.error.message) == (
        "hf",
        "It cannot be read (ZeroDivisionError: odd file).",
    )
    with pytest.raises(TrackerError, match="odd file"):
        find_runs(config, config.root)


def test_what_nobody_foresaw_is_a_failure(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(hf, "fetch_run", fail)
    result = fetch_run(config, "hf:out")
    assert isinstance(result, Failure)
    assert result.error.hint
