"""``cardgen.yaml``: the project's settings, found by walking upward from where one stands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from cardgen.errors import ConfigError
from cardgen.languages import find_languages
from cardgen.models import Frozen, Severity, TrackerConfig
from cardgen.safeyaml import UnsafeYaml, find_marks, parse_yaml

CONFIG_NAME = "cardgen.yaml"
REFS_FOLDER = "refs"
"""The folder in ``.cardgen/`` where cards of other branches lie while a site is built."""


def _known_language(code: str) -> str:
    if code not in find_languages():
        raise ValueError(f"is none of {', '.join(find_languages())}")
    return code


def _relative(path: str) -> str:
    parts = Path(path).parts
    if Path(path).is_absolute() or ".." in parts or not parts:
        raise ValueError("must be a folder inside the project")
    return Path(path).as_posix()


def _relative_or_empty(path: str) -> str:
    try:
        return _relative(path) if path else ""
    except ValueError:
        raise ValueError("must be a file inside the project") from None


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Language = Annotated[str, AfterValidator(_known_language)]
Folder = Annotated[str, AfterValidator(_relative)]
MaybeFile = Annotated[str, AfterValidator(_relative_or_empty)]
Patterns = Annotated[
    tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])
]


class SiteConfig(Frozen):
    """How the site is built and where it will live."""

    url: str = Field(default="", description="The address the site is published at.")
    source: Folder = Field(default="site", description="Folder of mkdocs.yml and docs/.")
    output: Folder = Field(default="_site", description="Folder the site is built into.")
    engine: Literal["mkdocs", "zensical"] = Field(
        default="mkdocs", description="What builds the pages that are written by hand."
    )
    mkdocs: MaybeFile = Field(
        default="", description="The mkdocs.yml of a site that is there already, to join it."
    )
    refs: Patterns = Field(
        default=(),
        description="Patterns of branches and tags whose cards it shows; '.' is the folder itself.",
    )
    tags: bool = Field(default=False, description="Whether it shows the cards of all tags, too.")


class SecretsConfig(Frozen):
    """What the masking of secrets leaves alone."""

    allow: dict[str, str] = Field(
        default={}, description="Names that are no secrets, each with the reason."
    )


class Settings(Frozen):
    """The content of ``cardgen.yaml``; every key has a default."""

    title: str = Field(default="Experiments", description="What the collection is called.")
    lang: Language = Field(default="en", description="Language of headings and of the site.")
    experiments: Folder = Field(default="experiments", description="Folder of the cards.")
    metric: str = Field(default="", description="The metric that 'best' means by default.")
    minimize: Patterns = Field(
        default=(), description="Patterns of metrics of which less is better, besides losses."
    )
    maximize: Patterns = Field(
        default=(), description="Patterns of metrics of which more is better."
    )
    repository: str = Field(default="", description="The repository's address, to link commits.")
    readme: bool = Field(
        default=False, description="Whether READMEs of cards are made whenever a card changes."
    )
    trackers: dict[str, dict[str, Any]] = Field(
        default={}, description="Settings of each tracker, by its name."
    )
    checks: dict[str, Severity] = Field(
        default={}, description="Severity of a rule: error, warning, advice or off."
    )
    secrets: SecretsConfig = Field(default=SecretsConfig(), description="Masking of secrets.")
    site: SiteConfig = Field(default=SiteConfig(), description="The site.")


class Config(Frozen):
    """The settings, the folder they were found in, and their text as it was read."""

    root: Path
    settings: Settings = Settings()
    text: str = Field(default="", repr=False)

    @property
    def experiments(self) -> Path:
        return self.root / self.settings.experiments

    @property
    def work(self) -> Path:
        """Where caches live; may be thrown away at any time."""
        return self.root / ".cardgen"

    def label(self, path: Path) -> str:
        """A path as messages show it: relative to the root, with forward slashes.

        A card of another branch, which lies in ``.cardgen/refs/<tree>/``, is shown where it would
        lie in a checkout of that.
        """
        text, root = str(path), f"{self.root}/"
        if text.startswith(root) and not text.startswith(f"{root}.cardgen/"):
            return text.removeprefix(root)  # the plain case, without a dozen path objects
        kept = self.work / REFS_FOLDER
        if path.is_relative_to(kept):
            inner = path.relative_to(kept).parts[1:]
            return Path(self.settings.experiments, *inner).as_posix()
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()

    def line(self, *key: str) -> int:
        """The line on which a setting stands in the file, counted from 1; 0 where it does not."""
        try:
            marks = find_marks(self.text)
        except UnsafeYaml:
            return 0
        return marks[key][0].line if key in marks else 0

    def for_tracker(self, name: str) -> TrackerConfig:
        return TrackerConfig(self.root, self.settings.trackers.get(name, {}), dict(os.environ))


def find_root(start: Path) -> Path:
    """The nearest folder upward that holds ``cardgen.yaml``; raises ConfigError without one."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise ConfigError(
        f"There is no {CONFIG_NAME} in {start} or above it.", "Run 'cardgen init' first."
    )


def load_config(start: Path) -> Config:
    """Find and read the settings; raises ConfigError with all that is wrong in them."""
    root = find_root(start)
    path = root / CONFIG_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Save it as UTF-8.") from None
    return Config(root=root, settings=parse_settings(text), text=text)


def parse_settings(text: str) -> Settings:
    """Read the text of ``cardgen.yaml``; raises ConfigError with all that is wrong in it."""
    try:
        raw = parse_yaml(text)
    except UnsafeYaml as error:
        raise ConfigError(f"{CONFIG_NAME}:{error.line}: {error.message}", error.hint) from None
    if raw is None:
        return Settings()
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{CONFIG_NAME} is no list of 'key: value' lines.", "Correct it.")
    try:
        return Settings.model_validate({key: v for key, v in raw.items() if v is not None})
    except ValidationError as error:
        found = "; ".join(
            f"'{'.'.join(map(str, d['loc']))}' {_describe(d['type'], d['msg'])}"
            for d in error.errors(include_url=False)
        )
        raise ConfigError(f"{CONFIG_NAME}: {found}.", "Correct these settings.") from None


def _describe(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is no setting"
    message = message.removeprefix("Value error, ").replace("Input should be", "should be")
    return message[:1].lower() + message[1:]
