"""What went into an experiment, as its page shows it: models, data and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from cardgen.facts import Fact, Facts
from cardgen.measures import same_value
from cardgen.models import Dataset, Model
from cardgen.repositories import commit_url
from cardgen.site.markup import format_param
from cardgen.site.numbers import MISSING, format_full
from cardgen.site.places import Places
from cardgen.site.shown import Shower, Shown
from cardgen.versions import Registered

_FIRST_PARAMS = 12
_SHORT_PARAMS = 16
_MOST_GONE = 40
_MOST_TOLD = 4
_LONG = 48
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
    commit = commit_url(places.repository, registered.commit)
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


def list_params(
    facts: Facts, base: Facts | None, changed: Mapping[str, str], shower: Shower
) -> dict[str, Any] | None:
    """Parameters: those that differ from the baseline first, then the most telling ones.

    ``changed`` is what ``find_changed`` says. None where the card has no parameters.
    """
    if not facts.params:
        return None
    names = [*facts.params, *(name for name in changed if name not in facts.params)]
    if len(names) > _SHORT_PARAMS:
        names.sort(key=lambda name: (_rank(name, facts.params.get(name), changed), name))
    else:
        names.sort(key=lambda name: name not in changed)
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
            name,
            shower.show_all(facts.params[name]) if name in facts.params else [Shown(MISSING)],
            changed.get(name),
            compared=bool(changed),
        )
        for name in names
    )
    return Markup("".join(rows))  # noqa: S704  # rows escape their values


def find_changed(facts: Facts, base: Facts | None) -> dict[str, str]:
    """What the baseline has for each parameter that differs from it; a dash for none.

    Of parameters that the baseline alone has as many as a page can show.
    """
    if base is None or base.code == facts.code or not (base.params and facts.params):
        return {}
    changed = {}
    for name, fact in facts.params.items():
        other = base.params.get(name)
        if other is None or not same_value(other.value, fact.value):
            changed[name] = MISSING if other is None else format_full(other.value)
    gone = [name for name in base.params if name not in facts.params]
    return changed | {name: format_full(base.params[name].value) for name in gone[:_MOST_GONE]}


def name_changes(facts: Facts, changed: Mapping[str, str]) -> dict[str, Any]:
    """The changed parameters that tell most, each with its value before and now."""
    names = sorted(changed, key=lambda name: _rank(name, facts.params.get(name), {}))
    values = (facts.params.get(name) for name in names)
    told = [
        (name, changed[name], MISSING if fact is None else format_full(fact.value))
        for name, fact in zip(names, values, strict=True)
    ]
    return {
        "items": [(name, _cut(before), _cut(now)) for name, before, now in told[:_MOST_TOLD]],
        "more": max(0, len(told) - _MOST_TOLD),
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _rank(name: str, fact: Fact[Any] | None, changed: Mapping[str, str]) -> int:
    """Parameters that changed, that a person wrote or runs differ in, that are well known."""
    if name in changed:
        return 0
    if fact is not None and (fact.origin.written or fact.others):
        return 1
    short = name.rpartition("/")[2].casefold()
    return 2 + (_TELLING.index(short) if short in _TELLING else len(_TELLING))
