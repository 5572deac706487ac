"""What rules asked about the codes of a project, answered and packed into a short text.

Rules ask of many a word whether it is a card. Those answers stay as they are for as long as no card
is added or removed, so that nobody looks into the text before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from cardgen.rules import Codes


class Asked(NamedTuple):
    """A question that rules asked of the project, and its answer as a short text."""

    kind: str
    subject: str
    answer: str = ""


class CodeAnswers:
    """Answers about the codes that there are now; ``all`` is a digest of them."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = Codes(codes)
        self.all = digest_text(repr(sorted(self._codes)))

    def pack(self, asked: Iterable[Asked]) -> str:
        """Questions with the answers of now."""
        found = [(kind, subject, self._answer(kind, subject)) for kind, subject, _ in asked]
        absent = [subject for kind, subject, answer in found if (kind, answer) == ("card", "")]
        return json.dumps([absent, [one for one in found if (one[0], one[2]) != ("card", "")]])

    def hold(self, packed: str) -> bool:
        """Whether all is now as it was when it was packed."""
        try:
            return all(
                answer == self._answer(kind, subject) for kind, subject, answer in unpack(packed)
            )
        except (ValueError, TypeError):
            return False

    def _answer(self, kind: str, subject: str) -> str:
        if kind == "card":
            return "yes" if subject in self._codes else ""
        return "/".join(self._codes.find_twins(subject)) if kind == "twins" else self.all


def unpack(packed: str) -> Iterator[Asked]:
    """The questions with their answers; raises ValueError or TypeError for another text."""
    absent, others = json.loads(packed) if packed else ((), ())
    yield from (Asked("card", subject) for subject in absent)
    yield from (Asked(*one) for one in others)


def digest_text(text: str) -> str:
    """A short word for a text, to compare it with another one."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
