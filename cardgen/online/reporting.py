"""From answers to problems: what is gone, what is hidden, and what could not be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cardgen.config import CONFIG_NAME, Config
from cardgen.errors import CardgenError, GoneError
from cardgen.fetch import Failure
from cardgen.models import Problem
from cardgen.online.asking import SECONDS, Answer, Step, ask_all
from cardgen.online.mentions import Mention, Thing
from cardgen.rules import load_rules

GONE, HIDDEN, UNASKED = "gone-online", "hidden-online", "unasked-online"

_TOKENS = {
    "hub": "If it is private, set HF_TOKEN to a token that may read it.",
    "wandb": "If it is private, set WANDB_API_KEY to a key that may read it.",
}
_HINTS = {
    "run": "The evidence keeps its numbers; correct the ref, or accept that it is gone.",
    "thing": "Correct the name or version, or name the copy that is used in its place.",
}


def check_online(
    config: Config,
    mentions: Sequence[Mention],
    step: Step = lambda: None,
    *,
    seconds: float = SECONDS,
) -> tuple[Problem, ...]:
    """Ask after all that is mentioned; the problems in the order of the mentions.

    ``step`` is called once for each distinct thing. What could not be asked is advice, one for
    each server and reason.
    """
    answers = ask_all(config, (mention.thing for mention in mentions), step, seconds=seconds)
    found = [_report(mention, answers[mention.thing]) for mention in mentions]
    return (*(problem for problem in found if problem), *_report_unasked(answers))


def _report(mention: Mention, answer: Answer) -> Problem | None:
    thing = mention.thing
    kind = thing.run.partition(":")[0] or thing.reference.kind
    if isinstance(answer, Failure):
        if not isinstance(answer.error, GoneError):
            return None
        hint = _HINTS["run" if thing.run else "thing"]
        said = answer.error.message
        return _make(mention, GONE, f"The {thing} is not there any more: {_lower(said)}", hint)
    if answer == "deleted":
        hint = "Restore it there before it is cleared away. The evidence keeps its numbers."
        return _make(mention, GONE, f"The {thing} was deleted in {_name(kind)}.", hint)
    if answer == "hidden":
        hint = _TOKENS.get(kind, "Set the user and password, or the token, for the server.")
        return _make(
            mention, HIDDEN, f"The {thing} cannot be seen: it is private, or not there.", hint
        )
    return None


def _make(mention: Mention, rule: str, message: str, hint: str) -> Problem:
    thing = mention.thing
    about = thing.run or thing.reference.name
    severity = load_rules()[rule].severity
    return Problem(mention.path, mention.line, rule, severity, message, hint, about)


def _report_unasked(answers: Mapping[Thing, Answer]) -> Iterator[Problem]:
    """One problem for each server (or store) that could not be asked, with the first reason."""
    failed: dict[str, list[CardgenError]] = {}
    for thing, answer in answers.items():
        if isinstance(answer, Failure) and not isinstance(answer.error, GoneError):
            failed.setdefault(_find_key(thing, answer.error), []).append(answer.error)
    for errors in failed.values():
        count = len(errors)
        what = f"{count} things" if count > 1 else "one thing"
        yield Problem(
            CONFIG_NAME,
            0,
            UNASKED,
            load_rules()[UNASKED].severity,
            f"Whether {what} that cards name {'are' if count > 1 else 'is'} still there could not "
            f"be asked: {_lower(errors[0].message)}",
            errors[0].hint or "Try again later.",
        )


def _find_key(thing: Thing, error: CardgenError) -> str:
    """The tracker alone: of many folders that are not on this machine, one is told."""
    return thing.run.partition(":")[0] or thing.reference.kind


def _lower(message: str) -> str:
    """A sentence as it goes on after a colon; names and addresses keep their letters."""
    first = message.partition(" ")[0]
    common = first in ("No", "There", "The", "It", "A", "Several", "Reading")
    return message[:1].lower() + message[1:] if common else message


def _name(kind: str) -> str:
    return {"mlflow": "MLflow", "wandb": "Weights & Biases"}.get(kind, kind)


def count_things(mentions: Iterable[Mention]) -> int:
    """How many distinct things are mentioned: the steps of ``check_online``."""
    return len({mention.thing for mention in mentions})
