"""Sentences, counted as a reader would in the languages that cards are written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardgen.sentences import MAX_CHARACTERS, count_sentences
from tests.strategies import BODIES

CASES = [
    ("", 0),
    ("One", 1),
    ("One.", 1),
    ("One. Two.", 2),
    ("The F1 rose from 55.1 to 57.3. That is 2.2 points.", 2),
    ("We tried e.g. plT5 and i.e. mT5. Both failed.", 2),
    ("Better, cf. Fig. 3. Yes!", 2),
    ("It works, etc. The rest too.", 2),
    ("Smith et al. show it. We do not.", 2),
    ("As Smith et al. (2020) say, it works.", 1),
    ("Use `a. B. C.` here. Done.", 2),
    ("`model.py` is slow. mT5 wins. eval/f1 rose.", 3),
    ("Wait... it went on. Then it stopped…", 2),
    ('Really?! Yes. "Why?" he asked.', 3),
    ("- one\n- two\n- three\n- four", 4),
    ("We found:\n\n- one\n- two.\n- three", 3),
    ("1. First. 2. Second", 2),
    ("Model plT5 jest lepszy, np. na PolQA o 2,5 p.p. Wynik z 2023 r. jest gorszy. Koniec.", 3),
    ("Testowano m.in. plT5, mT5 itd. Wyniki są dobre.", 2),
    ("Wynik: 55,1 proc. w 3. epoce. Dalej gorzej.", 2),
    ("Le modèle est meilleur, p. ex. sur PolQA. C'est fini ! Vraiment ?", 3),
    (
        "Модель лучше, т.е. точнее, на 2.5 п.п. в 2023 г. по сравнению с др. моделями. Вывод ясен.",
        2,
    ),
    ("模型更好。损失下降了！为什么？因为数据。", 4),
    ("模型在 55.1 处收敛。F1 为 0.93", 2),
    ("“模型更好。”他说。", 2),
    ("See https://a.b/c.d. It is there.", 2),
    ("See [the. docs. Here](http://x.y/z). Ok.", 3),
    ("$a. B. C$ is low. Yes.", 2),
    ("```\na. B. C. D.\n```\nText.", 1),
    ("| a | b. C. |\n|---|---|\n| x. Y | z |\n\nOne.", 1),
    ("### Sub. Heading. X\n\nOne.", 1),
    ("One line\nbroken over. Two lines\nhere.", 2),
    ("> Quoted. Twice.", 2),
    ("v1.2.3 is out. Use v2.", 2),
    ("**Bold. Claim.** Then more.", 3),
    ("<!-- Two. Three. -->One.", 1),
    ("J. Smith and A. B. Jones agree.", 1),
    ("The run took 3 h. Then it died.", 2),
    ("Yes.\r\n\r\nNo.\r\n", 2),
    ("the loss fell. the f1 rose. nothing else changed.", 3),
    ("Did it help? No. The F1 fell by 2.", 3),
    ("It was ok. Then it was std. 3 seeds agree.", 2),
    ('Only "we won!" counts, he said.', 1),
    ("“好！”他说。（见图 3。）完", 4),
    ("1) one\n2) two\n\nAnd three.", 3),
    ("!!! note\n\n    Indented. Twice.", 2),
    ("![A. Plot.](a.png) Look.", 1),
    ("<br>One.<br/> Two.", 2),
    ("Wynik wzrósł o 2 proc. Dobrze.", 2),
    ("C’est vrai, cf. éq. 3, etc. Mais non…", 2),
    ("Смотри рис. 3 и табл. 4. Дальше хуже?! Да.", 3),
    ("....... --- ??? !!!", 0),
]


@pytest.mark.parametrize(("text", "count"), CASES)
def test_counts(text: str, count: int) -> None:
    assert count_sentences(text) == count
    assert count_sentences(text.replace("\n", "\r\n")) == count


@given(BODIES | st.text())
def test_any_text_has_some_number_of_sentences(text: str) -> None:
    assert 0 <= count_sentences(text) <= len(text)


@pytest.mark.parametrize("part", ["![", "[](", "`` ` ", "$a ", "```\n", "<!--", "<a ", "a. ", "> "])
def test_a_text_made_to_be_slow_is_cut(part: str) -> None:
    """Patterns that go back and forth would take minutes for a megabyte of this."""
    text = part * (1_000_000 // len(part))
    assert count_sentences(text) == count_sentences(text[:MAX_CHARACTERS])
