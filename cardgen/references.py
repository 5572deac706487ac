"""What a text that names a model or data means: which registry, which name, which version.

Pure and without the network. A text is taken apart only where it can be nothing else; any other
is a plain name, as it was written.

============================================  ======  ==================================
text                                          kind    gives
============================================  ======  ==================================
``org/name@rev``                              hub     name, version
``hf://datasets/org/name@rev/path``           hub     name, version, path, subject
``https://huggingface.co/org/name/tree/rev``  hub     name, version, subject
``qa@v1.2.0``, ``qa#prod``, ``qa@latest``     gto     name; version or alias
``models:/qa/3``, ``models:/qa@champion``     mlflow  name; version or alias
``team/qa/model:v3``, ``wandb-artifact://…``  wandb   name; version or alias
``lakefs://repo/ref/path``                    lakefs  name, version, path
``s3://bucket/key?versionId=…``               object  name, version
``gs://bucket/key#generation``                object  name, version
``doi:10.5281/zenodo.123``                    doi     name
``kaggle://owner/slug/versions/3``            kaggle  name, version, subject
``data/train.csv.dvc``                        dvc     name, path
============================================  ======  ==================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

MAX_TEXT = 2048
"""Characters of a text that is looked at; a longer one is a plain name."""


@dataclass(frozen=True)
class Reference:
    """A model or data by name, and which version of it.

    ``kind`` is where it is registered, ``name`` for a plain name; ``aliases`` are what a registry
    calls a version (a stage, ``latest``); ``path`` is a path inside what is named, and for ``dvc``
    that of the data; ``subject`` is ``model`` or ``dataset`` where the text says which; ``url`` is
    the address that the text is or stands for.
    """

    kind: str = "name"
    name: str = ""
    version: str = ""
    aliases: tuple[str, ...] = ()
    path: str = ""
    subject: str = ""
    url: str = ""


# The Hub's own rule for names, once for the owner and once for the repository.
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_ID = rf"(?P<name>{_PART}/{_PART})"
_REVISION = (
    r"(?P<version>refs(?:/|%2F)(?:pr|convert)(?:/|%2F)[A-Za-z0-9._-]{1,64}"
    r"|[A-Za-z0-9][A-Za-z0-9._-]{0,127})"
)
_PAGES = r"(?!(?:api|blog|collections|docs|learn|models|papers|posts|spaces|tasks)/)"
# GTO's own rules for names, stages and versions; ``=`` stands for ``:`` in its tags.
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9/_-]{0,126}[A-Za-z0-9])?"
_ARTIFACT = rf"(?P<name>(?:[A-Za-z0-9_./-]{{1,128}}[:=])?{_WORD})"
_NUMBER = r"(?:0|[1-9]\d{0,17})"
_SEMANTIC = (
    rf"(?P<version>v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-[0-9A-Za-z.-]{{1,64}})?"
    r"(?:\+[0-9A-Za-z.-]{1,64})?)"
)
_TEAM = r"(?P<name>[\w-]{1,128}/[\w.-]{1,128}/[\w.-]{1,128})"
_SUFFIX = r"(?:(?![\"<>\\?#])[!-~])"
_KAGGLE = r"(?P<name>[\w-]{1,64}/[\w.-]{1,128}(?:/(?!versions/|\d+/?$)[\w.-]{1,64}){0,2})"

_FORMS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("mlflow", r"models:/(?P<name>[^/@:\s][^/@:]{0,254})(?:/(?P<version>[^/@]+)"
                   r"|@(?P<alias>[^/@]+))"),
        ("lakefs", r"lakefs://(?P<repository>[a-z0-9][a-z0-9-]{1,62})/(?P<version>[^/\s]+)"
                   r"(?:/(?P<path>.*))?"),
        ("object", r"s3[an]?://(?P<name>[^/?#\s]+/[^?#]+)\?(?:[^#]*&)?versionId="
                   r"(?P<version>[^&#\s]+)(?:&[^#]*)?"),
        ("object", r"gs://(?P<name>[^/?#\s]+/[^#]+)#(?P<version>\d{1,20})"),
        ("doi", rf"(?:doi:\s?)?(?P<name>10\.\d{{4,9}}/{_SUFFIX}{{1,256}})"),
        ("doi", rf"https?://(?:dx\.)?doi\.org/(?P<name>10\.\d{{4,9}}/{_SUFFIX}{{1,1024}})"),
        ("wandb", rf"wandb-artifact:///?{_TEAM}(?::(?:(?P<version>v\d{{1,9}})"
                  r"|(?P<alias>[^/:\s]+)))?"),
        ("wandb", rf"{_TEAM}:(?:(?P<version>v\d{{1,9}})|(?P<alias>[A-Za-z][\w.-]{{0,127}}))"),
        ("hub", rf"hf://(?:(?P<subject>dataset|model|space)s/)?{_ID}(?:@{_REVISION})?"
                r"(?:/(?P<path>.*))?"),
        ("hub", rf"https?://(?:www\.)?(?:huggingface|hf)\.co/{_PAGES}(?:(?P<subject>dataset)s/)?"
                rf"{_ID}(?:/(?:tree|blob|resolve|raw|commit)/{_REVISION}(?:/(?P<path>[^?#]*))?)?/?"),
        ("kaggle", rf"kaggle:(?://)?(?:(?P<subject>dataset|model)s/)?{_KAGGLE}"
                   r"(?:/versions)?(?:/(?P<version>\d{1,9}))?/?"),
        ("kaggle", rf"https?://(?:www\.)?kaggle\.com/(?P<subject>dataset|model)s/{_KAGGLE}"
                   r"(?:/versions)?(?:/(?P<version>\d{1,9}))?/?"),
        ("kaggle", rf"{_KAGGLE}/versions/(?P<version>\d{{1,9}})"),
        ("gto", rf"{_ARTIFACT}@(?:{_SEMANTIC}|(?P<alias>latest|greatest))"),
        ("gto", rf"{_ARTIFACT}#(?P<alias>[A-Za-z](?:[\w/-]{{0,62}}[A-Za-z0-9])?)(?:[#@]\d+)?"),
        ("hub", rf"{_ID}@{_REVISION}"),
        ("dvc", r"(?:\./)?(?P<name>(?!/)[^:?#@]+)\.dvc"),
    )
)  # fmt: skip

_FOLDER_NAMES = """
    artifacts assets build cache checkpoint checkpoints ckpt ckpts code config configs content data
    dataset datasets dist drive exp experiment experiments exps export files home input inputs lib
    local log logs media mlartifacts mlruns mnt model models notebooks opt out output outputs
    pretrained private processed raw result results root run runs save saved scratch scripts share
    src storage temp test tests tmp train training usr users var volumes weights work workdir
    workspace
"""
_FILE_SUFFIXES = """
    .arrow .avro .bin .bz2 .cfg .ckpt .csv .db .dvc .ftz .gguf .gz .h5 .hdf5 .ipynb .joblib .json
    .jsonl .keras .mat .md .mlem .model .msgpack .ndjson .npy .npz .onnx .orc .parquet .pb .pdf
    .pickle .pkl .pt .pth .py .safetensors .sh .sqlite .tar .tflite .tfrecord .toml .tsv .txt .vec
    .xls .xlsx .xml .xz .yaml .yml .zip .zst
"""
_FOLDERS = frozenset(_FOLDER_NAMES.split())
_FILES = frozenset(_FILE_SUFFIXES.split())
_HUB_ID = re.compile(_ID)
_CHECKPOINT = re.compile(r"(?:checkpoint|ckpt|epoch|step|global_step)[-_=]?\d+")
_LOGGED_MODEL = re.compile(r"m-[0-9a-f]{32}")
_HOST = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:")


def is_hub_id(name: str) -> bool:
    """Whether ``org/name`` is an id of the Hub rather than a path."""
    if not _HUB_ID.fullmatch(name) or "--" in name or ".." in name:
        return False
    owner, repository = name.split("/")
    if _is_folder(name) or _CHECKPOINT.fullmatch(repository.casefold()):
        return False
    return PurePosixPath(owner).suffix.casefold() not in _FILES and not _is_file(repository)


def parse_reference(text: str) -> Reference:
    """Read a reference; a text of no known form is a plain name. Nothing is raised."""
    text = text.strip()
    for kind, pattern in _FORMS if len(text) <= MAX_TEXT else ():
        found = pattern.fullmatch(text)
        reference = _make_reference(kind, text, found.groupdict()) if found else None
        if reference and _is_meant(reference):
            return reference
    return Reference(name=text)


def format_reference(reference: Reference) -> str:
    """The text that ``parse_reference`` reads as the same reference."""
    if reference.url:
        return reference.url
    name = reference.name
    if reference.kind == "dvc":
        return f"{name}.dvc"
    if reference.version:
        return f"{name}@{reference.version}"
    alias = next(iter(reference.aliases), "")
    mark = "@" if alias in ("latest", "greatest") else "#"
    return f"{name}{mark}{alias}" if alias else name


def _make_reference(kind: str, text: str, found: dict[str, str | None]) -> Reference:
    groups = {key: value or "" for key, value in found.items()}
    name = groups.get("name") or groups["repository"]
    version, alias = groups.get("version", ""), groups.get("alias", "")
    path = groups.get("path", "").strip("/")
    if kind == "gto":
        name = name.replace("=", ":")
    elif kind == "mlflow" and version and not version.isdecimal():
        version, alias = "", version
    elif kind == "lakefs" and path:
        name = f"{name}/{path}"
    elif kind == "dvc":
        path = name
    elif kind == "doi" and text.startswith("http"):
        name = unquote(name)
    elif kind in ("hub", "object"):
        version = unquote(version)
    subject = groups.get("subject", "")
    if kind == "kaggle" or text.startswith("http"):
        subject = subject or {"kaggle": "dataset", "hub": "model"}.get(kind, "")
    url = _make_url(kind, text, groups | {"name": name})
    return Reference(kind, name, version, (alias,) if alias else (), path, subject, url)


def _make_url(kind: str, text: str, groups: dict[str, str]) -> str:
    """The address: as written where the text is one, else the one it stands for."""
    name = groups.get("name", "")
    if kind == "doi":
        return f"https://doi.org/{quote(name, safe='/:;()-._~')}"
    if text.startswith("http") or kind in ("mlflow", "lakefs", "object"):
        return text
    if kind == "kaggle":
        subject = groups.get("subject") or "dataset"
        version = groups["version"]
        part = f"/versions/{version}" if subject == "dataset" else f"/{version}"
        return f"https://www.kaggle.com/{subject}s/{name}{part if version else ''}"
    if kind == "wandb" and not text.startswith("wandb-artifact:"):
        return f"wandb-artifact://{text}"
    return text if kind in ("wandb", "hub") and _ADDRESS.match(text) else ""


def _is_meant(reference: Reference) -> bool:
    """Whether a text of that form is meant so, and is no path, address of a person, or image."""
    kind, name = reference.kind, reference.name
    if kind == "hub":
        return _is_hub(reference)
    if kind == "mlflow":
        return not _LOGGED_MODEL.fullmatch(next(iter(reference.aliases), name))
    if kind in ("wandb", "kaggle"):
        return not _is_folder(name) and ".." not in name
    return kind != "dvc" or not (".." in name.split("/") or name.endswith("/"))


def _is_hub(reference: Reference) -> bool:
    name, version = reference.name, reference.version
    if reference.subject == "space" or ".." in version:
        return False
    if reference.url:
        return "--" not in name and ".." not in name
    return is_hub_id(name) and not _HOST.fullmatch(version)


def _is_folder(name: str) -> bool:
    return name.partition("/")[0].casefold() in _FOLDERS


def _is_file(name: str) -> bool:
    return PurePosixPath(name).suffix.casefold() in _FILES
