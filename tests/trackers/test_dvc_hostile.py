"""DVC's files as strangers, crashes and other tools leave them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import Metric, Run
from tests.trackers.damage import is_part_of, read_cut, read_mutated
from tests.trackers.dvc_projects import commit_all, fetch, find, git, unpack, write_files

LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps: [{path: data/x.csv, md5: 0123456789abcdef0123456789abcdef, size: 5}]
    params: {params.yaml: {lr: 0.5}}
    outs: [{path: m.json, md5: c5d8a1e5b2f9ae38d0b0f1c6d6a3a1ab, size: 9}]
"""
YAML = """\
stages:
  train:
    cmd: python train.py
    deps: [data/x.csv]
    params: [lr]
    metrics: [m.json: {cache: false}]
"""
FILES = {
    "dvc.yaml": YAML,
    "dvc.lock": LOCK,
    "params.yaml": "lr: 0.5\n",
    "m.json": '{"f1": 1}',
    ".dvc/config": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    write_files(folder, FILES)
    return folder


def read_anyway(root: Path) -> Run:
    assert find(root) in ((), ("dvc:.",), ("dvc:dvclive",), ("dvc:.", "dvc:dvclive"))
    return fetch(root, ".")


# Damage ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose numbers come from every kind of file."""
    root = unpack("dvc-repo.tar.gz", tmp_path_factory.mktemp("whole")) / "repo"
    shutil.rmtree(root / ".git")
    write_files(
        root,
        {
            "dvc.yaml": (root / "dvc.yaml")
            .read_text()
            .replace("\nmetrics:\n", "\nmetrics:\n- s.toml\n- s.yaml\n")
            .replace("\nplots:\n", "\nplots:\n- log.csv\n- log.json\n")
            .replace("\nparams:\n", "\nparams:\n- p.py\n- p.toml\n- p.json\n"),
            "s.toml": "[eval]\nrouge = 0.25\n",
            "s.yaml": "eval:\n  bleu: 31.5\n",
            "log.csv": "step,val_a\n1,0.5\n2,0.75\n",
            "log.json": '[{"epoch": 1, "val_b": 2.5}, {"epoch": 2, "val_b": 3.5}]',
            "p.py": "class Train:\n    wide = [1, 2]\n",
            "p.toml": "[a]\nb = 1\n",
            "p.json": '{"j": {"k": [1, 2]}}',
        },
    )
    return root


READ = (
    "dvc.yaml", "dvc.lock", "params.yaml", "data/digits.csv.dvc", "dvclive/metrics.json",
    "dvclive/params.yaml", "dvclive/plots/metrics/eval/accuracy.tsv",
    "dvclive/plots/metrics/train/loss.tsv", "s.toml", "s.yaml", "log.csv", "log.json", "p.py",
    "p.toml", "p.json",
)  # fmt: skip
# A number in these is text that ends where the file ends: a part of it is another number.
PLAIN = (".yaml", ".toml", ".py", ".lock")


@pytest.mark.parametrize("name", READ)
def test_a_damaged_file_gives_less_or_a_sentence(whole: Path, name: str) -> None:
    expected = fetch(whole, ".")
    assert {"eval.rouge", "eval.bleu", "val_a", "val_b"} <= set(expected.metrics)
    for _, found in read_cut(whole / name, lambda: read_anyway(whole), 40):
        if not name.endswith(PLAIN):
            is_part_of(found, expected)
    for _, found in read_mutated(whole / name, lambda: read_anyway(whole), 60):
        assert found.ref == "dvc:."


@pytest.mark.parametrize("name", ["dvclive/metrics.json", "dvclive/plots/metrics/train/loss.tsv"])
def test_a_folder_of_dvclive_survives_every_cut(whole: Path, name: str) -> None:
    expected = fetch(whole, "dvclive")
    for _, found in read_cut(whole / name, lambda: fetch(whole, "dvclive")):
        is_part_of(found, expected)


def test_a_folder_in_the_cache_survives_damage(tmp_path: Path) -> None:
    root = unpack("old.tar.gz", tmp_path) / "dvc-2.58"
    listing = next((root / ".dvc" / "cache").glob("*/*.dir"))
    listing.chmod(0o644)
    for _, found in read_cut(listing, lambda: fetch(root, "main"), 40):
        assert found.params == {"lr": 0.5}  # what does not have the digest is not read


# Other types than expected ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "7", "[]", "[1, [2]]", "text", "stages:", "stages: 3", "stages: [a]",
        "stages: {a: }", "stages: {a: {}}", "stages: {a: {cmd: 3}}", "stages: {a: {cmd: [1, x]}}",
        "stages: {a: {cmd: x, deps: y, outs: 3, metrics: {a: b}, plots: [[]], params: [[a]]}}",
        "stages: {1: {cmd: x, outs: [{1: 2}], wdir: 3}}", "stages: {a: {cmd: x, wdir: ../../..}}",
        "stages: {a: {foreach: 3, do: {cmd: x}}}", "stages: {a: {foreach: [a], do: 3}}",
        "stages: {a: {matrix: {x: 3}, cmd: y}}", "stages: {a: {matrix: [], cmd: y}}",
        "vars: 3", "vars: [[a], 3, none.yaml, ../x.yaml, /etc/passwd]", "artifacts: 3",
        "artifacts: {a: 3, b: {path: 4}, c: {path: m, type: [model], labels: x, meta: 3}}",
        "metrics: 3", "metrics: [3, {a: b}, ../x.json, /etc/passwd]", "params: [[], ../../p.yaml]",
        "plots: [3, {a: 4}, {b: {x: [1], y: {c: d}}}]", "plots: {a: {x: {b: c}, y: {d: [e]}}}",
        "metrics: [dvc.yaml, dvc.lock]", "params: [dvc.lock]",
    ],
)  # fmt: skip
def test_odd_types_are_read_or_refused(root: Path, text: str) -> None:
    for name in ("dvc.yaml", "dvc.lock", "params.yaml", "x.dvc"):
        write_files(root, {**FILES, name: text})
        try:
            assert read_anyway(root).tracker == "dvc"
        except TrackerError as error:
            assert error.message  # noqa: PT017
            assert error.hint  # noqa: PT017
        (root / "x.dvc").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ('{"a": {"b": {"c": 1}}, "n": null, "l": [1], "t": "x"}', {"a.b.c": 1}),
        ('{"s": "0.5"}', {"s": 0.5}),
        ("[1, 2]", {}),
        ("0.75", {"m": 0.75}),
        ('{"big": 1e999, "huge": ' + "9" * 400 + "}", {"big": float("inf")}),
        ('{"x": NaN}', {"x": float("nan")}),
        ('{"\\ud83d": 1, "": 2, "\\u0000": 3}', {"?": 1, "": 2, "\0": 3}),
        ("", {}),
    ],
)  # fmt: skip
def test_odd_metrics_are_numbers_or_nothing(
    root: Path, text: str, metrics: dict[str, float]
) -> None:
    (root / "m.json").write_text(text)
    found = fetch(root, ".").metrics
    assert repr(found) == repr({name: Metric(value=v) for name, v in sorted(metrics.items())})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.json", "{" * 100_000, "m.json is no valid JSON"),
        ("m.json", "[" * 100_000, "m.json is no valid JSON"),
        ("m.json", "9" * 5000, "m.json is no valid JSON"),
        ("params.yaml", "a: &a [*a]", r"params.yaml:1: A YAML alias holds itself"),
        ("params.yaml", "[" * 5000, "nested too deeply"),
        ("params.yaml", "a: !!python/object/apply:os.system [ls]", "tags"),
        ("dvc.yaml", "a: 1\na: 2", r"dvc.yaml:2: .*duplicate key"),
        ("dvc.lock", "- a", "dvc.lock is no file of DVC"),
        ("dvc.lock", "x" * 600_000, "larger than 512 KB"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    root: Path, name: str, text: str, message: str
) -> None:
    (root / name).write_text(text)
    with pytest.raises(TrackerError, match=message) as caught:
        fetch(root, ".")
    assert caught.value.hint
    assert find(root) == ("dvc:.",)  # so that the sentence is said


def test_bytes_that_are_no_text_are_said(root: Path) -> None:
    (root / "m.json").write_bytes(b'{"a\xff": 1}')
    with pytest.raises(TrackerError, match=r"m\.json is no text in UTF-8"):
        fetch(root, ".")
    (root / "m.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert fetch(root, ".").metrics == {"a": Metric(value=1)}


@pytest.mark.parametrize(
    "text",
    ["x=" + "-" * 60_000 + "1", "x=" + "1+" * 30_000 + "1", "x=" + "(" * 60_000,
     "x=" + "a." * 30_000 + "b", "\0", "x=" * 30_000 + "1", "x = '\\d'\n" * 10, "x" * 70_000],
    ids=range(8),
)  # fmt: skip
def test_python_that_breaks_a_parser_is_refused(root: Path, text: str) -> None:
    (root / "dvc.yaml").write_text(f"{YAML}params: [p.py]\n")
    (root / "p.py").write_text(text)
    try:
        assert fetch(root, ".").params["lr"] == 0.5
    except TrackerError as error:
        assert "p.py" in error.message  # noqa: PT017


# Ways out --------------------------------------------------------------------------------------


def test_nothing_outside_of_the_project_is_read(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"password": 1}')
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "metrics.json").write_text('{"password": 1}')
    (root / "link.json").symlink_to(secret)
    (root / "dvclive").symlink_to(tmp_path / "secret")
    for path in ("../secret.json", str(secret), "link.json", "dvclive/metrics.json", "dvclive"):
        text = (
            f"{YAML}metrics: ['{path}']\nparams: ['{path}']\nplots: ['{path}']\nvars: ['{path}']\n"
        )
        (root / "dvc.yaml").write_text(text)
        try:
            assert "password" not in fetch(root, ".").model_dump_json()
        except TrackerError as error:
            assert "is a link out of the project" in error.message  # noqa: PT017
    with pytest.raises(TrackerError):
        fetch(root, "dvclive")


def test_a_link_inside_the_project_is_followed(root: Path) -> None:
    (root / "m.json").rename(root / "real.json")
    (root / "m.json").symlink_to("real.json")
    assert fetch(root, ".").metrics == {"f1": Metric(value=1)}


def test_links_in_a_commit_are_not_there(root: Path) -> None:
    (root / "m.json").unlink()
    (root / "m.json").symlink_to("/etc/passwd")
    git(root, "init", "-q", "-b", "main", ".")
    commit_all(root, "A link")
    assert fetch(root, "main").metrics == {}


def test_a_pipe_and_a_folder_are_no_files(root: Path) -> None:
    (root / "m.json").unlink()
    os.mkfifo(root / "m.json")
    assert fetch(root, ".").metrics == {}
    (root / "params.yaml").unlink()
    (root / "params.yaml").mkdir()
    assert fetch(root, ".").params == {"lr": 0.5}  # as the lock has it


def test_links_in_circles_end(root: Path) -> None:
    (root / "again").symlink_to(root)
    (root / "loop").symlink_to(root / "loop")
    (root / "dvclive").mkdir()
    (root / "dvclive" / "dvclive").symlink_to(root / "dvclive")
    assert find(root) == ("dvc:.",)


def test_remote_data_is_named_and_not_opened(root: Path) -> None:
    (root / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    deps:\n"
        "    - {path: 's3://bucket/data.csv', etag: abc-1, size: 5}\n"
        "    - {path: 'https://example.org/x', checksum: '9'}\n"
    )
    first, second = fetch(root, ".").data
    assert (first.url, first.path, first.digest) == ("s3://bucket/data.csv", "", "etag:abc-1")
    assert (second.url, second.digest) == ("https://example.org/x", "checksum:9")


def test_imported_data_has_its_origin(root: Path) -> None:
    write_files(
        root,
        {
            "data/x.csv.dvc": "deps:\n- path: get/x.csv\n  repo:\n    url: https://example.org/r\n"
            "    rev_lock: a123456789012345678901234567890123456789\nouts:\n"
            "- {md5: 0123456789abcdef0123456789abcdef, size: 5, path: x.csv}\n"
        },
    )
    (found,) = fetch(root, ".").data
    assert found.url == "https://example.org/r"
    assert found.version == "a123456789012345678901234567890123456789"
    assert found.digest == "md5:0123456789abcdef0123456789abcdef"
    assert found.context == "training"


# Layouts -----------------------------------------------------------------------------------------


def test_projects_below_a_root_without_one_are_runs_of_their_own(tmp_path: Path) -> None:
    for name in ("experiments/qa-1", "experiments/qa-2"):
        write_files(
            tmp_path,
            {f"{name}/{file}": text for file, text in FILES.items() if not file.startswith(".dvc")},
        )
    write_files(tmp_path, {"experiments/qa-3/card.md": "x", ".dvc/config": ""})
    assert find(tmp_path) == ("dvc:experiments/qa-1", "dvc:experiments/qa-2")
    assert find(tmp_path, tmp_path / "experiments" / "qa-1") == ("dvc:experiments/qa-1",)
    assert find(tmp_path, tmp_path / "experiments" / "qa-3") == ()
    assert fetch(tmp_path, "experiments/qa-2").name == "qa-2"


def test_nested_pipelines_are_one_project_as_for_dvc(root: Path) -> None:
    inner = {f"sub/{name}": text for name, text in FILES.items() if not name.startswith(".dvc")}
    write_files(root, inner)
    assert find(root) == ("dvc:.",)
    found = fetch(root, ".")
    assert len(found.commands) == 2
    assert found.metrics == {"f1": Metric(value=1)}  # both files say the same
    (root / "sub" / "m.json").write_text('{"f1": 2}')
    assert set(fetch(root, ".").metrics) == {"m.json:f1", "sub/m.json:f1"}
    assert fetch(root, "sub").metrics == {"f1": Metric(value=2)}


def test_several_folders_of_dvclive_are_told_apart(root: Path) -> None:
    table = "step\tacc\n0\t0.5\n1\t0.75\n"
    for name, value in (("a", 0.75), ("b", 0.75)):
        write_files(
            root,
            {
                f"out/{name}/dvclive/metrics.json": json.dumps({"acc": value, "step": 1}),
                f"out/{name}/dvclive/plots/metrics/acc.tsv": table,
            },
        )
    (root / "dvc.yaml").write_text(
        f"{YAML}metrics: [out/a/dvclive/metrics.json, out/b/dvclive/metrics.json]\n"
    )
    found = fetch(root, ".")
    assert set(found.metrics) == {"f1", "a/acc", "b/acc"}
    assert found.checkpoints[1].metrics == {"a/acc": 0.75, "b/acc": 0.75}
    assert find(root) == ("dvc:.",)
    (root / "dvc.lock").unlink()
    (root / "dvc.yaml").write_text(
        "metrics: [out/a/dvclive/metrics.json, out/b/dvclive/metrics.json]\n"
    )
    assert find(root) == ("dvc:out/a/dvclive", "dvc:out/b/dvclive")


def test_a_lock_without_its_pipeline_is_read(root: Path) -> None:
    (root / "dvc.yaml").unlink()
    found = fetch(root, ".")
    assert [command.line for command in found.commands] == ["python train.py"]
    assert found.params == {"lr": 0.5}
    assert [data.path for data in found.data] == ["data/x.csv"]


def test_a_torn_last_line_is_no_number(root: Path) -> None:
    write_files(
        root,
        {
            "dvclive/plots/metrics/loss.tsv": "step\tloss\n0\t1.5\n1\t0.25\n2\t0.1",
            "dvclive/plots/metrics/empty.tsv": "",
            "dvclive/plots/metrics/header.tsv": "step\theader\n",
            "dvclive/plots/metrics/words.tsv": "step\twords\n0\tgood\n1\n\n2\t\n",
            "dvclive/plots/metrics/nostep.tsv": "nostep\n3\n4\n",
            "dvclive/plots/metrics/odd.tsv": "step\todd\nx\t1\n1e400\t2\n\t3\n-1\t4\n0.5\t5\n",
            "dvclive/metrics.json": '{"step": "x", "loss": 0.25}',
        },
    )
    found = fetch(root, "dvclive")
    curves = {curve.metric: curve for curve in found.curves}
    assert curves["loss"].values == (1.5, 0.25)
    assert found.metrics["loss"] == Metric(value=0.25, step=1)
    assert found.tags["words"] == "good"
    assert curves["nostep"].axis == "order"
    assert found.metrics["odd"] == Metric(value=5, step=0.5)


def test_files_in_other_encodings_of_line_ends_are_the_same(root: Path) -> None:
    before = fetch(root, ".")
    for name in ("dvc.yaml", "dvc.lock", "params.yaml", "m.json"):
        path = root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    after = fetch(root, ".")
    assert after.params == before.params
    assert after.commands == before.commands


def test_a_big_folder_of_data_takes_no_time(root: Path) -> None:
    folder = root / "data" / "images"
    folder.mkdir(parents=True)
    for number in range(3000):
        (folder / f"{number}.png").touch()
    assert find(root) == ("dvc:.",)
    assert fetch(root, ".").metrics == {"f1": Metric(value=1)}


def test_a_location_outside_of_the_root_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match="lies outside the project"):
        find(root, tmp_path)
