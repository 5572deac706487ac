"""The settings: found from anywhere inside, and all that is wrong in them said at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.config import Config, Settings, find_root, load_config, parse_settings
from cardgen.errors import ConfigError
from tests.strategies import FRONTS


def test_found_from_any_folder_below(tmp_path: Path) -> None:
    below = tmp_path / "experiments" / "qa-1"
    below.mkdir(parents=True)
    (tmp_path / "cardgen.yaml").write_text("title: T\nlang: pl\n", encoding="utf-8")
    config = load_config(below)
    assert config.root == find_root(tmp_path) == tmp_path.resolve()
    assert (config.settings.title, config.settings.lang) == ("T", "pl")
    assert config.experiments == config.root / "experiments"


def test_the_nearest_project_is_meant(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "cardgen.yaml").touch()
    (inner / "cardgen.yaml").touch()
    assert find_root(inner) == inner.resolve()
    (inner / "cardgen.yaml").unlink()
    (inner / "cardgen.yaml").mkdir()
    assert find_root(inner) == tmp_path.resolve()


def test_no_project_names_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no cardgen\.yaml in .*cardgen init"):
        load_config(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "title:\n", "---\n", "\ufeff"])
def test_every_setting_has_a_default(text: str) -> None:
    assert parse_settings(text) == Settings()


def test_all_settings() -> None:
    settings = parse_settings(
        "title: T\nlang: zh\nexperiments: a/b\nmetric: eval/f1\nminimize: regret\n"
        "maximize: ['*_rate']\nrepository: https://example.com/r\n"
        "trackers: {mlflow: {uri: 'sqlite:///mlflow.db', n: 1}}\nchecks: {goal-missing: off}\n"
        "secrets: {allow: {api_key_env: a name}}\nsite: {url: u, source: s, output: o}\n"
    )
    assert settings.minimize == ("regret",)
    assert settings.trackers == {"mlflow": {"uri": "sqlite:///mlflow.db", "n": 1}}
    assert settings.checks == {"goal-missing": "off"}
    assert settings.secrets.allow == {"api_key_env": "a name"}
    assert (settings.site.source, settings.experiments) == ("s", "a/b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("titel: x", "'titel' is no setting"),
        ("title: 5\nlang: xx", "'title' .*; 'lang' is none of en, fr, pl, ru, zh"),
        ("checks: {goal-missing: loud}", "'checks.goal-missing' should be 'error', 'warning'"),
        ("checks: {goal-missing: no}", "'checks.goal-missing' should be"),
        ("experiments: ../other", "'experiments' must be a folder inside the project"),
        ("experiments: /etc", "must be a folder inside"),
        ("experiments: .", "must be a folder inside"),
        ("site: {output: a/../../b}", "'site.output' must be a folder inside"),
        ("trackers: [mlflow]", "'trackers' should be a valid dictionary"),
        ("- title", "is no list of 'key: value' lines"),
        ("title: a: b", r"cardgen\.yaml:1: This is no valid YAML"),
        ("a: 1\nb: &x 2", r"cardgen\.yaml:2: YAML anchors"),
        ("1: x", "'1' .*"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        parse_settings(text)
    assert caught.value.hint


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "cardgen.yaml").write_bytes(b"title: \xe9\n")
    with pytest.raises(ConfigError, match=r"cardgen\.yaml cannot be read"):
        load_config(tmp_path)


@pytest.mark.parametrize("before", ["", "\ufeff", "# comment\r\n"])
def test_lines_of_settings(tmp_path: Path, before: str) -> None:
    text = before + "title: x\r\nchecks:\n  goal-missing: off\n  b: error\n"
    (tmp_path / "cardgen.yaml").write_bytes(text.encode())
    config = load_config(tmp_path)
    extra = before.count("\n")
    assert config.line("title") == 1 + extra
    assert config.line("checks", "b") == 4 + extra
    assert config.line("checks", "c") == config.line("lang") == 0
    assert Config(root=tmp_path).line("title") == 0
    assert Config(root=tmp_path, text="a: [").line("a") == 0


def test_labels_are_relative_to_the_root(tmp_path: Path) -> None:
    config = Config(root=tmp_path)
    assert config.label(tmp_path / "a" / "b.md") == "a/b.md"
    assert config.label(Path("/elsewhere/b.md")) == "/elsewhere/b.md"


def test_what_a_tracker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")
    config = Config(root=tmp_path, settings=parse_settings("trackers: {mlflow: {uri: u}}"))
    told = config.for_tracker("mlflow")
    assert (told.root, told.options) == (tmp_path, {"uri": "u"})
    assert told.environ["MLFLOW_TRACKING_URI"] == "http://localhost:1"
    assert config.for_tracker("hf").options == {}


@given(st.text() | FRONTS)
def test_any_text_is_settings_or_a_sentence(text: str) -> None:
    said = ""
    try:
        parse_settings(text)
    except ConfigError as error:
        said = str(error)
    assert not said or said.startswith("cardgen.yaml")
