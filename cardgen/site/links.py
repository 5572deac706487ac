"""Addresses that a card's values lead to: models and data on the Hugging Face Hub, commits.

Nothing here asks the network. A link is made only where the text can be nothing else, and only
to http and https.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

HUB = "https://huggingface.co/"

# The Hub's own rule for names, once for the owner and once for the repository.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"{_NAME}/{_NAME}")
_HUB_URL = re.compile(
    rf"hf://(?P<kind>datasets/|models/)?(?P<id>{_NAME}/{_NAME})(?:@[^/]*)?(?:/.*)?"
)
_FOLDER_NAMES = """
    artifacts assets build cache checkpoint checkpoints ckpt ckpts code config configs content data
    dataset datasets dist drive exp experiment experiments exps export files home input inputs lib
    local log logs media mlartifacts mlruns mnt model models notebooks opt out output outputs
    pretrained private processed raw result results root run runs save saved scratch scripts share
    src storage temp test tests tmp train training usr users var volumes weights work workdir
    workspace
"""
_FILE_SUFFIXES = """
    .arrow .avro .bin .bz2 .cfg .ckpt .csv .db .ftz .gguf .gz .h5 .hdf5 .ipynb .joblib .json .jsonl
    .keras .mat .md .model .msgpack .ndjson .npy .npz .onnx .orc .parquet .pb .pdf .pickle .pkl .pt
    .pth .py .safetensors .sh .sqlite .tar .tflite .tfrecord .toml .tsv .txt .vec .xls .xlsx .xml
    .xz .yaml .yml .zip .zst
"""
_FOLDERS = frozenset(_FOLDER_NAMES.split())
_FILES = frozenset(_FILE_SUFFIXES.split())
_CHECKPOINT = re.compile(r"(?:checkpoint|ckpt|epoch|step|global_step)[-_=]?\d+")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+|\[[0-9a-f:]+\]", re.IGNORECASE)
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[A-Za-z0-9.-]+\.[A-Za-z]{2,}):(?!//)(?P<path>[^\s]+)")


@dataclass(frozen=True)
class Repository:
    """A repository's page on the web: its address and the host's name."""

    url: str
    host: str


def safe_url(text: str) -> str:
    """An http or https address without user and password; empty for anything else."""
    parts = _split(text.strip())
    if parts is None or parts.scheme not in ("http", "https"):
        return ""
    host = _host(parts)
    return urlunsplit(parts._replace(netloc=host)) if host else ""


def without_password(address: str) -> str:
    """An address as it may be shown: without user and password where it has a password."""
    return re.sub(r"(?<=://)[^/@\s]*:[^/@\s]*@", "", address)


def is_hub_id(name: str) -> bool:
    """Whether ``org/name`` is an id of the Hub rather than a path."""
    if not _HUB_ID.fullmatch(name) or "--" in name or ".." in name:
        return False
    owner, repository = name.split("/")
    if owner.casefold() in _FOLDERS or _CHECKPOINT.fullmatch(repository.casefold()):
        return False
    return PurePosixPath(repository).suffix.casefold() not in _FILES


def model_url(name: str, version: str = "") -> str:
    """The Hub's page of a model, of that revision where one is given; empty for no id."""
    return _hub_url(name, version, "")


def dataset_url(name: str, version: str = "") -> str:
    """The Hub's page of a data set; empty where the name is no id."""
    return _hub_url(name, version, "datasets/")


def _hub_url(name: str, version: str, kind: str) -> str:
    found = _HUB_URL.fullmatch(name)
    if found:
        kind = {"datasets/": "datasets/", "models/": ""}.get(found["kind"] or "", kind)
        name = found["id"]
    elif not is_hub_id(name):
        return ""
    url = f"{HUB}{kind}{name}"
    # A registry's bare number is no revision of a git repository.
    named = _REVISION.fullmatch(version) and not version.isdecimal()
    return f"{url}/tree/{quote(version)}" if named and ".." not in version else url


def parse_repository(address: str) -> Repository | None:
    """The web page of a repository from any address that git takes; None for a local one."""
    address = address.strip()
    scp = _SCP.fullmatch(address) if "://" not in address else None
    parts = _split(f"ssh://{scp['host']}/{scp['path'].lstrip('/')}" if scp else address)
    if parts is None or parts.scheme not in ("http", "https", "ssh", "git", "git+ssh"):
        return None
    host = _host(parts) if parts.scheme.startswith("http") else _host(parts).partition(":")[0]
    path = parts.path.strip("/").removesuffix(".git")
    if not host or not path or ".." in path.split("/"):
        return None
    scheme = "http" if parts.scheme == "http" else "https"
    return Repository(f"{scheme}://{host}/{quote(path, safe='/~@:+,%')}", host.casefold())


def commit_url(address: str, commit: str) -> str:
    """The page of a commit; empty where the repository is local or the commit is no hash."""
    repository = parse_repository(address)
    commit = commit.strip().lower()
    if repository is None or not _COMMIT.fullmatch(commit):
        return ""
    return f"{repository.url}{_commit_path(repository)}{commit}"


def _commit_path(repository: Repository) -> str:
    name = repository.host.partition(":")[0]
    if "gitlab" in name:
        return "/-/commit/"
    if "bitbucket" in name:
        return "/commits/"
    return "/commit/"  # GitHub, Gitea, Forgejo, Gogs, SourceHut, Azure, and GitLab redirects it


def _split(text: str) -> SplitResult | None:
    if any(ord(character) <= 32 or character in '\\<>"`\x7f' for character in text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    """Host and port, without user and password; empty where it is no host."""
    host = parts.netloc.rpartition("@")[2]
    name, _, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
    if not _HOST.fullmatch(name):
        return ""
    return f"{name}:{port}" if port else name
