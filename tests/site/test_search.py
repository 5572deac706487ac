"""The search index: what it holds, how a new one takes the old one's place."""

from __future__ import annotations

import gzip
import json
import re
import threading
from pathlib import Path

import pytest

from cardgen.errors import SiteError
from cardgen.site.build import BuildResult
from cardgen.site.search import BackgroundIndexer, index_site
from cardgen.site.searchcolumns import NAME
from cardgen.site.searchtext import extract_text


def read_fragments(folder: Path) -> dict[str, dict[str, object]]:
    """What Pagefind kept of each page, by the page's address."""
    found = {}
    for path in (folder / "fragment").iterdir():
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
        fragment = json.loads(text.removeprefix("pagefind_dcd"))
        found[fragment["meta"].get("url", fragment["url"])] = fragment
    return found


def make_page(folder: Path, name: str, text: str, lang: str = "en") -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "index.html").write_text(
        f'<html lang="{lang}"><body><article data-pagefind-body>{text}</article></body></html>',
        encoding="utf-8",
    )


def test_pages_are_indexed_with_title_and_facets(built: BuildResult) -> None:
    card = read_fragments(built.output / "pagefind")["/cards/qa-1/"]
    assert card["meta"]["title"] == "Digits with dropout"
    assert card["filters"] == {"status": ["finished"], "tag": ["mlp", "dropout"]}
    assert "pangolin" in card["content"]


def test_tables_of_numbers_are_left_out_unless_wanted(built: BuildResult) -> None:
    content = read_fragments(built.output / "pagefind")["/cards/qa-1/"]["content"]
    assert "quagga" not in content
    assert "okapibase" in content


def test_hand_written_pages_are_indexed_without_link_signs_and_lists(built: BuildResult) -> None:
    fragments = read_fragments(built.output / "pagefind")
    assert fragments["/guide/"]["meta"]["title"] == "Guide"
    assert "elephants" in fragments["/guide/"]["content"]
    assert "¶" not in fragments["/guide/"]["content"]
    assert "qa-1" not in fragments["/"]["content"]
    assert not any("404" in address for address in fragments)


def test_each_language_has_an_index(built: BuildResult) -> None:
    entry = json.loads((built.output / "pagefind" / "pagefind-entry.json").read_text())
    assert set(entry["languages"]) == {"en", "pl", "zh"}
    assert entry["languages"]["pl"]["page_count"] == 1


def test_boxes_that_no_page_loads_are_not_kept(built: BuildResult) -> None:
    names = {path.name for path in (built.output / "pagefind").iterdir()}
    assert not {name for name in names if name.endswith((".css", "-ui.js", "highlight.js"))}
    assert {"pagefind.js", "pagefind.pf_script", "cards.pf_facets"} <= names


def test_only_the_article_and_the_facts_are_read() -> None:
    html = (
        '<!doctype html><html lang="pl" class="x"><head><title>t</title>'
        '<meta data-pagefind-filter="tag[content]" content="a"></head><body><nav>menu</nav>'
        '<article class="c" data-pagefind-body>text <b>bold</b></article><footer>f</footer></body>'
    )
    assert extract_text(html, "cards/a&b/index.html") == (
        '<!doctype html><html lang="pl"><head>'
        '<meta data-pagefind-meta="url[content]" content="/cards/a&amp;b/">'
        '<meta data-pagefind-filter="tag[content]" content="a"></head><body>'
        "<article data-pagefind-body>text <b>bold</b></article></body></html>"
    )


@pytest.mark.parametrize("html", ["", "<article>x</article>", "</article> data-pagefind-body"])
def test_a_page_that_is_not_marked_is_not_read(html: str) -> None:
    assert extract_text(html, "x.html") is None


def test_chinese_signs_stand_apart_but_for_anchors() -> None:
    html = (
        '<html lang="zh"><article data-pagefind-body><h2 id="结论">结论</h2>'
        "<p>用dropout好。</p></article>"
    )
    whole = extract_text(html, "x.html", split=False)
    assert whole is not None
    assert "<p>用dropout好。</p>" in whole
    found = extract_text(html, "x.html", split=True)
    assert found is not None
    assert 'id="结论"' in found
    assert "> 结  论 <" in found
    assert "> 用 dropout 好  。 <" in found


def test_the_language_of_a_card_is_not_that_of_its_page() -> None:
    html = (
        '<html lang="en"><head><meta name="cardgen-language" content="pl"></head>'
        "<article data-pagefind-body><p>Żółw</p></article>"
    )
    found = extract_text(html, "x.html")
    assert found is not None
    assert found.startswith('<!doctype html><html lang="pl">')


def test_typographic_apostrophes_part_words_but_for_anchors() -> None:
    html = (
        '<html lang="fr"><article data-pagefind-body><h2 id="l’été">l’été</h2>'
        "<p>d’un ‘mot’</p></article>"
    )
    found = extract_text(html, "x.html")
    assert found is not None
    assert "<h2 id=\"l’été\">l'été</h2><p>d'un ‘mot’</p>" in found


def test_of_tables_only_new_words_are_read() -> None:
    html = (
        "<article data-pagefind-body data-cardgen><p>x</p>"
        '<table class="cg-table cg-params"><thead><tr><th>Name</th></tr></thead><tbody>'
        "<tr><th>opt<wbr>imizer</th><td>adamw</td></tr><tr><th>lr</th><td>1e-4</td></tr>"
        "<tr><th>hash</th><td>deadbeef01</td></tr></tbody></table>"
        "<table><tr><td>adamw</td><td>&lt;b&gt;</td><td>0.97</td><td>eval/f1</td></tr></table>"
        "<table data-cardgen-search><tr><td>0.5</td></tr></table></article>"
    )
    found = extract_text(html, "x.html")
    assert found is not None
    assert '<p data-pagefind-weight="0.2">optimizer adamw lr hash</p>' in found
    assert '<p data-pagefind-weight="0.2">eval/f1</p>' in found
    assert "<td>0.5</td>" in found


def test_labels_that_every_card_has_are_left_out_and_values_are_not() -> None:
    html = (
        '<article data-pagefind-body data-cardgen><dl class="cg-facts"><div><dt>commit</dt>'
        "<dd>3bde138</dd></div></dl><dl><dt>Term</dt><dd>of a person</dd></dl>"
        '<p class="cg-caption">Training</p></article>'
    )
    found = extract_text(html, "x.html")
    assert found is not None
    assert "3bde138" in found
    assert "Term" in found
    assert "commit" not in found
    assert "Training" not in found


def test_columns_hold_the_facets_of_each_page_in_the_order_of_the_index(
    built: BuildResult,
) -> None:
    folder = built.output / "pagefind"
    columns = json.loads(gzip.decompress((folder / NAME).read_bytes()))["en"]
    entry = json.loads((folder / "pagefind-entry.json").read_text())["languages"]["en"]
    meta = gzip.decompress((folder / f"pagefind.{entry['hash']}.pf_meta").read_bytes())
    names = re.findall(rb"en_[0-9a-f]{7,}", meta)[: entry["page_count"]]
    read = {}
    for row, name in enumerate(names):
        path = folder / "fragment" / f"{name.decode()}.pf_fragment"
        fragment = json.loads(gzip.decompress(path.read_bytes()).removeprefix(b"pagefind_dcd"))
        cells = {facet: column["rows"][row] for facet, column in columns.items()}
        read[fragment["meta"]["url"]] = {
            facet: [columns[facet]["values"][n - 1] for n in (c if isinstance(c, list) else [c])]
            for facet, c in cells.items()
            if c
        }
    assert read["/cards/qa-1/"] == {"status": ["finished"], "tag": ["mlp", "dropout"]}
    assert read["/guide/"] == {}


def test_a_new_index_takes_the_place_of_the_old(tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    make_page(site, "a", "<h1>One</h1>gorilla")
    make_page(site, "b", "<h1>Zwei</h1>Gürteltier", "de")
    index_site(site, site / "pagefind", work)
    before = {p.relative_to(site) for p in (site / "pagefind").rglob("*.*")}
    make_page(site, "a", "<h1>One</h1>gibbon")
    (site / "b" / "index.html").unlink()
    index_site(site, site / "pagefind", work)
    after = {p.relative_to(site) for p in (site / "pagefind").rglob("*.*")}
    assert set(read_fragments(site / "pagefind")) == {"/a/"}
    assert not {path for path in after if ".de" in path.name or "de_" in path.name}
    assert after != before
    assert not list(work.iterdir())


def test_a_configuration_lying_about_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    make_page(site, "a", "<h1>One</h1>gorilla")
    (tmp_path / "pagefind.yml").write_text("glob: 'nothing'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGEFIND_GLOB", "nothing")
    index_site(site, site / "pagefind", tmp_path / "work")
    assert set(read_fragments(site / "pagefind")) == {"/a/"}


def test_a_failure_keeps_the_old_index(tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    make_page(site, "a", "<h1>One</h1>gorilla")
    index_site(site, site / "pagefind", work)
    with pytest.raises(SiteError, match="Pagefind"):
        index_site(tmp_path / "nowhere", site / "pagefind", work)
    assert set(read_fragments(site / "pagefind")) == {"/a/"}
    assert not list(work.iterdir())


def test_the_background_indexes_once_for_many_requests() -> None:
    done, calls = threading.Event(), []

    def index() -> None:
        calls.append(1)
        done.set()

    indexer = BackgroundIndexer(index, lambda error: None, delay=0.2)
    for _ in range(20):
        indexer.request()
    assert done.wait(5)
    assert len(calls) == 1
    done.clear()
    indexer.request()
    assert done.wait(5)
    indexer.close()


def test_the_background_says_what_failed_and_goes_on() -> None:
    failures: list[SiteError] = []
    attempts = threading.Semaphore(0)

    def index() -> None:
        attempts.release()
        raise SiteError("The disk is full.")

    indexer = BackgroundIndexer(index, failures.append, delay=0.01)
    for _ in range(2):
        indexer.request()
        assert attempts.acquire(timeout=5)
    indexer.close()
    assert str(failures[0]) == "The disk is full."


def test_a_closed_background_does_nothing_more() -> None:
    calls: list[int] = []
    indexer = BackgroundIndexer(lambda: calls.append(1), lambda error: None, delay=0.1)
    indexer.request()
    indexer.close()
    indexer._thread.join(5)
    assert not indexer._thread.is_alive()
    assert calls == []
