"""Secrets are masked before anything becomes evidence.

The one filter that params, tags, commands, addresses, descriptions and the environment pass. What
is masked reads ``«masked: KIND»``; everything else stays as it was, to the letter. Masking what is
masked changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from cardgen.detector import find_known
from cardgen.models import Run
from cardgen.tokens import (
    TELLING,
    find_kind,
    find_shape,
    is_random,
    is_signature,
    mask,
    mask_shapes,
)

_KEPT = frozenset(
    {"ref", "quoted", "parent", "tracker", "status", "started", "finished", "commit", "digest"}
    | {"metrics", "checkpoints", "curves", "unavailable", "kind", "dirty", "seed", "size"}
)
"""Fields that name, count or measure; they hold nothing that a person typed."""

_MARK = re.compile("«masked: ([^»]*)»")
_PLACEHOLDER_USER = re.compile(r"[^:]*:(?:\$\{?\w+\}?|\{\w*\}|\*+|%\(\w+\)s|x{3,})?")
_USERINFO = re.compile(r"(?<=://)(?P<user>[^\s/?#\"'`<>«»]{1,1024})@")
_HEADER = re.compile(
    r"(?i)(?P<head>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|apikey)\s+)?"
    r"|\bbearer\s+(?=[A-Za-z_.~+/=-]*\d))(?P<value>[A-Za-z0-9_.~+/=-]{8,})"
)
_SPOKEN = re.compile(
    r"(?P<head>\bmachine\s+\S+\s+login\s+\S+\s+password\s+|\bsshpass\s+-p\s*"
    r"|\blogin\b[^|;&\n]{0,200}?\s(?:-p|--password)[ =]\s*[\"']?|\bmysql\w*\b[^|;&\n]{0,200}?\s-p"
    r"|\"username\"\s*:\s*\"[^\"]*\",\s*\"key\"\s*:\s*\")(?P<value>[^\s\"']+)"
)
_SET = re.compile(r"(?P<sep>\bconfig(?:ure)?\s+set\s+)(?P<name>[\w.-]+)\s+(?P<value>\S+)")
_CURL = re.compile(
    r"(?P<head>(?<!\S)(?:-u|--user|--proxy-user)[ =]\s*[\"']?[^\s:\"'/]+:)(?P<value>[^\s\"'«]+)"
)
_QUERY = re.compile(r"(?<=[?&])(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,63})=(?P<value>[^\s&#\"'<>«»]+)")
_ASSIGNED = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,127})(?P<sep>\\?[\"']?\s{0,4}(?::=|=>|[=:])\s{0,4})"
    r"(?P<value>\\?\"(?:[^\"\\]|\\[^\"])*\\?\"|'[^']*'|[^\s\"',;)}\]]+)"
)
_ASSIGNMENT = re.compile("[=:]")
_NAME_LENGTH = 136  # what _ASSIGNED takes before its sign
_TOLD = re.compile(TELLING.pattern.replace(r"\b", ""), TELLING.flags)
_HEADER_WORDS = ("uthor", "earer")  # without the letters that have further cases, such as i
_SPOKEN_WORDS = ("login", "machine", "sshpass", "mysql", '"username"')
_FLAG = re.compile(
    r"(?<!\S)--(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,127})(?P<sep>\s+)"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'-]\S*)"
)

_DEPTH = 4
"""Assignments within assignments that are looked into."""

Allowed = frozenset[str]
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T", bound=BaseModel)


def mask_run(run: Run, allow: frozenset[str] = frozenset()) -> Run:
    """The run without its secrets; ``allow`` names the params, tags and flags that are none."""
    return _mask_model(run, frozenset(_normal(name) for name in allow))


def mask_text(text: str, allow: frozenset[str] = frozenset()) -> str:
    """A text (a command, an address, a description) without its secrets."""
    return _mask_text(text, frozenset(_normal(name) for name in allow))


def count_masked(run: Run) -> Counter[str]:
    """How many masks a run holds, by kind of secret."""
    return Counter(_MARK.findall(run.model_dump_json()))


def find_secrets(value: BaseModel, allow: frozenset[str] = frozenset()) -> dict[str, Counter[str]]:
    """How many secrets each field of a value holds, by kind; fields without any are left out."""
    names = frozenset(_normal(name) for name in allow)
    found = {}
    for field in type(value).model_fields:
        old = getattr(value, field)
        new = _mask_value("", old, names)
        if new is not old:
            found[field] = Counter(_MARK.findall(str(new))) - Counter(_MARK.findall(str(old)))
    return found


def _mask_model(value: T, allow: Allowed) -> T:
    changed = {}
    for name in type(value).model_fields:
        if name in _KEPT:
            continue
        old = getattr(value, name)
        new = _mask_value("", old, allow)
        if new is not old:
            changed[name] = new
    return value.model_copy(update=changed) if changed else value


def _mask_value(name: str, value: Any, allow: Allowed) -> Any:
    """The value that stands beside a name, masked; the very same object where nothing was."""
    masked = value
    if isinstance(value, str):
        masked = _mask_named(name, value, allow)
    elif isinstance(value, BaseModel):
        masked = _mask_model(value, allow)
    elif isinstance(value, Mapping):
        masked = _mask_mapping(name, value, allow)
    elif isinstance(value, (list, tuple)):
        masked = _mask_sequence(name, value, allow)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        masked = _mask_number(name, value)
    return masked


def _mask_mapping(prefix: str, values: Mapping[str, Any], allow: Allowed) -> Mapping[str, Any]:
    masked = {}
    changed = False
    for name, old in values.items():
        if _is_allowed(name, allow):
            masked[name] = old
            continue
        new = _mask_value(f"{prefix}/{name}" if prefix else name, old, allow)
        key = mask_shapes(name) if len(name) >= 20 else name
        masked[key] = new
        changed = changed or new is not old or key != name
    return masked if changed else values


def _mask_sequence(name: str, values: Sequence[Any], allow: Allowed) -> Sequence[Any]:
    """Items stand beside the list's name; one after a flag (``--api-key``) beside the flag's."""
    masked = []
    flag = ""
    for old in values:
        beside = flag or name
        masked.append(old if _is_allowed(beside, allow) else _mask_value(beside, old, allow))
        is_flag = isinstance(old, str) and old.startswith("--") and "=" not in old
        flag = old.lstrip("-") if is_flag else ""
    if all(new is old for new, old in zip(masked, values, strict=True)):
        return values
    return tuple(masked) if isinstance(values, tuple) else masked


def _mask_named(name: str, value: str, allow: Allowed) -> str:
    if _is_allowed(name, allow):
        return value
    kind = find_kind(name, value.strip()) if name else ""
    if kind and "://" not in value:
        return mask(kind)
    return _mask_text(value, allow)


def _mask_number(name: str, value: float) -> Any:
    """A number is a secret only beside the word password."""
    return mask("password") if find_kind(name, str(value)) == "password" else value


def _is_allowed(name: str, allow: Allowed) -> bool:
    """Whether a name is exempt, in full or by its last part."""
    return bool(allow) and not allow.isdisjoint((_normal(name), _normal(name.rpartition("/")[2])))


def _normal(name: str) -> str:
    return name.strip().lstrip("-").replace("-", "_").casefold()


def _mask_text(text: str, allow: Allowed) -> str:
    if len(text) < 8:
        return text
    masked = _replace_secrets(text, allow)
    return text if masked == text else masked


def _replace_secrets(text: str, allow: Allowed) -> str:
    if "://" in text:
        text = _USERINFO.sub(_mask_userinfo, text)
    if "?" in text:
        text = _QUERY.sub(lambda m: _mask_query(m, allow), text)
    if len(text) >= 20:
        text = mask_shapes(text)
    for kind, secret in find_known(text):
        text = text.replace(secret, mask(kind))
    if " " in text and ("-u" in text or "--proxy-user" in text):
        text = _CURL.sub(_mask_group, text)
    return _replace_told(text, allow) if TELLING.search(text) else text


def _replace_told(text: str, allow: Allowed) -> str:
    """Mask what words beside it tell; a pattern is tried where its own words are at all."""
    folded = text.casefold()
    if any(word in folded for word in _HEADER_WORDS):
        text = _HEADER.sub(_mask_group, text)
    if any(word in text for word in _SPOKEN_WORDS):
        text = _SPOKEN.sub(_mask_group, text)
    if "config" in text:
        text = _replace_each(_SET, text, allow)
    if "--" in text:
        text = _replace_each(_FLAG, text, allow)
    if _is_assigned(text):
        text = _replace_each(_ASSIGNED, text, allow)
    return text


def _is_assigned(text: str) -> bool:
    """Whether anything telling stands as near before a sign of assignment as its name would."""
    done = 0  # no name goes on beyond another sign
    for sign in _ASSIGNMENT.finditer(text):
        if _TOLD.search(text, max(done, sign.start() - _NAME_LENGTH), sign.start()):
            return True
        done = sign.end()
    return False


def _mask_userinfo(found: re.Match[str]) -> str:
    user = found["user"]
    if ":" in user:
        open_to_all = user.endswith(":") or _PLACEHOLDER_USER.fullmatch(user)
    else:
        open_to_all = not (find_shape(user) or is_random(user))
    return found[0] if open_to_all else f"{mask('url-credentials')}@"


def _mask_group(found: re.Match[str]) -> str:
    if found["value"].startswith(("$", "<", "{", "«")) or "***" in found["value"]:
        return found[0]
    kind = find_shape(found["value"]) or ("token" if found.re is _HEADER else "password")
    return f"{found['head']}{mask(kind)}"


def _mask_query(found: re.Match[str], allow: Allowed) -> str:
    """A signature in an address is hexadecimal, like a digest, and opens the door all the same."""
    name, value = found["name"], found["value"]
    if _is_allowed(name, allow):
        return found[0]
    kind = find_kind(name, value)
    if kind in ("", "high-entropy") and is_signature(name, value):
        kind = "signature"
    return f"{name}={mask(kind)}" if kind else found[0]


def _replace_each(pattern: re.Pattern[str], text: str, allow: Allowed, depth: int = 0) -> str:
    """Mask assigned values; one that is kept is searched too (``--env=TOKEN=…``)."""

    def replace(found: re.Match[str]) -> str:
        start = found[0][: found.start("value") - found.start()]
        value = found["value"]
        masked = _mask_assigned(found["name"], start, value, allow)
        if masked == value and depth < _DEPTH and TELLING.search(value):
            masked = _replace_each(pattern, value, allow, depth + 1)
        return start + masked

    return pattern.sub(replace, text)


def _mask_assigned(name: str, start: str, value: str, allow: Allowed) -> str:
    """The value of ``NAME=value``, ``--name value`` or ``"name": "value"``; its quotes stay."""
    quote = re.match(r"\\?[\"']", value)
    inner = value[quote.end() : -quote.end()] if quote else value
    if _is_allowed(name, allow) or inner.startswith("«"):
        return value
    kind = find_kind(name, inner)
    if not kind or (not quote and ":" in start and not re.search(r"[\d\W]", inner)):
        return value  # "Password: ask" is a sentence
    edge = quote[0] if quote else ""
    return f"{edge}{mask(kind)}{edge}"
