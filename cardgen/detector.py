"""The base of the filter: the token shapes that detect-secrets knows and its keepers renew.

Telling names, values of chance and users in addresses are judged by ``tokens`` and ``masking``,
which know the words of models and data: detect-secrets' own keyword and entropy detectors take
``tokenizer`` and git commits for secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
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

_SIGNS: dict[str, tuple[int, tuple[str, ...]]] = {
    "ArtifactoryDetector": (16, ("akc", "ap")),
    "AWSKeyDetector": (20, ("a3t", "abia", "acca", "akia", "asia", "aws")),
    "AzureStorageKeyDetector": (88, ("accountkey=",)),
    "CloudantDetector": (24, ("cl",)),
    "DiscordBotTokenDetector": (50, (".",)),
    "GitHubTokenDetector": (36, ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    "GitLabTokenDetector": (24, ("gl", "gr1348941")),
    "IbmCloudIamDetector": (44, ("key", "pwd", "pass", "token")),
    "IbmCosHmacDetector": (48, ("key",)),
    "JwtTokenDetector": (0, ("eyj",)),
    "MailchimpDetector": (32, ("-us",)),
    "NpmDetector": (0, ("_authtoken",)),
    "OpenAIDetector": (40, ("t3blbkfj",)),
    "PrivateKeyDetector": (0, ("private key", "putty-user")),
    "PypiTokenDetector": (70, ("pypi-age",)),
    "SendGridDetector": (60, ("sg.",)),
    "SlackDetector": (0, ("xox", "hooks")),
    "SoftlayerDetector": (24, ("sl", "softlayer")),
    "SquareOAuthDetector": (43, ("sq0csp-",)),
    "StripeDetector": (24, ("k_live_",)),
    "TelegramBotTokenDetector": (40, (":",)),
    "TwilioKeyDetector": (32, ("ac", "sk")),
}
"""What a text has at least that holds such a token: a word so long, and one of these in any case.

Most texts have neither, so that no pattern is tried on them, nor is the library loaded.
"""

_VERSION = "1.5.0"
"""The version of detect-secrets whose patterns _SIGNS fits; those of others are always tried."""

Detect = Callable[[str], Iterator[str]]


@dataclass(frozen=True)
class _Detector:
    """A detector of a shape by its plugin's name, and the kind of token it finds."""

    name: str
    kind: str
    detect: Detect


def find_known(text: str) -> Iterator[tuple[str, str]]:
    """The kind and the text of each token whose shape detect-secrets knows."""
    if len(text) < MIN_LENGTH:
        return
    possible = _find_possible(text)
    for one in _load_detectors() if possible else ():
        for found in one.detect(text) if one.name in possible else ():
            secret = found.strip(_AROUND)
            loose = one.name in _LOOSE
            if secret and "«" not in secret and not (loose and not _stands_alone(secret, text)):
                yield one.kind, secret


def _find_possible(text: str) -> frozenset[str]:
    """The detectors that may find anything in a text, by the names of their plugins."""
    if not _fits():
        return frozenset(one.name for one in _load_detectors())
    longest = max(map(len, text.split()), default=0)
    folded = text.casefold()
    return frozenset(
        name
        for name, (length, signs) in _SIGNS.items()
        if length <= longest and any(sign in folded for sign in signs)
    )


@cache
def _fits() -> bool:
    try:
        return version("detect-secrets") == _VERSION
    except PackageNotFoundError:
        return False


def _stands_alone(secret: str, text: str) -> bool:
    """Whether a loose match is of pure chance, and no piece of a longer word or digest."""
    alone = re.search(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", text)
    return alone is not None and is_random(secret)


@cache
def _load_detectors() -> tuple[_Detector, ...]:
    """All detectors of a shape that the installed version has."""
    from detect_secrets.core.plugins.util import (  # noqa: PLC0415  # 0.1 s, when filling alone
        get_mapping_from_secret_type_to_class,
    )
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415

    known: dict[str, type[Any]] = get_mapping_from_secret_type_to_class()
    return tuple(
        _Detector(plugin.__name__, _format_kind(title), plugin().analyze_string)
        for title, plugin in sorted(known.items())
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in _LEFT_OUT
    )


def _format_kind(title: str) -> str:
    """``IBM Cloud IAM Key`` as ``ibm-cloud-iam-key``."""
    return "-".join(re.findall(r"[a-z0-9]+", title.casefold()))
