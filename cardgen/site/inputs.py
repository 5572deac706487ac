"""What went into an experiment, as its page shows it: models, data and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from cardgen.facts import Fact, Facts
from cardgen.measures import same_value
from cardgen.models import Dataset, Model
from cardgen.site import links
from cardgen.site.markup import format_param
from cardgen.site.numbers import MISSING, format_full
from cardgen.site.places import Places
from cardgen.site.shown import Shower
from cardgen.versions import Registered

_FIRST_PARAMS = 12
_SHORT_PARAMS = 16
_COMMIT = 10
_TELLING_NAMES = """
learning_rate lr base_lr init_lr batch_size train_batch_size per_device_train_batch_size
gradient_accumulation_steps num_train_epochs epochs num_epochs max_epochs max_steps optimizer
optim weight_decay warmup_steps warmup_ratio lr_scheduler_type scheduler dropout
max_seq_length max_length max_source_length hidden_size hidden_dim num_layers seed
"""
_TELLING = _TELLING_NAMES.split()
# What trackers call the same use of data.
_CONTEXTS = {
    "train": "train", "training": "train", "eval": "eval", "evaluation": "eval", "dev": "eval",
    "validation": "eval", "test": "test", "testing": "test",
}  # fmt: skip


def list_things(facts: Facts, shower: Shower) -> list[dict[str, Any]]:
    """The model that was started from, the data, and the models that resulted."""
    labels, start = shower.labels, facts.model
    models = (start, *start.others) if start else ()
    rows = [_describe_model(labels["model_start"], fact, shower) for fact in models]
    rows += [_describe_dataset(fact, shower) for fact in facts.data]
    rows += [_describe_model(labels["model_output"], fact, shower) for fact in facts.output]
    return rows


def _describe_model(role: str, fact: Fact[Model], shower: Shower) -> dict[str, Any]:
    model, places = fact.value, shower.places
    row = _describe(role, fact, places.link_model(model), model.kind, shower)
    registered = places.find(model)
    stages = registered.stages if registered else ()
    row["aliases"] = list(dict.fromkeys((*model.aliases, *stages)))
    if registered:
        row["more"] += _describe_registered(model, registered, places, shower)
    return row


def _describe_registered(
    model: Model, registered: Registered, places: Places, shower: Shower
) -> list[tuple[str, str, str]]:
    """What the project's tags say of a version beyond what the card says."""
    labels = shower.labels
    commit = links.commit_url(places.repository, registered.commit)
    version = [] if model.version else [(labels["detail_version"], registered.version, "")]
    withdrawn = [(labels["detail_registry"], labels["withdrawn"], "")]
    return [
        *version,
        (labels["source_commit"], registered.commit[:_COMMIT], commit),
        *(withdrawn if registered.withdrawn else ()),
    ]


def _describe_dataset(fact: Fact[Dataset], shower: Shower) -> dict[str, Any]:
    context, labels = fact.value.context, shower.labels
    known = _CONTEXTS.get(context.casefold())
    label = labels[f"data_{known}"] if known else context
    role = f"{labels['data']} · {label}" if label else labels["data"]
    return _describe(role, fact, shower.places.link_dataset(fact.value), "", shower)


def _describe(role: str, fact: Fact[Any], url: str, kind: str, shower: Shower) -> dict[str, Any]:
    value, labels = fact.value, shower.labels
    name = value.name or value.path or value.url or value.digest or kind
    more = (
        ("version", value.version),
        ("kind", kind),
        ("digest", value.digest),
        ("path", value.path),
        ("address", "" if url or value.url.startswith("http") else value.url),
    )
    return {
        "role": role,
        "shown": shower.show(fact, name, url),
        "aliases": [],
        "more": [
            (labels[f"detail_{key}"], text, "") for key, text in more if text and text != name
        ],
    }


def list_params(facts: Facts, base: Facts | None, shower: Shower) -> dict[str, Any] | None:
    """Parameters: the most telling first where they are many, beside what the baseline has."""
    names = list(facts.params)
    if not names:
        return None
    changed = _find_changed(facts, base)
    if len(names) > _SHORT_PARAMS:
        names.sort(key=lambda name: (_rank(name, facts.params[name], changed), name))
    cut = len(names) if len(names) <= _SHORT_PARAMS else _FIRST_PARAMS
    return {
        "first": _format_params(names[:cut], facts, changed, shower),
        "rest": _format_params(sorted(names[cut:]), facts, changed, shower),
        "baseline": base.code if base and changed else "",
        "more": shower.labels["more_params"].format(len(names) - cut),
    }


def _format_params(
    names: Iterable[str], facts: Facts, changed: Mapping[str, str], shower: Shower
) -> Markup:
    rows = (
        format_param(
            name, shower.show_all(facts.params[name]), changed.get(name), compared=bool(changed)
        )
        for name in names
    )
    return Markup("".join(rows))  # noqa: S704  # rows escape their values


def _find_changed(facts: Facts, base: Facts | None) -> dict[str, str]:
    """What the baseline has for each parameter that differs from it; a dash for none."""
    if base is None or base.code == facts.code or not base.params:
        return {}
    changed = {}
    for name, fact in facts.params.items():
        other = base.params.get(name)
        if other is None or not same_value(other.value, fact.value):
            changed[name] = MISSING if other is None else format_full(other.value)
    return changed


def _rank(name: str, fact: Fact[Any], changed: Mapping[str, str]) -> int:
    """Parameters that a person wrote, that runs differ in, that changed, that are well known."""
    if fact.origin.written or fact.others:
        return 0
    if name in changed:
        return 1
    short = name.rpartition("/")[2].casefold()
    return 2 + (_TELLING.index(short) if short in _TELLING else len(_TELLING))
