"""What a command runs on: its Python and packages, the system, the host, the accelerators."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cardgen.groups.identity import find_options
from cardgen.groups.names import is_seed, read_seed

SECONDS = 15
"""How long a Python may take to say what is installed in it."""

MAX_PACKAGES = 5000

VARIABLES = frozenset(
    """
    ACCELERATE_MIXED_PRECISION CUBLAS_WORKSPACE_CONFIG CUDA_DEVICE_ORDER CUDA_LAUNCH_BLOCKING
    CUDA_VISIBLE_DEVICES HF_DATASETS_OFFLINE HF_HUB_OFFLINE HIP_VISIBLE_DEVICES LOCAL_RANK
    LOCAL_WORLD_SIZE MKL_NUM_THREADS NCCL_ALGO NCCL_DEBUG NCCL_P2P_DISABLE NODE_RANK
    NUMEXPR_NUM_THREADS NVIDIA_TF32_OVERRIDE NVIDIA_VISIBLE_DEVICES OMP_NUM_THREADS
    OPENBLAS_NUM_THREADS PL_GLOBAL_SEED PYTHONHASHSEED PYTHONOPTIMIZE PYTORCH_CUDA_ALLOC_CONF RANK
    ROCR_VISIBLE_DEVICES SLURM_ARRAY_TASK_ID SLURM_GPUS SLURM_JOB_ID SLURM_JOB_PARTITION
    SLURM_NNODES SLURM_NTASKS TF_CUDNN_DETERMINISTIC TF_DETERMINISTIC_OPS TF_ENABLE_ONEDNN_OPTS
    TF_FORCE_GPU_ALLOW_GROWTH TOKENIZERS_PARALLELISM TRANSFORMERS_OFFLINE WORLD_SIZE XLA_FLAGS
    XLA_PYTHON_CLIENT_MEM_FRACTION
    """.split()  # noqa: SIM905
)
"""The variables that are recorded; no other one ever is."""

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:\.exe)?")
_SHEBANG = re.compile(rb"#!\s*(\S+)(?:[ \t]+(\S+))?")
_OPTIONS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_LAUNCHERS = frozenset(
    "accelerate conda deepspeed env mpirun nice nohup pixi poetry srun time torchrun uv".split()  # noqa: SIM905
)
_MARK = "cardgen:"
_ASK = rf"""
import sys
sys.path[:1] = []
import json
import platform
import re
try:
    from importlib.metadata import distributions
except ImportError:
    distributions = tuple
found = {{}}
for one in distributions():
    # Their e-mail parser takes four times as long.
    head = (one.read_text("METADATA") or one.read_text("PKG-INFO") or "").split("\n\n")[0]
    name = re.search(r"(?m)^Name:[ \t]*(\S+)", head)
    version = re.search(r"(?m)^Version:[ \t]*(\S+)", head)
    if name and version:
        found.setdefault(name.group(1), version.group(1))
print("\n{_MARK}" + json.dumps([platform.python_version(), found]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python: its version and what is installed in it. Empty where it could not be asked."""

    version: str = ""
    packages: Mapping[str, str] | None = None


def find_interpreter(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """The Python that a command runs, as a path; else the one on PATH, empty where there is none.

    It is the command itself, the one in the first line of its script (``torchrun``), or for
    ``uv run`` that of the environment that it takes.
    """
    path = environ.get("PATH")
    first = shutil.which(words[0], path=path) or ""
    if _is_python(first):
        return first
    if words[:2] == ["uv", "run"]:
        found = _find_environment(environ)
        if found:
            return found
    named = _read_shebang(first)
    written_for = shutil.which(named, path=path) if named else None
    return (
        written_for or shutil.which("python", path=path) or shutil.which("python3", path=path) or ""
    )


def _is_python(path: str) -> bool:
    return bool(_PYTHON.fullmatch(Path(path).name))


def _find_environment(environ: Mapping[str, str]) -> str:
    named = environ.get("UV_PROJECT_ENVIRONMENT")
    folders = [Path(named)] if named else [f / ".venv" for f in (Path.cwd(), *Path.cwd().parents)]
    pythons = (folder / "bin" / "python" for folder in folders)
    return next((str(python) for python in pythons if python.exists()), "")


def _read_shebang(path: str) -> str:
    """The Python that a script is written for."""
    try:
        with Path(path).open("rb") as file:
            found = _SHEBANG.match(file.readline(512))
    except (OSError, ValueError):
        return ""
    words = [os.fsdecode(word) for word in found.groups() if word] if found else []
    if len(words) > 1 and Path(words[0]).name == "env":
        del words[0]
    return words[0] if words and _is_python(words[0]) else ""


def ask_interpreter(path: str) -> Interpreter:
    """A Python's version and packages, as it says itself; empty where it does not in time."""
    if not path:
        return Interpreter()
    try:
        done = subprocess.run(
            (path, "-c", _ASK),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        said = done.stdout.decode("utf-8", "replace").rpartition(f"\n{_MARK}")[2]
        version, packages = json.loads(said)
        listed = sorted(packages.items(), key=lambda item: item[0].casefold())[:MAX_PACKAGES]
        return Interpreter(str(version), {str(name): str(text) for name, text in listed})
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, AttributeError):
        return Interpreter()


def find_accelerator() -> str:
    """The machine's GPUs as NVIDIA's tool names them: ``2 x NVIDIA A100-SXM4-80GB``."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return ""
    try:
        done = subprocess.run(
            (tool, "--query-gpu=name", "--format=csv,noheader"),
            capture_output=True,
            timeout=SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    names = [line.strip() for line in done.stdout.decode("utf-8", "replace").splitlines()]
    counts = {name: names.count(name) for name in names if name}
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def find_system() -> str:
    """The operating system, as Python names it, with its release."""
    return f"{platform.system()} {platform.release()} {platform.machine()}".strip()


def find_seed(words: Sequence[str]) -> int | None:
    """The first seed that a command line names (``--seed 1``, ``trainer.seed=1``)."""
    named = (read_seed(value) for name, value in find_options(words) if is_seed(name))
    return next((seed for seed in named if seed is not None), None)


def find_entrypoint(words: Sequence[str], folder: Path, root: Path) -> str:
    """The script that a command runs, relative to the root; a module by its name."""
    if _is_python(words[0]):
        return _find_script(words[1:], folder, root)
    if Path(words[0]).name in _LAUNCHERS:
        scripts = (word for word in words[1:] if word.endswith(".py"))
        return next(filter(None, (_as_path(word, folder, root) for word in scripts)), "")
    return _as_path(words[0], folder, root)


def _find_script(words: Sequence[str], folder: Path, root: Path) -> str:
    """The script or module among the arguments of Python."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-m":
            return rest[0] if rest else ""
        if option.startswith("-c") or option == "-":
            return ""
        if option in _OPTIONS_WITH_VALUE and rest:
            del rest[0]
    return _as_path(rest[0], folder, root) if rest else ""


def _as_path(word: str, folder: Path, root: Path) -> str:
    """A file of the project, relative to its root."""
    path = Path(os.path.normpath(folder / word))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) and path.is_file() else ""


def find_tags(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that may decide a result, as ``env/NAME``."""
    return {f"env/{name}": environ[name] for name in sorted(VARIABLES & environ.keys())}
