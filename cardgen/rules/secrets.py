"""Rules about secrets: those that were masked, and those that a person typed into a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cardgen.masking import count_masked, find_secrets, mask_text
from cardgen.rules import Finding, Project, Subject, rule


@rule("masked", "advice", "Evidence held secrets, which were masked.")
def find_masked(subject: Subject, project: Project) -> Iterator[Finding]:
    evidence = subject.card.evidence
    counts: Counter[str] = Counter()
    for run in evidence.runs if evidence else ():
        counts += count_masked(run)
    if counts:
        yield Finding(
            f"The runs hold what was masked as a secret: {_format_counts(counts)}.",
            "Revoke what the tracker has recorded; name what is no secret, with the reason, under "
            "secrets.allow in cardgen.yaml, and fill the card again.",
            path=subject.evidence_label,
        )


@rule("secret", "warning", "The card itself holds what looks like a secret.")
def find_written(subject: Subject, project: Project) -> Iterator[Finding]:
    allow = frozenset(project.settings.secrets.allow)
    for field, counts in find_secrets(subject.card.front, allow).items():
        yield _make_finding(f"'{field}'", counts, subject.line(field))
    for section in subject.card.sections:
        masked = mask_text(section.body, allow)
        if masked != section.body:
            line = section.line + 1 + _find_difference(section.body, masked)
            yield _make_finding(f"'{section.title}'", Counter({"secret": 1}), line)


def _make_finding(where: str, counts: Counter[str], line: int) -> Finding:
    return Finding(
        f"{where} holds what looks like a secret ({', '.join(sorted(counts))}).",
        "Revoke it and take it out: git keeps it. What is none is named under secrets.allow in "
        "cardgen.yaml.",
        line,
    )


def _find_difference(text: str, masked: str) -> int:
    """The first line, counted from 0, in which two texts differ."""
    pairs = zip(text.split("\n"), masked.split("\n"), strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), 0)


def _format_counts(counts: Counter[str]) -> str:
    """``2 hf-token, 1 password``, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {kind}" for kind, count in ordered)
