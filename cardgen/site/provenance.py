"""Code, environment and runs on a card's page, and what came from which run or from a person."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cardgen.facts import Fact, Facts
from cardgen.models import CAPTURED, Environment, Run, Source
from cardgen.repositories import commit_url, parse_repository, safe_url, without_password
from cardgen.site.numbers import format_duration, format_full, format_size, format_time
from cardgen.site.results import units
from cardgen.site.shown import Shower, Shown, shorten

MAX_FILES = 100
"""Files of a run that are listed; the rest is in the evidence."""

_NAMES = {CAPTURED: "cardgen run"}


def list_runs(facts: Facts, shower: Shower) -> list[dict[str, Any]]:
    """Each run with its status, times and what its tracker says of it."""
    return [_describe_run(run, shower) for run in facts.runs]


def _describe_run(run: Run, shower: Shower) -> dict[str, Any]:
    labels = shower.labels
    span = run.finished - run.started if run.started and run.finished else None
    more = (
        ("experiment", run.experiment),
        ("author", run.author),
        ("parent", shower.names.get(run.parent, run.parent) if run.parent else ""),
        ("kind", _name_kinds(run, labels) if run.captured else ""),
        ("exit", _format_exit(run.exit_status, labels)),
        ("description", run.description),
    )
    return {
        "number": shower.numbers[run.ref],
        "name": run.name or shorten(run.ref),
        "ref": run.ref,
        "tracker": run.tracker,
        "url": safe_url(run.url),
        "status": run.status or "",
        "started": run.started,
        "finished": run.finished,
        "started_text": format_time(run.started) if run.started else "",
        "finished_text": format_time(run.finished) if run.finished else "",
        "duration": format_duration(span, units(labels)) if span is not None else "",
        "contains": [(shower.numbers.get(ref, 0), ref) for ref in run.contains],
        "more": [(labels[f"run_{key}"], text) for key, text in more if text],
        "tags": [f"{tag}: {value}" if value else tag for tag, value in sorted(run.tags.items())],
        "files": [
            (file.path, format_size(file.size) if file.size is not None else "", file.digest)
            for file in run.files[:MAX_FILES]
        ],
        "files_title": labels["files"].format(len(run.files)),
        "files_cut": max(0, len(run.files) - MAX_FILES),
    }


def _name_kinds(run: Run, labels: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(labels[f"command_{one.kind}"] for one in run.commands))


def _format_exit(status: int | None, labels: Mapping[str, str]) -> str:
    """An exit status as a person reads it; a negative one is the signal that ended the process."""
    if status is None:
        return ""
    if status >= 0:
        return str(status)
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    return labels["exit_signal"].format(name)


def list_source(
    facts: Facts, repository: str, shower: Shower
) -> list[tuple[int, list[tuple[str, Shown]]]]:
    """Where the code lives, with the run's number where runs differ; ``repository`` is the
    project's own address, for commits of which no other is known."""
    if facts.source is None:
        return []
    found = (facts.source, *facts.source.others)
    return [
        (_mark(found, fact, shower), _describe_source(fact, repository, shower)) for fact in found
    ]


def _mark(facts: Sequence[Fact[Any]], fact: Fact[Any], shower: Shower) -> int:
    """The number of the run that one of several entries belongs to."""
    return shower.numbers.get(fact.origin.ref, 0) if len(facts) > 1 else 0


def _describe_source(
    fact: Fact[Source], repository: str, shower: Shower
) -> list[tuple[str, Shown]]:
    source, labels = fact.value, shower.labels
    page = parse_repository(source.repository)
    dirty = "" if source.dirty is None else labels["dirty_yes" if source.dirty else "dirty_no"]
    commit = commit_url(source.repository if page else repository, source.commit)
    values = (
        ("repository", without_password(source.repository), page.url if page else ""),
        ("branch", source.branch, ""),
        ("commit", source.commit, commit),
        ("dirty", dirty, ""),
        ("patch", source.patch, ""),
        ("entrypoint", source.entrypoint, ""),
    )
    rows = [
        (labels[f"source_{k}"], shower.show(fact, text, url)) for k, text, url in values if text
    ]
    # A difference is one of the whole, and said once.
    return rows[:1] + [(label, shown._replace(note="")) for label, shown in rows[1:]]


def list_environments(facts: Facts, shower: Shower) -> list[dict[str, Any]]:
    """What the runs ran on; packages apart, since they are many."""
    return [_describe_environment(fact, facts, shower) for fact in facts.environments]


def _describe_environment(fact: Fact[Environment], facts: Facts, shower: Shower) -> dict[str, Any]:
    value, labels = fact.value, shower.labels
    rows = [
        (labels[f"environment_{key}"], shower.show(fact, format_full(known)))
        for key in ("python", "os", "host", "accelerator", "seed")
        if (known := getattr(value, key)) not in ("", None)
    ]
    return {
        "rows": rows,
        "packages": sorted(value.packages.items(), key=lambda item: item[0].casefold()),
        "title": labels["packages"].format(len(value.packages)),
        "shown": shower.show(fact, ""),
        "mark": _mark(facts.environments, fact, shower),
    }


def list_sources(facts: Facts, shower: Shower) -> dict[str, Any]:
    """What came from where: the card's lines, then each run with the fields it gave."""
    written: list[str] = []
    recorded: dict[str, dict[str, int]] = {run.ref: {} for run in facts.runs}
    for field, fact in _walk(facts, shower.labels):
        if fact.origin.written:
            line = shower.labels["line"].format(fact.origin.line) if fact.origin.line else ""
            text = f"{field} ({line})" if line else field
            if text not in written:
                written.append(text)
        elif fact.origin.ref in recorded:
            counts = recorded[fact.origin.ref]
            counts[field] = counts.get(field, 0) + 1
    return {
        "written": written,
        "runs": [
            {"number": shower.numbers[ref], "ref": ref, "fields": _count(counts)}
            for ref, counts in recorded.items()
        ],
        "unavailable": _find_unavailable(facts.runs, shower.labels),
    }


def _count(counts: Mapping[str, int]) -> list[str]:
    return [f"{field} ({count})" if count > 1 else field for field, count in counts.items()]


def _walk(facts: Facts, labels: Mapping[str, str]) -> Iterator[tuple[str, Fact[Any]]]:
    """Every fact with the name of its field."""
    for key in ("status", "date", "model", "source"):
        fact = getattr(facts, key)
        if fact is not None:
            yield from ((labels[f"field_{key}"], one) for one in (fact, *fact.others))
    for key in ("authors", "tags", "train", "predict", "data", "output", "environments"):
        for fact in getattr(facts, key):
            yield labels[f"field_{key}"], fact
    yield from _walk_numbers(facts, labels)


def _walk_numbers(facts: Facts, labels: Mapping[str, str]) -> Iterator[tuple[str, Fact[Any]]]:
    """Parameters and metrics; what a person wrote of them with its own name."""
    for name, fact in facts.params.items():
        for one in (fact, *fact.others):
            yield _named(labels["field_params"], name, one), one
    for row in facts.rows:
        for name, fact in row.metrics.items():
            yield _named(labels["field_results"], name, fact), fact
    for fact in facts.finals.values():
        # One that a person wrote is a cell of the table above.
        for one in (fact, *fact.others):
            if not one.origin.written:
                yield labels["field_metrics"], one


def _named(field: str, name: str, fact: Fact[Any]) -> str:
    return f"{field}: {name}" if fact.origin.written else field


def _find_unavailable(runs: Iterable[Run], labels: Mapping[str, str]) -> list[str]:
    """One sentence a tracker: what its format cannot hold."""
    missing: dict[str, list[str]] = {}
    for run in runs:
        known = missing.setdefault(run.tracker, [])
        known += [field for field in run.unavailable if field not in known]
    return [
        labels["unavailable"].format(
            _NAMES.get(tracker, tracker), ", ".join(_name_field(f, labels) for f in fields)
        )
        for tracker, fields in missing.items()
        if fields
    ]


def _name_field(field: str, labels: Mapping[str, str]) -> str:
    return labels.get(f"unavailable_{field.replace('.', '_')}", field)
