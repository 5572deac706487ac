"""Writes registries with the real GTO and prints what it says of them, as JSON.

Called as ``gto_writer.py FOLDER SEED…``: in each ``FOLDER/SEED`` a repository with random tags, and
in ``FOLDER/real`` one that GTO's own commands made. A process of its own, since GTO warns and
reads the environment.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

from gto import api  # noqa: E402

COMMITS = 6
NAMES = ("qa", "team/x", "models=seg")
STAGES = ("prod", "staging")


def make_commits(folder: Path, tags: list[str]) -> None:
    folder.mkdir(parents=True)
    lines = [
        f"commit refs/heads/main\nmark :{n}\ncommitter n <n@e> {1700000000 + n} +0000\n"
        f"data 1\nx\n{f'from :{n - 1}' if n > 1 else ''}\n"
        for n in range(1, COMMITS + 1)
    ]
    for arguments in (("init", "-q", "-b", "main", "."), ("fast-import", "--quiet")):
        text = "".join(lines + tags).encode() if arguments[0] == "fast-import" else b""
        subprocess.run(("git", *arguments), cwd=folder, input=text, check=True)


def choose_tag(
    chance: random.Random, name: str, commit: int, registered: dict[tuple[str, int], str]
) -> str:
    """What GTO could do next: it ends stages of registered versions only."""
    stage = f"{name}#{chance.choice(STAGES)}"
    version = registered.get((name, commit), "")
    if version and chance.random() < 0.4:
        return chance.choice((f"{name}@{version}!", f"{stage}!", f"{stage}!", f"{name}@deprecated"))
    if chance.random() < 0.5:
        return stage
    minor, ending = chance.choice((0, 2, 9, 10)), chance.choice(("", "", "-rc.1", "-rc.10", "-a"))
    version = registered.setdefault(
        (name, commit), f"v{chance.choice((0, 1))}.{minor}.{commit}{ending}"
    )
    return f"{name}@{version}"


def make_random(folder: Path, seed: int) -> None:
    """Tags in a random order; a version has a commit of its own, as GTO wants it."""
    chance = random.Random(seed)
    made: dict[str, str] = {}
    registered: dict[tuple[str, int], str] = {}
    time = 1700001000
    for number in range(chance.randint(1, 25)):
        time += chance.choice((1, 1, 60))
        place = chance.choice(NAMES), chance.randint(1, COMMITS)
        tag = choose_tag(chance, *place, registered)
        tag += f"#{number}" if chance.random() < 0.7 else ""
        text = f"tag {tag}\nfrom :{place[1]}\ntagger n <n@e> {time} +0000\ndata 1\nx\n"
        made.setdefault(tag, text)
    make_commits(folder, list(made.values()))


def make_real(folder: Path) -> None:
    """What a team does with its models, by GTO's own commands."""
    make_commits(folder, [])
    repo = str(folder)
    steps: list[tuple[Any, ...]] = [
        (api.register, "qa-digits", "main~5", "v0.9.0"),
        (api.assign, "qa-digits", "prod", "v0.9.0"),
        (api.register, "qa-digits", "main~4", "v0.10.0-rc.1"),
        (api.register, "qa-digits", "main~3", "v0.10.0"),
        (api.assign, "qa-digits", "staging", "v0.10.0"),
        (api.assign, "qa-digits", "prod", "v0.10.0"),
        (api.unassign, "qa-digits", "staging", "v0.10.0"),
        (api.register, "models:seg-net", "main~2", "v1.2.0"),
        (api.assign, "models:seg-net", "prod", "v1.2.0"),
        (api.register, "team/x", "main~1", "v1.0.0"),
        (api.deregister, "team/x", "", "v1.0.0"),
        (api.register, "old", "main", "v1.0.0"),
        (api.deprecate, "old", "main", ""),
    ]
    dated: set[str] = set()
    for second, (call, name, what, version) in enumerate(steps):
        if call is api.register:
            call(repo, name, what, version, stdout=False)
        elif call is api.assign:
            call(repo, name, what, version=version, stdout=False)
        elif call is api.unassign:
            call(repo, name, stage=what, version=version, stdout=False)
        elif call is api.deregister:
            call(repo, name, version=version, stdout=False)
        else:
            call(repo, name, ref=what, stdout=False)
        for tag in ask_git(folder, "for-each-ref", "--format=%(refname)", "refs/tags").split():
            if tag not in dated:
                dated.add(tag)
                set_time(folder, tag, 1700001000 + second)


def ask_git(folder: Path, *arguments: str, text: str = "") -> str:
    done = subprocess.run(
        ("git", *arguments), cwd=folder, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout


def set_time(folder: Path, tag: str, seconds: int) -> None:
    """Make a tag as old as told: GTO orders by seconds, and a test does not wait for them."""
    content = ask_git(folder, "cat-file", "tag", tag)
    changed = re.sub(r"(?m)^(tagger .*>) \d+", rf"\g<1> {seconds}", content, count=1)
    made = ask_git(folder, "mktag", text=changed)
    ask_git(folder, "update-ref", tag, made.strip())


def describe(folder: Path) -> dict[str, Any]:
    """Each active model's versions with their commits, newest version, and stages."""
    said = {}
    for name, state in api.show(str(folder)).items():
        versions = {v["version"]: v["commit_hexsha"] for v in api.show(str(folder), name=name)}
        said[name] = {
            "versions": {v: commit for v, commit in versions.items() if v.startswith("v")},
            "latest": state["version"],
            "stages": {s: v for s, v in state["stage"].items() if v and v.startswith("v")},
        }
    return said


def main() -> None:
    folder = Path(sys.argv[1])
    os.environ.update(GIT_CONFIG_COUNT="2", GIT_CONFIG_KEY_0="user.name", GIT_CONFIG_VALUE_0="n",
                      GIT_CONFIG_KEY_1="user.email", GIT_CONFIG_VALUE_1="n@e")  # fmt: skip
    make_real(folder / "real")
    for seed in sys.argv[2:]:
        make_random(folder / seed, int(seed))
    names = ["real", *sys.argv[2:]]
    print(json.dumps({name: describe(folder / name) for name in names}))


if __name__ == "__main__":
    main()
