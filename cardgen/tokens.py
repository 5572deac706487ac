"""What a secret looks like: tokens of known services, telling names, and values of pure chance.

Names are read as words, so that ``tokenizer``, ``max_tokens`` and ``author`` are what they say and
no secrets. Git commits, checksums and uuids are never secrets by their look alone.
"""

from __future__ import annotations

import re
from itertools import pairwise

MASK = "«masked: {}»"

_SHAPES = {
    "private-key": (
        r"-----BEGIN[A-Z0-9 ]{0,32} PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?!-----)[\s\S])*(?:-----END[A-Z0-9 ]{0,32} PRIVATE KEY(?: BLOCK)?-----)?"
        r"|\bAGE-SECRET-KEY-1[A-Z0-9]{40,}"
    ),
    "hf-token": r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}\b",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "gitlab-token": r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas|imt|ffct)-[A-Za-z0-9_.-]{20,}",
    "anthropic-key": r"\bsk-ant-[A-Za-z0-9_-]{20,}",
    "openai-key": (
        r"\bsk-(?:[0-9a-f]{32}\b"
        r"|(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[a-z])[A-Za-z0-9_-]{20,})"
    ),
    "slack-token": r"\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}",
    "webhook": (
        r"(?:(?<=hooks\.slack\.com/services/)|(?<=hooks\.slack\.com/workflows/))[A-Za-z0-9/_-]{20,}"
        r"|(?<=/api/webhooks/)\d{10,}/[A-Za-z0-9_-]{20,}"
    ),
    "aws-key": r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    "google-key": r"\bAIza[A-Za-z0-9_-]{33,39}(?![A-Za-z0-9_-])|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|\bGOCSPX-[A-Za-z0-9_-]{20,}",
    "azure-key": r"(?<=AccountKey=)[A-Za-z0-9+/=]{40,}|(?<=SharedAccessKey=)[A-Za-z0-9+/=]{40,}",
    "stripe-key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "neptune-token": r"\beyJhcGlf(?:YWRkcmVzcy|a2V5)[A-Za-z0-9+/_-]{20,}={0,2}",
    "jwt": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    "npm-token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "pypi-token": r"\bpypi-AgE[A-Za-z0-9_-]{30,}",
    "databricks-token": r"\bdapi[0-9a-f]{32}(?:-\d)?\b",
    "sendgrid-key": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "telegram-token": r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])",
    "discord-token": r"\b[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,}",
    "wandb-key": r"\bwandb_v\d_[A-Za-z0-9_]{30,}|(?<=wandb login )[0-9a-f]{40}\b",
    "token": (
        r"\b(?:r8_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{30,}|xai-[A-Za-z0-9]{40,}|pplx-[A-Za-z0-9]{40,}"
        r"|nvapi-[A-Za-z0-9_-]{40,}|dckr_pat_[A-Za-z0-9_-]{20,}|dop_v1_[0-9a-f]{64}"
        r"|hv[sb]\.[A-Za-z0-9_-]{20,}|lsv2_[ps][tk]_[0-9a-f]{32}_[0-9a-f]{10}"
        r"|pcsk_[A-Za-z0-9_]{40,}|shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}|sq0csp-[A-Za-z0-9_-]{43}"
        r"|AKC[A-Za-z0-9]{40,}|[0-9a-f]{32}-us\d{1,2}\b|secret_[A-Za-z0-9]{43}\b"
        r"|ntn_[A-Za-z0-9]{40,}|lin_api_[A-Za-z0-9]{40}|key-[0-9a-f]{32}\b|SK[0-9a-f]{32}\b)"
    ),
}
_SHAPE = re.compile("|".join(f"(?P<{k.replace('-', '_')}>{v})" for k, v in _SHAPES.items()))
# The only shape with spaces in it; each of the others is a part of one such word.
_WITH_SPACES = "-----BEGIN"
_LONG_WORD = re.compile(r"\S{15,}")

# Words that make a name a secret's, alone or two in a row.
_PASSWORDS = ("password", "passwd", "passphrase", "pwd", "passcode")
_SECRETS = frozenset({"secret", "secrets", "credential", "credentials", "authorization"})
_KEYS = frozenset({"apikey", "apitoken", "accesskey", "secretkey", "authtoken", "accesstoken"})
_SERVICES = frozenset(
    {"hf", "hub", "huggingface", "github", "gh", "gitlab", "wandb", "neptune", "mlflow", "comet"}
    | {"clearml", "kaggle", "openai", "anthropic", "cohere", "replicate", "slack", "discord"}
    | {"telegram", "pypi", "npm", "databricks", "vault", "aws", "azure", "gcp", "google"}
    | {"dagshub", "zenml", "groq", "mistral", "gemini", "together", "pinecone", "serper"}
)
_OF_KEY = frozenset(
    {"api", "access", "secret", "private", "account", "signing", "encryption", "shared", "license"}
    | {"service", "admin", "master"}
    | _SERVICES
)
_OF_TOKEN = frozenset(
    {"api", "access", "auth", "bearer", "refresh", "session", "private", "security", "sas"}
    | {"bot", "deploy", "personal", "tracking", "webhook", "csrf", "jwt"}
    | _SERVICES
)
# What "pass" must stand behind to mean a password, and what may stand behind "password".
_OF_PASS = frozenset(
    {"db", "user", "root", "admin", "smtp", "imap", "mail", "ftp", "ldap", "http", "proxy", "sql"}
    | {"mysql", "pg", "postgres", "redis", "mongo", "rabbitmq", "ssh", "sudo"}
)
_PLAIN = frozenset(
    {"value", "string", "text", "plain", "plaintext", "hash", "b64", "base64", "key"}
)
_WEAK = frozenset({"token", "key", "auth", "pat", "signature", "sig", "session", "cookie", "login"})

# A name that ends so speaks about a secret, or counts, places or describes something.
_ENDS = frozenset(
    {"env", "envvar", "environ", "var", "variable", "name", "names", "file", "filename", "path"}
    | {"dir", "folder", "url", "uri", "host", "id", "ids", "size", "length", "len", "type", "types"}
    | {"count", "num", "index", "idx", "dim", "column", "col", "field", "prefix", "suffix", "mode"}
    | {
        "enabled",
        "required",
        "provider",
        "manager",
        "store",
        "backend",
        "scope",
        "scopes",
        "prompt",
    }
    | {"expiry", "expires", "ttl", "timeout", "policy", "rotation", "method", "strategy", "level"}
    | {"rate", "ratio", "prob", "weight", "loss", "accuracy", "mask", "embedding", "dropout", "arn"}
)
# A name that starts so is a switch or a number.
_STARTS = frozenset({"use", "has", "is", "no", "with", "num", "n", "max", "min", "require", "skip"})
# What stands before "token" or "key" in the words of models and data.
_HARMLESS = frozenset(
    {"pad", "eos", "bos", "unk", "sep", "cls", "mask", "image", "audio", "video", "special"}
    | {"start", "end", "stop", "additional", "think", "tool", "boi", "eoi", "primary"}
    | {"foreign", "sort", "group", "cache", "json", "metric", "label", "text", "target", "input"}
    | {"output", "data", "dataset", "partition", "routing", "idempotency", "public", "per", "dict"}
    | {"shuffle", "merge", "join", "index", "lookup", "row", "column", "feature", "query", "value"}
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
TELLING = re.compile(
    r"pass|pwd|secret|token|key|auth|cred|\bpat\b|_pat\b|sig|session|cookie|login|bearer", re.I
)

_PLACEHOLDER = re.compile(
    r"""(?xi) «masked:.* | <[^<>]*> | \[[^\[\]]*\] | \{.*\} | \$\{?.*\}?\)? | %\(?\w+\)?[sd%]?
    | (?:os\.)?(?:environ|getenv)\b.* | (?:env|var|vault|secret|ssm|aws-sm|gsm|op|keyring)[:/].*
    | [*.•x#_-]+ | your[-_ ].* | my[-_]?(?:api[-_]?key|token|secret|password) | replace[-_ ]?me
    | redacted | removed | hidden | masked | empty | none | null | nil | n/?a | true | false | yes
    | no | on | off | auto | default | required | optional | not[-_ ]?set | unset | todo | dummy
    | sk-no-key-required | no-key | fake | test | basic | bearer | oauth2? | token | digest
    | [a-z][a-z0-9]*(?:_[a-z0-9]+)*_(?:KEY|TOKEN|SECRET|PASSWORD|PAT|PWD)"""
)
_NUMBER = re.compile(r"[-+]?[\d_.,]+(?:[eE][-+]?\d+)?%?")
_PLACE = re.compile(r"(?:/|~/|\.{1,2}/|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]*://)\S*|\S+\.(?:json|ya?ml|pem|"
    r"key|crt|txt|env|cfg|ini|toml|netrc|py|csv|parquet)")  # fmt: skip
_DIGEST = re.compile(
    r"(?i)(?:(?:md5|sha\d{1,3}|sha\d-\d{3}|blake\w+|etag)[:-])?[0-9a-f]{7,}(?:-\d+)?"
    r"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|sha(?:256|384|512)-[A-Za-z0-9+/]+={0,2}"
)
_NAME_LIKE = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(?:@\w+)?")
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


def mask(kind: str) -> str:
    """What stands in a secret's place."""
    return MASK.format(kind)


def find_shape(value: str) -> str:
    """The kind of known token that a value holds, empty where it holds none."""
    found = _SHAPE.search(value)
    return str(found.lastgroup).replace("_", "-") if found else ""


def mask_shapes(text: str) -> str:
    """Put a mask in the place of every token whose form says what it is."""
    if _WITH_SPACES in text:
        return _SHAPE.sub(_mask_shape, text)
    parts: list[str] = []
    done = 0
    for word in _LONG_WORD.finditer(text):  # trying all shapes at every letter of prose is slow
        start = word.start()
        while found := _SHAPE.search(text, start, word.end()):
            parts += (text[done : found.start()], _mask_shape(found))
            done = start = found.end()
    return "".join((*parts, text[done:])) if parts else text


def _mask_shape(found: re.Match[str]) -> str:
    return mask(str(found.lastgroup).replace("_", "-"))


def split_words(name: str) -> list[str]:
    """The words of a name in lower case: ``hubToken``, ``HUB_TOKEN`` and ``--hub-token`` alike."""
    return [word.lower() for word in _WORD.findall(name)]


def find_kind(name: str, value: str) -> str:
    """The kind of secret that a value is beside this name, empty where it is none.

    Beside ``password`` or ``api_key`` any value is, unless it stands for one (``<HUB_TOKEN>``,
    ``$TOKEN``) or says where it is kept; beside ``token`` or ``key`` only one of pure chance.
    """
    if not TELLING.search(name) or "«" in name or not value or _PLACEHOLDER.fullmatch(value):
        return ""
    *parents, last = re.split(r"[/.]", name)
    kind, strong = _judge_name(split_words(last))
    if {"secrets", "credentials"}.intersection(word.lower() for word in parents):
        kind, strong = kind or "secret", True
    if not kind:
        return ""
    if not strong and not is_random(value):
        return ""
    if _NUMBER.fullmatch(value) and (kind != "password" or len(value) < 4):
        return ""
    if kind != "password" and _is_place(value):
        return ""
    return find_shape(value) or kind


def _judge_name(words: list[str]) -> tuple[str, bool]:
    """The kind that a name's words tell, and whether they leave no doubt."""
    if not words or words[-1] in _ENDS or words[0] in _STARTS:
        return "", False
    kind = _find_plain(words)
    if kind:
        return kind, True
    harmless = words[-1] not in _WEAK or (len(words) > 1 and words[-2] in _HARMLESS)
    return "" if harmless else "high-entropy", False


def _find_plain(words: list[str]) -> str:
    """The kind where a name says plainly that it is a secret's: ``db_password``, ``apiKey``."""
    pairs = set(pairwise(words))
    said = words[:-1] if len(words) > 1 and words[-1] in _PLAIN else words
    if said[-1].endswith(_PASSWORDS) or _is_pass(words):
        return "password"
    if _KEYS.intersection(words) or any(b in ("key", "keys") and a in _OF_KEY for a, b in pairs):
        return "api-key"
    if any(b in ("token", "pat") and a in _OF_TOKEN for a, b in pairs):
        return "token"
    return "secret" if said[-1] in _SECRETS or ("basic", "auth") in pairs else ""


def _is_pass(words: list[str]) -> bool:
    return words[-1] == "pass" and (len(words) == 1 or words[-2] in _OF_PASS)


def is_random(value: str) -> bool:
    """Whether a value looks as if drawn by chance: long, no digest, no name, no number."""
    if not 16 <= len(value) <= 4096 or any(c.isspace() for c in value):
        return False
    if _DIGEST.fullmatch(value) or _NUMBER.fullmatch(value) or _NAME_LIKE.fullmatch(value):
        return False
    return any(_is_mixed(piece) for piece in re.split(r"[^A-Za-z0-9]+", value))


def _is_mixed(piece: str) -> bool:
    """Letters and digits in a disorder that no name, version or ``ClassName`` has."""
    digits = sum(c.isdigit() for c in piece)
    runs = len(_RUN.findall(piece))
    if not digits:
        return runs >= 5 and len(piece) < 2.6 * runs
    return runs >= 5 or (len(piece) >= 16 and digits >= 3 and len(piece) - digits >= 3)


def is_signature(name: str, value: str) -> bool:
    """Whether a part of an address's query is what lets its bearer in."""
    words = split_words(name)
    if not words or words[-1] not in _WEAK or (len(words) > 1 and words[-2] in _HARMLESS):
        return False
    return is_random(value) or re.fullmatch(r"[0-9a-fA-F]{20,}", value) is not None


def _is_place(value: str) -> bool:
    """Whether a value says where something lies instead of being it."""
    return _PLACE.fullmatch(value) is not None and not is_random(value.rstrip("/").split("/")[-1])
