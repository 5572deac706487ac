"""Writing one captured run into a card's evidence, from its start to what it left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from cardgen.capture.files import find_files
from cardgen.capture.found import Before, Stay, belongs, find_candidates
from cardgen.capture.patch import make_patch
from cardgen.capture.workspace import Workspace
from cardgen.config import Config
from cardgen.errors import CardgenError
from cardgen.fetch import Failure
from cardgen.fill import arrange, fetch_runs, find_refs
from cardgen.masking import mask_run
from cardgen.models import Card, Evidence, Run, Source
from cardgen.running import Going, load_going, remove_going, save_going, settle
from cardgen.store import load_card, save_patch, update_evidence

MAX_FOUND = 500
"""Runs inside a captured one that are read."""

UNAVAILABLE = ("params", "metrics", "checkpoints", "model", "data")
"""What only a tracker could tell, where none was running inside."""

Complain = Callable[[str], None]


class Recorder:
    """Writes one captured run; what fails is complained of, since the command matters more.

    ``saved`` says whether the evidence has the run as it was last.
    """

    def __init__(self, config: Config, card: Card, complain: Complain) -> None:
        self.config = config
        self.card = card
        self.complain = complain
        self.allow = frozenset(config.settings.secrets.allow)
        self.saved, self._said = False, ""

    def save_source(self, ref: str, workspace: Workspace | None) -> Source | None:
        """The state of the code; its uncommitted changes go into a file beside the evidence."""
        if workspace is None:
            return None
        source = workspace.source
        text = make_patch(workspace.changes, ref, source.commit, self.allow)
        name = f"{ref.replace(':', '-')}.patch"
        if not text:
            return source
        try:
            save_patch(self.config, self.card, name, text)
        except (CardgenError, OSError) as error:
            self.complain(f"The uncommitted changes could not be kept: {error}")
            return source
        return source.model_copy(update={"patch": name})

    def save(self, run: Run, found: Sequence[Run] = ()) -> bool:
        """Put a run, and those found in it, into the evidence; whether that could be done."""
        masked = mask_run(run, self.allow)
        others = [going for going in self.going() if going.ref != run.ref]
        try:
            update_evidence(
                self.config, self.card, lambda old: self._join(old, masked, found, others)
            )
        except (CardgenError, OSError) as error:
            self._fail(run, f"{error}")
            return False
        self.saved, self._said = True, ""
        remove_going(self.config, (one.ref for one in others if one.gone and not one.is_done))
        return True

    def _fail(self, run: Run, reason: str) -> None:
        """Say once why nothing can be recorded, which is tried at the start and at the end."""
        self.saved = False
        if reason != self._said:
            self.complain(f"{run.ref} could not be recorded: {reason}")
        self._said = reason

    def _join(
        self, old: Evidence | None, run: Run, found: Sequence[Run], going: Sequence[Going]
    ) -> Evidence:
        known = {one.ref: one for one in settle(old.runs if old else (), going)}
        for one in (run, *found):
            quoted = known[one.ref].quoted if one.ref in known else ""
            known[one.ref] = one.model_copy(update={"quoted": quoted}) if quoted else one
        joined = Evidence(code=self.card.code, runs=tuple(known.values()))
        refs = (
            find_refs(self.config, replace(self.card, evidence=joined)) if found else tuple(known)
        )
        return Evidence(code=self.card.code, runs=arrange(joined.runs, refs))

    def drop(self, run: Run) -> None:
        """Take a run out of the evidence that never began."""

        def leave(old: Evidence | None) -> Evidence | None:
            runs = tuple(one for one in old.runs if one.ref != run.ref) if old else ()
            return Evidence(code=self.card.code, runs=runs) if old else None

        with contextlib.suppress(CardgenError, OSError):
            update_evidence(self.config, self.card, leave)

    def note(self, going: Going) -> None:
        with contextlib.suppress(OSError):
            save_going(self.config, going)

    def going(self) -> tuple[Going, ...]:
        return tuple(one for one in load_going(self.config) if one.code == self.card.code)

    def add_found(self, run: Run, stay: Stay, before: Before) -> Run:
        """The run with the tracker runs it started and the files it left, recorded as well."""
        self.card = load_card(self.config, self.card.path)
        found = self._fetch_found(stay, before)
        files = find_files(stay.folder, before.files, self.config.root)
        run = run.model_copy(
            update={
                "contains": tuple(one.ref for one in found),
                "files": tuple(files),
                "unavailable": () if found else UNAVAILABLE,
            }
        )
        self.save(run, found)
        return run

    def _fetch_found(self, stay: Stay, before: Before) -> list[Run]:
        candidates = find_candidates(stay, before)[:MAX_FOUND]
        fetched = fetch_runs(self.config, [candidate.ref for candidate in candidates])
        found, unclear = [], []
        for candidate, one in zip(candidates, fetched, strict=True):
            if isinstance(one, Failure):
                self.complain(f"{one.ref}: {one.error}")
                continue
            mine = belongs(one, stay, candidate.how)
            if mine is None:
                unclear.append(one.ref)
            elif mine:
                found.append(one)
        if unclear:
            shown = ", ".join(unclear[:5])
            self.complain(
                f"Runs of other cards went on at the same time, so nothing tells whose these are: "
                f"{shown}. If they are its own: cardgen set {self.card.code} runs+={unclear[0]}"
            )
        return found
