"""Codes: what is refused, and which is free."""

from __future__ import annotations

import pytest

from cardgen.codes import find_fault, next_code, refuse_code
from cardgen.errors import UsageError


@pytest.mark.parametrize("code", ["qa-1", "a", "1", "Qa_1.b", "x" * 64])
def test_a_good_code_has_no_fault(code: str) -> None:
    assert find_fault(code) == ""


@pytest.mark.parametrize(
    "code",
    ["", "-a", ".a", "a.", "a b", "a/b", "..", "żółć", "x" * 65, "con", "NUL.txt", "com1", "a\n",
     "a:b", "lpt9", "a*", "index.json", "Table.JSON"],
)  # fmt: skip
def test_a_code_that_is_no_folder_name_somewhere_is_refused(code: str) -> None:
    assert find_fault(code)
    with pytest.raises(UsageError):
        refuse_code(code, (), ())


def test_a_code_that_exists_in_another_case_is_refused() -> None:
    with pytest.raises(UsageError, match="only in case"):
        refuse_code("QA-1", ("qa-1",), ())


def test_a_code_of_the_history_needs_to_be_asked_for() -> None:
    with pytest.raises(UsageError, match="--reuse"):
        refuse_code("qa-1", (), ("QA-1",))
    refuse_code("qa-1", (), ("QA-1",), reuse=True)


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ((), "qa-1"),
        (("qa-1", "qa-3", "other-9"), "qa-4"),
        (("QA-7",), "qa-8"),
        (("qa-007",), "qa-008"),
        (("qa-9", "qa-10"), "qa-11"),
    ],
)
def test_the_next_number_is_above_all_that_were_taken(taken: tuple[str, ...], free: str) -> None:
    assert next_code("qa-", taken) == free
