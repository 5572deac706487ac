"""An environment with Aim's client, made once and kept between runs of the tests.

Aim brings 280 MB and its own demands, most of them for its web interface, which is left out here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

VERSION = "3.29.1"
_SECONDS = 300
_PACKAGES = (
    f"aim=={VERSION} aimrocks aimrecords cachetools SQLAlchemy alembic Mako MarkupSafe filelock "
    "psutil pytz RestrictedPython numpy tqdm base58 cryptography cffi pycparser requests urllib3 "
    "idna certifi charset_normalizer boto3 botocore s3transfer jmespath python-dateutil six "
    "typing_extensions packaging click watchdog pillow fastapi starlette pydantic pydantic_core "
    "annotated_types annotated-doc typing_inspection uvicorn h11 websockets jinja2 anyio aiofiles "
    "opentelemetry-api greenlet"
).split()


def find_python() -> Path:
    """The interpreter that can import Aim; raises OSError or CalledProcessError without one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cardgen-tests"
    cache.mkdir(parents=True, exist_ok=True)
    tag = f"aim-{VERSION}-{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache / tag
    with FileLock(cache / f"{tag}.lock"):
        if not (folder / "ready").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder)
    return folder / "bin" / "python"


def _make(folder: Path) -> None:
    python = str(folder / "bin" / "python")
    pip = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps")
    for command in (
        (sys.executable, "-m", "venv", str(folder)),
        (*pip, "--only-binary", ":all:", *_PACKAGES),
        (python, "-c", "import aim"),
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    (folder / "ready").touch()
