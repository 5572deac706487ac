"""A review as a value: bounded in every direction, since it may come from a stranger's job.

``cardgen review --format json`` writes it and ``--from`` reads it; ``schema/review.schema.json``
is generated from these classes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, FiniteFloat, StrictBool, StrictInt, StringConstraints

from cardgen.models import Frozen, Severity

MAX_CARDS = 200
MAX_CHANGES = 60
MAX_LINES = 40
MAX_PROBLEMS = 40
MAX_MEASURES = 12
MAX_FEW = 12
MAX_BYTES = 600_000
"""Bytes of a review as JSON: what is written keeps to it, and more is not read."""

NAME, TEXT = 120, 400

Name = Annotated[str, StringConstraints(max_length=NAME, strict=True)]
Text = Annotated[str, StringConstraints(max_length=TEXT, strict=True)]
Commit = Annotated[str, StringConstraints(pattern=r"^(?:[0-9a-f]{7,64})?$", strict=True)]
Count = Annotated[StrictInt, Field(ge=0, le=1_000_000_000)]
Kind = Literal["new", "changed", "renamed", "removed", "affected"]
Topic = Literal["evidence", "results", "text", "about", "inputs", "params", "files"]


class Change(Frozen):
    """One difference; ``old`` and ``new`` are as readers see them, empty where there is nothing.

    ``difference`` is new minus old; ``better`` what that means for a metric, null where it means
    nothing. ``lines`` begin with ``-`` or ``+`` where they are of a text. ``attention`` is a
    sentence that says why a reviewer should look at this.
    """

    topic: Topic
    name: Name
    old: Text = ""
    new: Text = ""
    note: Text = ""
    difference: FiniteFloat | None = None
    better: StrictBool | None = None
    lines: Annotated[tuple[Text, ...], Field(max_length=MAX_LINES)] = ()
    attention: Text = ""


class Measure(Frozen):
    """A metric of the card, and the baseline's where that has it; ``difference`` is own minus base.

    ``was`` is the value before, where it was another.
    """

    metric: Name
    text: Name
    was: Name = ""
    base: Name = ""
    difference: FiniteFloat | None = None
    better: StrictBool | None = None


class Found(Frozen):
    """A problem of a card; ``new`` says that the card did not have it before."""

    path: Text
    line: Count = 0
    rule: Name
    severity: Severity
    message: Text
    hint: Text = ""
    new: StrictBool = True


class Alike(Frozen):
    """A card that is there already and tries nearly the same."""

    code: Name
    reasons: Annotated[tuple[Text, ...], Field(max_length=MAX_FEW)] = ()


class ReviewedCard(Frozen):
    """What a reviewer needs to know of one card.

    ``before`` is its code where that was another. ``measures`` begin with the metric that the card
    is judged by. ``versus`` is what differs from the baseline in model, data, source and
    parameters, for new cards. ``missing`` are things that a card of its status should say.
    ``notes`` are sentences on how the two versions came about. ``more_…`` counts what was left out.
    """

    code: Name
    kind: Kind
    before: Name = ""
    title: Text = ""
    status: Name = ""
    path: Text = ""
    baseline: Name = ""
    notes: Annotated[tuple[Text, ...], Field(max_length=MAX_FEW)] = ()
    measures: Annotated[tuple[Measure, ...], Field(max_length=MAX_MEASURES)] = ()
    changes: Annotated[tuple[Change, ...], Field(max_length=MAX_CHANGES)] = ()
    more_changes: Count = 0
    versus: Annotated[tuple[Change, ...], Field(max_length=MAX_CHANGES)] = ()
    more_versus: Count = 0
    missing: Annotated[tuple[Name, ...], Field(max_length=MAX_FEW)] = ()
    similar: Annotated[tuple[Alike, ...], Field(max_length=MAX_FEW)] = ()
    problems: Annotated[tuple[Found, ...], Field(max_length=MAX_PROBLEMS)] = ()
    more_problems: Count = 0

    @property
    def attention(self) -> tuple[Change, ...]:
        """The differences that a reviewer should look at."""
        return tuple(change for change in self.changes if change.attention)

    def count(self, severity: Severity) -> int:
        """The problems of a severity, those that were there before included."""
        return sum(problem.severity == severity for problem in self.problems)


class Review(Frozen):
    """The cards that differ between two revisions, those that need a reviewer most first.

    ``base`` and ``head`` are the revisions as they were asked for, ``old`` the commit that is
    compared with, usually their merge base. ``notes`` are sentences on how it was chosen.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), populate_by_name=True
    )

    version: Literal[1] = Field(default=1, alias="schema", description="Version of this format.")
    base: Name = Field(description="BASE as it was asked for.")
    head: Name = Field(description="HEAD as it was asked for.")
    old: Commit = Field(default="", description="The commit that is compared with.")
    new: Commit = Field(default="", description="The commit of HEAD.")
    notes: Annotated[tuple[Text, ...], Field(max_length=MAX_FEW)] = Field(
        default=(), description="Sentences on how the two commits were chosen."
    )
    cards: Annotated[tuple[ReviewedCard, ...], Field(max_length=MAX_CARDS)] = Field(
        default=(), description="The cards that differ, those that need a reviewer most first."
    )
    more_cards: Count = Field(default=0, description="Cards that differ and were left out.")

    @property
    def failed(self) -> bool:
        """Whether a card of it has an error."""
        return any(card.count("error") for card in self.cards)


def clip(text: str, limit: int = TEXT) -> str:
    """A text that fits into a field, marked where it was cut; lone surrogates are replaced."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
