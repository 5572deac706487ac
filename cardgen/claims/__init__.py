"""What a person claims in a card, held against the numbers that were recorded.

``analysis`` reads a card: ``quiet`` blanks what is no prose, ``numbers``, ``lexicon``, ``mentions``
and ``naming`` find numbers and the words around them, ``sentences`` cuts, ``binding``, ``rows``,
``places``, ``units``, ``kinds`` and ``near`` say what a number is, ``exempt`` and ``others`` which
are no results, ``reading`` makes claims. ``evidence`` holds what was measured (``collecting``
gathers it), ``bench`` which of it is meant, ``support`` judges. ``cells`` does tables, ``signs``
and ``orders`` better and worse, ``best`` and ``chosen`` what is called best. The words of languages
are data: ``words/``, ``glue.json``, and ``keys.json`` for the keys of metrics.
"""

from cardgen.claims.analysis import Analysis, Ruling
from cardgen.claims.best import find_best_elsewhere
from cardgen.claims.cells import CellRuling, judge_results, judge_tables
from cardgen.claims.chosen import find_chosen_by_test
from cardgen.claims.digits import Found
from cardgen.claims.signs import find_wrong_signs
from cardgen.claims.support import Verdict

__all__ = [
    "Analysis",
    "CellRuling",
    "Found",
    "Ruling",
    "Verdict",
    "find_best_elsewhere",
    "find_chosen_by_test",
    "find_wrong_signs",
    "judge_results",
    "judge_tables",
]
