"""``cardgen run``: a command, run as it would run alone, and recorded as evidence.

The run is in the evidence from its start, so that it is known whatever becomes of it. What it
contains and left is added when it has ended.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import secrets
import shlex
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from cardgen.capture import machine
from cardgen.capture.found import MARK, Before, Stay, look_before
from cardgen.capture.process import Ended, find_command, guarded, run_command
from cardgen.capture.recorder import Complain, Recorder
from cardgen.capture.workspace import read_workspace
from cardgen.config import Config
from cardgen.errors import CardgenError, UsageError
from cardgen.masking import mask_run
from cardgen.models import (
    CAPTURED,
    Card,
    Command,
    CommandKind,
    Environment,
    Run,
)
from cardgen.running import Going, end_going, make_going, remove_going
from cardgen.store import find_card, load_card

_CONTEXT = "MLFLOW_RUN_CONTEXT"


@dataclass(frozen=True)
class Request:
    """What to run, for which card; ``note`` describes it."""

    code: str
    words: tuple[str, ...]
    kind: CommandKind = "train"
    note: str = ""


@dataclass(frozen=True)
class Captured:
    """A run, whether it is in the evidence, and the exit status to end with."""

    run: Run
    exit_status: int
    saved: bool = True


def capture(config: Config, request: Request, complain: Complain) -> Captured:
    """Run a command and record it; what could not be recorded is complained of, and no more.

    Raises CardgenError before anything was started: where the card is missing or broken, or the
    command cannot be found.
    """
    card = _load_card(config, request.code)
    find_command(request.words[0], os.environ.get("PATH"))
    recorder = Recorder(config, card, complain)
    run, stay, before = _prepare(recorder, request)
    run, ended, beside = _run(recorder, run, request.words, stay.started)
    try:
        stay = replace(stay, beside=any(other.code != card.code for other in beside))
        run = recorder.add_found(run, stay, before)
    except KeyboardInterrupt:
        complain(f"{run.ref}: what it left was not looked for. Run: cardgen fill {card.code}")
    except Exception as error:  # the command has ended, and its exit status is what counts
        complain(f"{run.ref}: what it left could not be looked for: {error}")
    return Captured(run, ended.shell_status, recorder.saved)


def _run(
    recorder: Recorder, run: Run, words: Sequence[str], started: float
) -> tuple[Run, Ended, tuple[Going, ...]]:
    """Run the command, in the evidence from its start; the run, its end, and others beside it."""
    config, card = recorder.config, recorder.card
    environ = make_environ(os.environ, card, run.ref)
    going = make_going(run.ref, card.code, started)
    with guarded():
        recorder.note(going)
        recorder.save(run)
        try:
            ended = run_command(words, environ, lambda pid: recorder.note(going.with_process(pid)))
        except CardgenError:
            recorder.drop(run)
            remove_going(config, (run.ref,))
            raise
        run = finish(run, ended)
        saved = recorder.save(run)
    going = replace(going, result="" if saved else run.model_dump_json())
    return run, ended, end_going(config, going, time.time())


def _load_card(config: Config, code: str) -> Card:
    card = load_card(config, find_card(config, code))
    if card.broken:
        first = next(problem for problem in card.problems if problem.severity == "error")
        raise UsageError(
            f"{first.path} is broken, so nothing was started: {first.message}",
            f"Correct it first; see: cardgen check {code}",
        )
    return card


def make_ref(now: dt.datetime) -> str:
    """A new run's ref, which sorts by its time also where runs began within one second.

    Its last six digits are the microsecond, in five, and one by chance.
    """
    return f"{CAPTURED}:{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(16):x}"


def _prepare(recorder: Recorder, request: Request) -> tuple[Run, Stay, Before]:
    """The run as it is before the command begins; all that takes time is asked side by side."""
    config, card = recorder.config, recorder.card
    now = dt.datetime.now(tz=dt.UTC)
    ref = make_ref(now)
    cwd = Path.cwd()
    words = request.words
    stay = Stay(config, card.folder, cwd, words, ref, now.timestamp())
    with ThreadPoolExecutor(max_workers=4) as pool:
        python = pool.submit(
            lambda: machine.ask_interpreter(machine.find_interpreter(words, os.environ))
        )
        accelerator = pool.submit(machine.find_accelerator)
        workspace = pool.submit(
            read_workspace, config.root, config.settings.experiments, words, cwd
        )
        before = look_before(stay)
        source = recorder.save_source(ref, workspace.result())
        asked = python.result()
        environment = Environment(
            python=asked.version,
            os=machine.find_system(),
            host=platform.node(),
            accelerator=accelerator.result(),
            seed=machine.find_seed(words),
            packages=dict(asked.packages or {}),
        )
    entrypoint = machine.find_entrypoint(words, cwd, config.root)
    started = dt.datetime.now(tz=dt.UTC)
    run = Run(
        ref=ref,
        tracker=CAPTURED,
        status="running",
        started=_whole(started),
        description=request.note,
        tags=machine.find_tags(os.environ),
        commands=(Command(line=format_line(words, cwd, config.root), kind=request.kind),),
        source=source.model_copy(update={"entrypoint": entrypoint}) if source else None,
        environment=environment,
    )
    return mask_run(run, recorder.allow), replace(stay, started=started.timestamp()), before


def format_line(words: Sequence[str], cwd: Path, root: Path) -> str:
    """The command as it can be pasted into a shell at the project's root."""
    line = shlex.join(words)
    inner = os.path.relpath(cwd, root)
    return line if inner == "." else f"cd {shlex.quote(inner)} && {line}"


def make_environ(environ: Mapping[str, str], card: Card, ref: str) -> dict[str, str]:
    """The command's variables: what it may want to know, and MLflow's tag that names this run."""
    own = {"CARDGEN_CODE": card.code, "CARDGEN_OUTPUT_DIR": str(card.folder), "CARDGEN_RUN": ref}
    try:
        context = json.loads(environ.get(_CONTEXT) or "{}")
    except ValueError:
        context = None
    if isinstance(context, dict):
        own[_CONTEXT] = json.dumps({**context, MARK: ref})
    return {**environ, **own}


def finish(run: Run, ended: Ended) -> Run:
    """The run after its command: aborted where somebody stopped it, failed where it says so."""
    status = "aborted" if ended.aborted else "failed" if ended.status else "finished"
    now = _whole(dt.datetime.now(tz=dt.UTC))
    return run.model_copy(update={"status": status, "exit_status": ended.status, "finished": now})


def _whole(time: dt.datetime) -> dt.datetime:
    """A time to the millisecond."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
