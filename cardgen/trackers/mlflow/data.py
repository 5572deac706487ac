"""Data sets that an MLflow run logged as its inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cardgen.models import Dataset
from cardgen.trackers.mlflow.raw import URL, RawDataset, clean, load_json

_HUB = re.compile(r"[A-Za-z0-9][\w.\-]*(?:/[A-Za-z0-9][\w.\-]*)?")
# Names of loaders, not of data sets on the Hub.
_BUILDERS = re.compile(
    "arrow|audiofolder|csv|generator|imagefolder|json|pandas|parquet|sql|text|webdataset|xml"
)
# The name that MLflow gives where none was given.
_UNNAMED = ("", "dataset")


def make_dataset(raw: RawDataset) -> Dataset:
    """A data set as it was logged, with the address that its source names."""
    source = load_json(raw.source)
    source = source if isinstance(source, dict) else {}
    address = _first_text(source, "uri", "url", "path", "delta_table_name")
    known = Dataset(name=clean(raw.name), digest=clean(raw.digest), context=clean(raw.context))
    if raw.source_type == "hugging_face":
        return _add_hub(known, address, source)
    if URL.match(address):
        return known.model_copy(update={"url": address})
    version = _first_text(source, "delta_table_version")
    path = re.sub(r"^file:(?://)?", "", address)
    return known.model_copy(update={"path": path, "version": version})


def _add_hub(known: Dataset, address: str, source: Mapping[str, Any]) -> Dataset:
    """A data set that was loaded by the library ``datasets``: from the Hub, or from files."""
    version = _first_text(source, "revision")
    if source.get("data_files") or _BUILDERS.fullmatch(address) or not _HUB.fullmatch(address):
        return known.model_copy(update={"path": address, "version": version})
    return known.model_copy(
        update={
            "name": address if known.name in _UNNAMED else known.name,
            "url": f"https://huggingface.co/datasets/{address}",
            "version": version,
        }
    )


def _first_text(source: Mapping[str, Any], *names: str) -> str:
    """The first of these keys that has a text or a number."""
    values = (source.get(name) for name in names)
    return next((clean(str(v)) for v in values if isinstance(v, (str, int)) and str(v)), "")
