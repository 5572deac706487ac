"""The output folder: only differences are written, and nothing foreign is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cardgen.errors import SiteError
from cardgen.site.output import MARKER_FILE, Output


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    first = Output(tmp_path / "out")
    assert first.write("a/b/index.html", b"one")
    assert not first.write("a/b/index.html", b"one")
    again = Output(tmp_path / "out")
    assert not again.write("a/b/index.html", b"one")
    assert again.write("a/b/index.html", b"two")
    assert (tmp_path / "out/a/b/index.html").read_bytes() == b"two"


def test_a_file_torn_by_a_killed_build_is_written_again(tmp_path: Path) -> None:
    Output(tmp_path / "out").write("index.html", b"whole content")
    (tmp_path / "out/index.html").write_bytes(b"whole c")
    assert Output(tmp_path / "out").write("index.html", b"whole content")


def test_what_is_gone_is_removed_with_its_folder(tmp_path: Path) -> None:
    output = Output(tmp_path / "out")
    output.write("cards/a/index.html", b"a")
    output.write("cards/b/index.html", b"b")
    output.write("pagefind/x", b"x")
    again = Output(tmp_path / "out")
    again.write("cards/b/index.html", b"b")
    again.prune({"cards/b/index.html"}, spared="pagefind")
    left = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")}
    assert left == {
        MARKER_FILE,
        "cards",
        "cards/b",
        "cards/b/index.html",
        "pagefind",
        "pagefind/x",
    }
    assert again.removed == 1


def test_a_folder_of_others_is_refused_and_untouched(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(SiteError, match="did not make"):
        Output(folder)
    assert [p.name for p in folder.iterdir()] == ["thesis.tex"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert Output(tmp_path / "out").write("x", b"")


def test_a_link_or_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(SiteError, match="is no folder"):
            Output(tmp_path / name)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_nothing_is_written_through_a_link_inside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "index.html").write_text("not ours")
    Output(tmp_path / "out").write("x", b"")
    (tmp_path / "out/cards").symlink_to(outside)
    (tmp_path / "out/page.html").symlink_to(outside / "index.html")
    output = Output(tmp_path / "out")
    output.write("cards/index.html", b"ours")
    output.write("page.html", b"ours")
    assert (outside / "index.html").read_text() == "not ours"
    assert (tmp_path / "out/cards/index.html").read_bytes() == b"ours"


@pytest.mark.parametrize("path", ["", "../x", "a/../../x", "/etc/x", "a\\b", "a\0b"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(SiteError, match="no path below"):
        Output(tmp_path / "out").write(path, b"")


def test_files_and_folders_may_change_places(tmp_path: Path) -> None:
    output = Output(tmp_path / "out")
    output.write("a", b"file")
    output.write("b/c/d", b"deep")
    again = Output(tmp_path / "out")
    again.write("a/b/c", b"below")
    again.write("b", b"file now")
    again.prune({"a/b/c", "b"}, spared="pagefind")
    assert (tmp_path / "out/a/b/c").read_bytes() == b"below"
    assert (tmp_path / "out/b").read_bytes() == b"file now"


def test_a_file_removed_behind_our_back_is_written_again(tmp_path: Path) -> None:
    output = Output(tmp_path / "out")
    output.write("a/b", b"x")
    (tmp_path / "out/a/b").unlink()
    (tmp_path / "out/a").rmdir()
    assert output.write("a/b", b"x")
    output.remove("a/b")
    output.remove("a/b")
    assert not (tmp_path / "out/a").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    output = Output(tmp_path / "out")
    (tmp_path / "out").chmod(0o500)
    with pytest.raises(SiteError, match="cannot be written"):
        output.write("x", b"")
