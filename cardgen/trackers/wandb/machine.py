"""What a run ran on and how it was started, from what ``wandb-metadata.json`` says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from cardgen.models import Command, Environment, ParamValue
from cardgen.trackers.wandb.values import as_dict, as_texts, clean_text

MAX_LINE = 100_000
"""Characters of a command line that are kept."""

_MAX_DEVICES = 256
_OTHERS = ("apple", "tpu", "trainium")
_SEEDS = ("seed", "random_seed", "random_state")


def make_commands(machine: Mapping[str, Any]) -> tuple[Command, ...]:
    """The command line, quoted as a shell reads it: interpreter, program, arguments.

    None for a notebook or an interactive session, which no command line started.
    """
    program = find_program(machine)
    if not program or program.endswith(".ipynb") or clean_text(machine.get("colab")):
        return ()
    module = re.fullmatch(r"-m\s+(\S+)", program)
    words = ["-m", module[1]] if module else [program]
    executable = clean_text(machine.get("executable"))
    line = shlex.join([*([executable] if executable else []), *words, *find_args(machine)])
    return (Command(line=line),) if len(line) <= MAX_LINE else ()


def find_args(machine: Mapping[str, Any]) -> tuple[str, ...]:
    """The arguments of the program, as they were given."""
    return as_texts(machine.get("args"))


def find_program(machine: Mapping[str, Any]) -> str:
    """The program; empty where W&B only says that it knew of none."""
    program = clean_text(machine.get("program"))
    return "" if program.startswith("<") else program


def find_entrypoint(machine: Mapping[str, Any]) -> str:
    """The program's path in its repository where W&B knew it, else as it was started."""
    named = (clean_text(machine.get(key)) for key in ("codePathLocal", "codePath"))
    return next((text for text in named if text), find_program(machine))


def make_environment(
    machine: Mapping[str, Any],
    host: str,
    packages: dict[str, str],
    config: Mapping[str, ParamValue],
) -> Environment | None:
    """Python, system, host, devices, packages, and the seed that the configuration names."""
    environment = Environment(
        python=clean_text(machine.get("python")).removeprefix("CPython "),
        os=clean_text(machine.get("os")),
        host=host,
        accelerator=find_accelerator(machine),
        seed=find_seed(config),
        packages=packages,
    )
    return environment if environment != Environment() else None


def find_accelerator(machine: Mapping[str, Any]) -> str:
    """The devices by their names: ``2 x NVIDIA A100-SXM4-80GB``."""
    names: list[str] = []
    for key in ("gpu_nvidia", "gpu_amd"):
        listed = machine.get(key)
        items = listed[:_MAX_DEVICES] if isinstance(listed, list) else []
        names += [clean_text(as_dict(item).get("name") or _model(item)) for item in items]
    names = [name for name in names if name]
    if not names:
        names = [clean_text(machine.get("gpu") or machine.get("gpuapple")) or _find_other(machine)]
        count = machine.get("gpu_count")
        names *= count if type(count) is int and 0 < count <= _MAX_DEVICES else 1
    counts = {name: names.count(name) for name in names if name}
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def _model(item: object) -> object:
    return as_dict(item).get("model")


def _find_other(machine: Mapping[str, Any]) -> str:
    named = (clean_text(as_dict(machine.get(key)).get("name")) for key in _OTHERS)
    return next((text for text in named if text), "")


def find_seed(config: Mapping[str, ParamValue]) -> int | None:
    """The seed of the configuration, where it is a whole number."""
    for name in _SEEDS:
        value = config.get(name)
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
