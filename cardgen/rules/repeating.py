"""Rules about what somebody would lack who wanted to repeat a finished experiment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from cardgen.facts import Facts
from cardgen.groups.names import is_seed, is_unset
from cardgen.models import Dataset
from cardgen.references import is_hub_id, parse_reference
from cardgen.rules import Finding, Project, Subject, rule, run_hint, shorten
from cardgen.surroundings.questions import find_commits

_OPTION = re.compile(r"--?([A-Za-z][\w.-]{0,60})[= ]\s?(-?\d)")
_FIXED = ("doi",)


@rule("dirty-unpatched", "advice", "A run had uncommitted changes, and nothing keeps them.")
def find_unpatched(subject: Subject, project: Project) -> Iterator[Finding]:
    written = subject.card.front.source
    recorded = [(run.ref, run.source) for run in subject.facts.runs if run.source]
    bare = [ref for ref, source in recorded if source.dirty and not source.patch]
    if written and written.dirty is not None:
        bare = [] if not written.dirty or any(s.patch for _, s in recorded) else ["the run", *bare]
    if subject.finished and bare:
        who = shorten(bare[0]) if len(bare) == 1 else f"{shorten(bare[0])} and others"
        yield Finding(
            f"The code of {who} had uncommitted changes, which nothing keeps.",
            f"Commit before a run, or let the patch be kept: cardgen run {subject.code} -- COMMAND",
            subject.line("source.dirty", "source", "runs"),
        )


@rule("data-unversioned", "advice", "Nothing says which version of the data was used.")
def find_unversioned(subject: Subject, project: Project) -> Iterator[Finding]:
    if not subject.finished or "data" in subject.unread:
        return
    commit = next((named.text for named in find_commits(subject.card)), "")
    kept = {path for text, path in project.surroundings.kept if text == commit}
    bare = [
        fact.value
        for fact in subject.facts.data
        if not _is_versioned(fact.value) and fact.value.path.removeprefix("./") not in kept
    ]
    if bare:
        name = bare[0].name or bare[0].path or bare[0].url or bare[0].context
        more = f" (nor of {len(bare) - 1} more)" if len(bare) > 1 else ""
        yield Finding(
            f"Nothing says which version of the data '{shorten(name)}' was used{more}.",
            _advise_version(bare[0], subject.code),
            subject.line("data", "runs"),
            about=name,
        )


def _is_versioned(data: Dataset) -> bool:
    if data.version or data.digest:
        return True
    references = [parse_reference(text) for text in (data.name, data.url) if text]
    return any(r.version or r.aliases or r.kind in _FIXED for r in references)


def _advise_version(data: Dataset, code: str) -> str:
    path = data.path or (data.name if "/" in data.name and not is_hub_id(data.name) else "")
    if path and ":" not in path:
        return f"Run: dvc add {shlex.quote(path)}, then cardgen fill {shlex.quote(code)}"
    if is_hub_id(data.name):
        return f"Write its revision: 'data: {data.name}@REVISION', a commit of the Hub's history."
    return "Write 'version:' or 'digest:' (such as a checksum) beside its name under 'data:'."


@rule("seed-missing", "advice", "No seed is known, so that the result cannot be repeated.")
def find_missing_seed(subject: Subject, project: Project) -> Iterator[Finding]:
    facts = subject.facts
    if not subject.finished or subject.unread & {"params", "evidence"}:
        return
    if (facts.params or any(run.params for run in facts.runs)) and not _has_seed(facts):
        command = run_hint("set", subject.code, "params.seed=42").removeprefix("Run: ")
        yield Finding(
            "No seed is among the parameters.",
            f"Set one and log it with the others; or write the one that was set: {command}",
            subject.line("params", "runs"),
        )


def _has_seed(facts: Facts) -> bool:
    named = {name: fact.value for name, fact in facts.params.items()}
    for run in facts.runs:
        named |= {name: value for name, value in run.tags.items() if value}
    if any(is_seed(name) and not is_unset(value) for name, value in named.items()):
        return True
    if any(fact.value.seed is not None for fact in facts.environments):
        return True
    options = (found[1] for fact in facts.train for found in _OPTION.finditer(fact.value[:65536]))
    return any(is_seed(name) for name in options)
