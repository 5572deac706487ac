"""What building and serving a site need to know, apart from the pages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cardgen.errors import SiteError


@dataclass(frozen=True)
class SiteSettings:
    """Where a site comes from, where it goes and what it is called.

    ``source``, ``output`` and ``work`` are folders, read as relative to ``root``. ``source``
    holds ``mkdocs.yml`` and ``docs/``; either may be missing. ``title``, ``language`` and
    ``site_url`` apply where ``mkdocs.yml`` does not say otherwise, except that a ``site_url``
    given here wins. ``cards_title`` names the entry of the navigation that leads to
    ``cards_path``, the list of all cards. ``strict`` makes a warning of the engine an error.

    ``engine`` builds the hand-written pages: ``mkdocs`` or ``zensical``. ``mkdocs`` is the
    ``mkdocs.yml`` of a site that the repository has anyway; None for a site of cardgen's own.
    ``experiments`` is the folder of the cards, of which no engine reads anything.
    """

    root: Path
    source: Path = Path("site")
    output: Path = Path("_site")
    work: Path = Path(".cardgen")
    title: str = "Experiments"
    language: str = "en"
    site_url: str = ""
    cards_title: str = "Cards"
    cards_path: str = "cards/"
    strict: bool = False
    engine: str = "mkdocs"
    mkdocs: Path | None = None
    experiments: Path = Path("experiments")

    def __post_init__(self) -> None:
        root = self.root.resolve()
        object.__setattr__(self, "root", root)
        if self.mkdocs is not None:
            object.__setattr__(self, "mkdocs", Path(os.path.normpath(root / self.mkdocs)))
        for name in ("source", "output", "work", "experiments"):
            # Links stay what they are: a link in the output's place is refused later on.
            object.__setattr__(self, name, Path(os.path.normpath(root / getattr(self, name))))
        for folder in (self.output, self.work):
            if root not in folder.parents or self._holds_source(folder):
                raise SiteError(
                    f"{folder} cannot be built into.",
                    "Name a folder inside the project that holds nothing else.",
                )

    def _holds_source(self, folder: Path) -> bool:
        if self.mkdocs is not None:  # the engine looks at its folder of pages
            return folder in self.mkdocs.parents
        return (
            folder == self.source or folder in self.source.parents or self.source in folder.parents
        )

    @property
    def config_file(self) -> Path:
        """The site's ``mkdocs.yml``, which need not be there unless ``mkdocs`` names it."""
        return self.mkdocs or self.source / "mkdocs.yml"
