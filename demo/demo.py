"""Train eight small models, and make their cards and their site as a person would.

    python demo/demo.py _demo    a project and git repository of its own, with its site
    python demo/demo.py --own    the cards of this repository, in experiments/; nothing is committed

Repeated, it makes what is missing and leaves alone what is there, cards that a person edited
included.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CARDGEN = Path(sys.executable).with_name("cardgen")
TITLE = "Handwritten digits"
METRIC = "val/accuracy"
# The project must be the same whatever the user's git and MLflow are set to.
ENVIRON = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLFLOW_"))} | {
    "MLFLOW_DISABLE_TELEMETRY": "true"
}
GIT_SETTINGS = {
    "user.name": "Demo",
    "user.email": "demo@example.org",
    "commit.gpgsign": "false",
    "core.hooksPath": "/dev/null",
}
RUN = re.compile(r"^\S+ is (mlflow:\w+)$", re.MULTILINE)
UNWRITTEN = re.compile(r"<!--[\s\S]*?-->|^#.*$|\s", re.MULTILINE)


@dataclass(frozen=True)
class Experiment:
    """One of ``experiments.toml``; ``crashes`` says that its training is meant to fail."""

    code: str
    title: str
    tags: tuple[str, ...]
    options: str
    baseline: str = ""
    crashes: bool = False


@dataclass(frozen=True)
class Project:
    """Where the cards are made: its root, and the training script as seen from there."""

    root: Path
    script: str = "train.py"

    def command(self, experiment: Experiment) -> str:
        return f"python {self.script} --code {experiment.code} {experiment.options}"


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Train eight small models and make their cards.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("_demo"))
    parser.add_argument("--own", action="store_true", help="make this repository's own cards")
    options = parser.parse_args()
    try:
        failed = make_own() if options.own else make_demo(options.folder.absolute())
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("\ndemo: stopped; the same command goes on from here.")
    sys.exit(1 if failed else 0)


def make_demo(root: Path) -> int:
    """Make the demo project; the number of commands that found something wrong."""
    project = Project(root)
    open_project(root)
    for experiment in load_experiments():
        folder = f"experiments/{experiment.code}"
        if is_committed(root, f"{folder}/card.md"):
            found = (root / folder / "card.md").exists()
            say(f"{experiment.code} {'is there' if found else 'was deleted: left out'}")
            continue
        make_card(project, experiment)
        commit(root, folder, f"{experiment.code}: {experiment.title}")
    return finish(root)


def make_own() -> int:
    project = Project(HERE.parent, "demo/train.py")
    for experiment in load_experiments():
        if not (project.root / "experiments" / experiment.code / "card.md").exists():
            make_card(project, experiment)
    return run(project.root, str(CARDGEN), "check", fatal=False)


def load_experiments() -> Iterator[Experiment]:
    table = tomllib.loads((HERE / "experiments.toml").read_text(encoding="utf-8"))
    for entry in table["experiment"]:
        yield Experiment(**{**entry, "tags": tuple(entry["tags"])})


# The project ---------------------------------------------------------------------------------


def open_project(root: Path) -> None:
    """A git repository with a training script, laid out for cards."""
    if (root / "cardgen.yaml").exists() and is_committed(root, "train.py"):
        return
    root.mkdir(parents=True, exist_ok=True)
    run(root, "git", "init", "--quiet", "--initial-branch", "main")
    for key, value in GIT_SETTINGS.items():
        run(root, "git", "config", key, value, quiet=True)
    shutil.copy(HERE / "train.py", root / "train.py")
    run(root, str(CARDGEN), "init")
    adjust(root / "cardgen.yaml", r"^title:.*$", f"title: {TITLE}")
    adjust(root / "cardgen.yaml", r"^# metric:.*$", f"metric: {METRIC}")
    adjust(root / "site" / "mkdocs.yml", r"^site_name:.*$", f"site_name: {TITLE}")
    adjust(root / "site" / "docs" / "index.md", r"^# .*$", f"# {TITLE}")
    with (root / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("# What MLflow records.\n/mlflow.db\n/mlruns/\n")
    commit(root, ".", "Training script and an empty collection of cards")


def adjust(path: Path, pattern: str, line: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, line, text, count=1, flags=re.MULTILINE), encoding="utf-8")


def is_committed(root: Path, path: str) -> bool:
    """Whether any commit ever held the path."""
    done = call(root, "git", "log", "--all", "--format=%h", "-1", "--", path)
    return done.returncode == 0 and bool(done.stdout.strip())


def commit(root: Path, path: str, message: str) -> None:
    run(root, "git", "add", "--", path)
    run(root, "git", "commit", "--quiet", "--message", message, "--", path)


# A card --------------------------------------------------------------------------------------


def make_card(project: Project, experiment: Experiment) -> None:
    """Train, open the card of the run, and write what was asked and learnt."""
    root, command = project.root, project.command(experiment)
    card = root / "experiments" / experiment.code / "card.md"
    if not card.exists():
        ref = train(root, command, crashes=experiment.crashes)
        tags = [word for tag in experiment.tags for word in ("--tag", tag)]
        baseline = ["--baseline", experiment.baseline] if experiment.baseline else []
        naming = ["--title", experiment.title, *tags, *baseline]
        run(root, str(CARDGEN), "new", experiment.code, "--run", ref, *naming)
    run(root, str(CARDGEN), "set", experiment.code, f"train={command}")
    write_sections(card, (HERE / "cards" / f"{experiment.code}.md").read_text(encoding="utf-8"))


def train(root: Path, command: str, *, crashes: bool) -> str:
    """Run the training script; the ref of the run that it recorded."""
    say(f"$ {command}")
    start = time.monotonic()
    done = call(root, sys.executable, *shlex.split(command)[1:])
    match = RUN.search(done.stdout)
    if match is None or (done.returncode != 0) != crashes:
        raise DemoError(f"'{command}' ended otherwise than it should:\n{done.stderr}")
    last = (done.stderr if crashes else done.stdout).strip().splitlines()[-1]
    say(f"  {last} ({time.monotonic() - start:.0f} s)")
    return match[1]


def write_sections(card: Path, sections: str) -> None:
    """Put a person's words in place of the template's headings, if those are empty still."""
    head, mark, rest = card.read_text(encoding="utf-8").partition("\n## ")
    if not UNWRITTEN.sub("", mark + rest):
        card.write_text(f"{head}\n{sections}", encoding="utf-8")
        say(f"wrote {card.parent.name}/card.md: goal, conclusions, problems")


# The site ------------------------------------------------------------------------------------


def finish(root: Path) -> int:
    """Fill, check, list and build; the number of commands that found something wrong."""
    steps = ["fill"], ["check"], ["list", "--sort", "-value"], ["build"]
    failed = [step[0] for step in steps if run(root, str(CARDGEN), *step, fatal=False) != 0]
    where, command = os.path.relpath(root), os.path.relpath(CARDGEN, root)
    say(f"\nThe demo's cards are in {where}/experiments/, their site in {where}/_site/.")
    say(f"Look at it:  cd {where} && {command} serve")
    if failed:
        say(f"Something is wrong, see above: {', '.join(failed)}.")
    return len(failed)


# Commands ------------------------------------------------------------------------------------


def run(root: Path, *command: str, quiet: bool = False, fatal: bool = True) -> int:
    """Show a command and run it, its output going where ours goes."""
    if not quiet:
        say("$ " + shlex.join([Path(command[0]).name, *command[1:]]))
    status = subprocess.run(command, cwd=root, env=ENVIRON, check=False).returncode
    if status and fatal:
        raise DemoError(f"'{shlex.join(command)}' failed in {root}.")
    return status


def call(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    return subprocess.run(
        command, cwd=root, env=ENVIRON, check=False, capture_output=True, encoding="utf-8"
    )


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
