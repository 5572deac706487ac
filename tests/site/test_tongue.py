"""The language of a card's text: by script, small words and headings, else the site's."""

from __future__ import annotations

import pytest

from cardgen.languages import find_tongues
from cardgen.site.tongue import find_tongue

POLISH = "Trenowanie nie jest stabilne, ale dla małych modeli się udało, że aż miło."
FRENCH = "Les modèles sont entraînés avec des données propres pour que le score ne baisse pas."
ENGLISH = "The model that was trained with dropout is better than the baseline, and it is stable."


@pytest.mark.parametrize(
    ("titles", "text", "site", "tongue"),
    [
        ((), POLISH, "en", "pl"),
        ((), FRENCH, "en", "fr"),
        ((), ENGLISH, "pl", "en"),
        (("Cel",), ENGLISH, "pl", "en"),
        ((), "Обучение модели BERT с dropout помогло.", "en", "ru"),
        ((), "模型 training 收敛很快，dropout 有帮助。", "en", "zh"),
        (("Cel eksperymentu", "Wnioski"), "F1 0.91", "en", "pl"),
        (("Problem",), "F1 0.91", "fr", "fr"),
        (("Goal",), "F1 0.91", "ru", "en"),
        (("My notes",), "F1 0.91", "ru", "ru"),
        ((), "", "fr", "fr"),
        ((), f"```python\n{POLISH * 5}\n```\n{ENGLISH}", "fr", "en"),
        ((), "Die Modelle sind nicht stabil.", "en", "en"),
    ],
)
def test_a_language_is_found(titles: tuple[str, ...], text: str, site: str, tongue: str) -> None:
    assert find_tongue(titles, text, site) == tongue


def test_headings_know_their_languages() -> None:
    assert find_tongues(" cel  Eksperymentu: ") == ("pl",)
    assert set(find_tongues("Problem")) >= {"en", "pl"}
    assert find_tongues("Anything") == ()
