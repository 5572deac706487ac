"""The base of the filter: the token shapes that detect-secrets knows and its keepers renew.

Telling names, values of chance and users in addresses are judged by ``tokens`` and ``masking``,
which know the words of models and data: detect-secrets' own keyword and entropy detectors take
``tokenizer`` and git commits for secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from cardgen.tokens import is_random

_LEFT_OUT = frozenset({"BasicAuthDetector", "IPPublicDetector"})
"""Users in addresses are told from placeholders elsewhere; an address of a machine is no secret."""

_LOOSE = frozenset({"ArtifactoryDetector", "DiscordBotTokenDetector", "TwilioKeyDetector"})
"""Shapes that names have too (``APACHE2LICENSE``): what they match must look like chance."""

_AROUND = " \t\r\n=:\"'"
"""What some patterns take along from beside the token."""

MIN_LENGTH = 12
"""Characters of the shortest text that can hold a known token."""

Detect = Callable[[str], Iterator[str]]


def find_known(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each token whose shape detect-secrets knows."""
    if len(text) < MIN_LENGTH:
        return
    for kind, loose, detect in _load_detectors():
        for found in detect(text):
            secret = found.strip(_AROUND)
            if secret and "«" not in secret and not (loose and not _stands_alone(secret, text)):
                yield kind, secret


def _stands_alone(secret: str, text: str) -> bool:
    """Whether a loose match is of pure chance, and no piece of a longer word or digest."""
    alone = re.search(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", text)
    return alone is not None and is_random(secret)


@cache
def _load_detectors() -> tuple[tuple[str, bool, Detect], ...]:
    """All detectors of a shape that the installed version has: kind, whether loose, function."""
    from detect_secrets.core.plugins.util import (  # noqa: PLC0415  # 0.1 s, when filling alone
        get_mapping_from_secret_type_to_class,
    )
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415

    known: dict[str, type[Any]] = get_mapping_from_secret_type_to_class()
    return tuple(
        (_format_kind(title), plugin.__name__ in _LOOSE, plugin().analyze_string)
        for title, plugin in sorted(known.items())
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in _LEFT_OUT
    )


def _format_kind(title: str) -> str:
    """``IBM Cloud IAM Key`` as ``ibm-cloud-iam-key``."""
    return "-".join(re.findall(r"[a-z0-9]+", title.casefold()))
