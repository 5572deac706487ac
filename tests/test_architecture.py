"""The way through the code: imports go downward, and nothing heavy comes before it is needed."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "cardgen"

# A module imports from layers above its own line only; the site may import all of them.
LAYERS = (
    ("errors", "git", "output", "pool", "references", "repositories", "sentences", "tokens"),
    ("detector", "files", "languages", "markdown", "origin", "plainyaml", "safeyaml"),
    ("models",),
    ("codes", "config", "evidence", "masking", "trackers", "yamledit"),
    ("faults", "fetch", "measures"),
    ("documents", "facts", "surroundings", "versions"),
    ("groups", "livevalues"),
    ("claims", "edits", "resolve", "running", "scaffold", "similar", "store"),
    ("revisions", "rules"),
    ("accepting", "differences", "sketches"),
    ("readme",),
    ("check", "describe", "fill", "formats", "summary"),
    ("review",),
    ("schemas",),
    ("capture", "online", "project"),
    ("branches", "ci", "comments", "imports", "merging"),
    ("promote",),
    ("site",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

OF_ADAPTERS = {"errors", "git", "models", "references", "safeyaml"}
USERS_OF_ADAPTERS = {"fetch", "cli"}
USERS_OF_YAML = {"safeyaml"}
WRITERS = {"store", "project"}

NEVER_EARLY = {
    "alembic", "clearml", "duckdb", "dvc", "gto", "matplotlib", "mlflow", "neptune", "neptune_api",
    "neptune_scale", "numpy", "pandas", "pyarrow", "requests", "sklearn", "sqlalchemy", "tabulate",
    "tensorboard", "torch", "trackio", "transformers", "wandb",
}  # fmt: skip
OF_THE_SITE = {
    "babel",
    "jinja2",
    "markdown",
    "markupsafe",
    "mkdocs",
    "nh3",
    "pagefind_bin",
    "pygments",
    "watchdog",
}
NEVER = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "yaml"}


@dataclass(frozen=True)
class Module:
    """A module: its name inside the package, what it imports of the package and of others."""

    name: str
    path: Path
    own: frozenset[str]
    imported: frozenset[str]

    @property
    def part(self) -> str:
        return self.name.split(".")[0]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def find_imports(nodes: Iterator[ast.AST], module: str) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                inside = full.removeprefix("cardgen.") in PATHS and full.startswith("cardgen.")
                yield full if inside else str(node.module)


@cache
def read_module(name: str) -> Module:
    tree = ast.parse(PATHS[name].read_text(encoding="utf-8"))
    everything = set(find_imports(ast.walk(tree), name))
    own = {full for full in everything if full.split(".")[0] == "cardgen"}
    imported = {full.split(".")[0] for full in everything - own}
    inner = {full.removeprefix("cardgen").removeprefix(".") for full in own} - {"", name}
    return Module(name, PATHS[name], frozenset(inner), frozenset(imported))


MODULES = [read_module(name) for name in PATHS if name]
by_name = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


@by_name
def test_imports_go_downward(module: Module) -> None:
    assert module.part in RANK, f"give {module.part} its place in LAYERS"
    for other in module.own:
        part = other.split(".")[0]
        assert part == module.part or RANK[part] < RANK[module.part], f"{module.name}: {other}"


def test_every_place_is_taken() -> None:
    assert set(RANK) == {module.part for module in MODULES}


def test_nothing_imports_in_circles() -> None:
    tuple(TopologicalSorter({module.name: module.own for module in MODULES}).static_order())


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.name.startswith("trackers.")], ids=lambda m: m.name
)
def test_adapters_know_little_and_nothing_of_each_other(module: Module) -> None:
    own = ".".join(module.name.split(".")[:2])
    for other in {other for other in module.own if other.split(".")[0] not in OF_ADAPTERS}:
        assert other.startswith(("trackers._", own)), f"{module.name}: {other}"


@by_name
def test_who_may_import_what(module: Module) -> None:
    if any(other.startswith("trackers") for other in module.own):
        assert module.part in USERS_OF_ADAPTERS | {"trackers"}
        assert not any(o.startswith("trackers.") for o in module.own) or module.part == "trackers"
    if "ruamel" in module.imported:
        assert module.name in USERS_OF_YAML
    if re.search(r"\bwrite_text\(", module.path.read_text(encoding="utf-8")):
        writes = "files" in module.own
        assert not writes or module.name in WRITERS | {"files"}


@by_name
def test_what_is_unsafe_is_never_imported(module: Module) -> None:
    assert not module.imported & NEVER


@by_name
def test_no_text_is_run_and_no_shell_is_started(module: Module) -> None:
    for node in ast.walk(ast.parse(module.path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("eval", "exec", "__import__", "os.system", "os.popen"), called
            assert not any(keyword.arg == "shell" for keyword in node.keywords)


@by_name
def test_patterns_mean_the_same_in_every_python(module: Module) -> None:
    """Python 3.11.2, Debian 12's, reads possessive quantifiers and atomic groups wrongly."""
    possessive = re.compile(r"\(\?>|(?<!\\)[\])sdwSDW.}][*+?]\+|\}\+")
    for node in ast.walk(ast.parse(module.path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            assert not possessive.search(text), f"{module.name}:{node.lineno}"


def imported_by(script: str) -> set[str]:
    """The top-level modules that a fresh Python has imported after a script."""
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys\nprint('\\n'.join(sys.modules))"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.splitlines()
    return {name.split(".")[0] for name in names} | {n for n in names if n.startswith("cardgen.")}


PLAIN = imported_by("")


def import_all(names: Iterable[str]) -> str:
    return "\n".join(f"import cardgen.{name}" for name in names)


def test_importing_what_any_command_may_need_imports_nothing_heavy() -> None:
    """What talks to servers, and is imported where there is one to talk to, aside."""
    names = [
        m.name
        for m in MODULES
        if m.part not in ("comments", "site", "__main__")
        and (m.part != "trackers" or (m.name.count(".") < 2 and "._" not in m.name))
    ]
    assert {"cli", "trackers.mlflow", "rules.naming"} <= set(names)
    assert not imported_by(import_all(names)) & (NEVER_EARLY | OF_THE_SITE)


def test_importing_the_site_imports_no_client() -> None:
    names = [module.name for module in MODULES if module.part == "site"]
    assert not imported_by(import_all(names)) & NEVER_EARLY


def test_the_package_itself_is_nothing() -> None:
    assert imported_by("import cardgen") - PLAIN <= {"cardgen", "__future__"}


def test_help_imports_click_and_little_more() -> None:
    script = "from cardgen.cli import cli\ncli.main(['--help'], standalone_mode=False)"
    extra = imported_by(script) - imported_by("import click")
    third = {name for name in extra if name not in sys.stdlib_module_names}
    assert {"cardgen", "cardgen.cli", "cardgen.errors"} <= third
    assert {
        name
        for name in third
        if name.startswith("cardgen.") and not name.startswith("cardgen.cli.")
    } == {"cardgen.cli", "cardgen.errors"}
    assert not third & {"pydantic", "ruamel", "filelock"}


TEXTS = [
    path
    for folder in ("cardgen", "demo", "benchmarks", "schema", "site", "tests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".md", ".json", ".js", ".css", ".jinja", ".template", ".yml", ".yaml"}
    and not {"data", "cases", "__pycache__"} & set(path.relative_to(ROOT).parts)
    and path != Path(__file__)
]
LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def test_nothing_is_left_for_later() -> None:
    assert len(TEXTS) > 100
    for path in TEXTS:
        text = path.read_text(encoding="utf-8", errors="replace")
        found = LEFT_OVER.search(text)
        assert not found, f"{path}: {found}"
