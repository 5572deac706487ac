from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cardgen import detector, masking
from cardgen.masking import count_masked, mask_run, mask_text
from cardgen.models import Command, Dataset, Environment, Metric, Model, Run, RunFile, Source
from cardgen.safeyaml import parse_yaml
from cardgen.tokens import _SHAPE, _mask_shape, find_shape, mask_shapes

WORDS = (
    *(
        "pass",
        "PAT",
        "token",
        "api_key",
        "secret",
        "login",
        "sshpass -p",
        "Authorization",
        "bearer",
    ),
    *("-u", "user", "--hub-token", "=", ":", ":=", " => ", '"', "'", "\\", " ", "   ", "\n", "é"),
    *("x1f9Q2mZ7pL0aR4tW8c", "hunter2", "machine a login b password", "config set", ".", "bearer"),
)
DATA = Path(__file__).parent / "data" / "masking"
SECRETS: list[dict[str, Any]] = parse_yaml((DATA / "secrets.yaml").read_text(encoding="utf-8"))
LOOKALIKES: list[dict[str, Any]] = parse_yaml(
    (DATA / "lookalikes.yaml").read_text(encoding="utf-8")
)


def plant(case: dict[str, Any]) -> tuple[str, str]:
    """The secret, and the text that it stands in (empty: it is a param's value)."""
    secret = "".join(case["secret"])
    text = case.get("text", "").replace("{{", "{").replace("}}", "}")
    return secret, text.replace("{}", secret)


def make_run(**fields: Any) -> Run:
    return Run(ref="mlflow:1", tracker="mlflow", **fields)


def describe(case: dict[str, Any]) -> str:
    return str(case.get("text") or case["key"])


@pytest.mark.parametrize("case", SECRETS, ids=describe)
def test_a_planted_secret_is_masked(case: dict[str, Any]) -> None:
    secret, text = plant(case)
    mark = f"«masked: {case['kind']}»"
    if text:
        masked = mask_text(text)
        assert secret not in masked
        assert mark in masked
        before, after = case["text"].replace("{{", "{").replace("}}", "}").split("{}")
        if case["kind"] != "url-credentials":
            assert masked == before + mark + after or case["kind"] == "private-key"
        as_param = mask_run(make_run(params={"command": text}))
        assert as_param.params == {"command": masked}
    else:
        run = mask_run(make_run(params={case["key"]: secret}, tags={case["key"]: secret}))
        assert run.params == run.tags == {case["key"]: mark}
        assert count_masked(run).total() == 2


@pytest.mark.parametrize("case", LOOKALIKES, ids=describe)
def test_a_look_alike_stays(case: dict[str, Any]) -> None:
    if "text" in case:
        assert mask_text(case["text"]) == case["text"]
        return
    run = make_run(params={case["key"]: case["value"]})
    assert mask_run(run) is run
    assert count_masked(run).total() == 0


def test_there_are_enough_cases_to_mean_something() -> None:
    assert len(SECRETS) >= 50
    assert len(LOOKALIKES) >= 60


def test_of_an_address_only_the_user_is_masked() -> None:
    text = "git+https://bob:" + "hunter2@git.example.com:8443/org/repo.git@main?x=1#egg=y"
    assert mask_text(text) == (
        "git+https://«masked: url-credentials»@git.example.com:8443/org/repo.git@main?x=1#egg=y"
    )


def test_every_field_that_a_person_or_a_tracker_fills_is_looked_at() -> None:
    token = "hf" + "_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"
    url = "https://u:" + "pw12345@example.com/x"
    run = make_run(
        name=token,
        experiment=token,
        author=token,
        url=url,
        description=f"see {token}",
        tags={"note": token},
        commands=(Command(line=f"python t.py --hub_token {token}"),),
        source=Source(repository=url, branch=token, commit="3f786850e387550f"),
        params={"nested": {"list": [token, {"db_password": "x9"}]}},
        model=Model(name="m", url=url),
        data=(Dataset(name="d", path=url),),
        output=(Model(name="o", url=url),),
        environment=Environment(host=token, packages={"p": f"git+{url}"}),
        files=(RunFile(path=f"a/{token}", size=1),),
    )
    masked = mask_run(run)
    text = masked.model_dump_json()
    assert token not in text
    assert "pw12345" not in text
    assert count_masked(masked).total() == 17
    assert masked.source is not None
    assert masked.source.commit == "3f786850e387550f"
    assert masked.params == {
        "nested": {"list": ["«masked: hf-token»", {"db_password": "«masked: password»"}]}
    }


def test_what_names_or_measures_stays_as_it_is() -> None:
    run = Run(
        ref="mlflow:" + "hf" + "_" + "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh",
        tracker="mlflow",
        metrics={"auth_token": Metric(value=0.5, step=1)},
    )
    assert mask_run(run) is run


def test_names_that_the_settings_exempt_stay() -> None:
    run = make_run(
        params={"storage_key": "Zm9v" + "YmFyM2JhejRxdXV4NQ==", "model/api-key": "plain99text"},
        commands=(Command(line="t.py --api-key plain99text --token-x y"),),
    )
    assert count_masked(mask_run(run)).total() == 3
    assert mask_run(run, frozenset({"STORAGE_KEY", "api_key"})) is run


def test_numbers_are_secrets_beside_password_alone() -> None:
    run = make_run(params={"password": 123456, "max_tokens": 123456, "api_key": 7})
    assert mask_run(run).params == {
        "password": "«masked: password»",
        "max_tokens": 123456,
        "api_key": 7,
    }


def test_an_argument_after_its_flag_in_a_list_is_masked() -> None:
    argv = ["train.py", "--password", "hunt" + "er2x", "--lr", "0.1"]
    masked = mask_run(make_run(params={"argv": argv})).params["argv"]
    assert masked == ["train.py", "--password", "«masked: password»", "--lr", "0.1"]
    assert argv[2] == "hunt" + "er2x"


@given(st.lists(st.sampled_from([plant(c)[1] or plant(c)[0] for c in SECRETS]), max_size=3))
def test_masking_twice_changes_nothing(texts: list[str]) -> None:
    once = mask_text(" ".join(texts))
    assert mask_text(once) == once


PIECES = st.sampled_from(
    "password|token|TOKEN=|=|: | |--|«masked: |»|\"|'|\\|://|@|:|api_key|Bearer |-u |login |\n|&|?"
    f"|hf_{'A1' * 20}|x9y8z7w6v5u4t3s2".split("|")
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join))
@example("-u a:" + "b «masked: password»")
@example('password=""')
def test_any_text_is_masked_without_a_fault_and_once_for_all(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | PIECES | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PIECES, inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_params_are_masked_without_a_fault_and_once_for_all(value: Any) -> None:
    run = make_run(params={"a": value, "password": value})
    once = mask_run(run)
    assert mask_run(once) is once
    assert mask_run(run) == once or "nan" in repr(run.params)


def test_masking_asks_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for case in SECRETS:
        mask_text(" ".join(plant(case)))


@pytest.mark.parametrize(
    ("kind", "text", "secret"),
    [
        ("softlayer-credentials", "https://api.softlayer.com/soap/v3.1/{}", "a7" * 32),
        (
            "artifactory-credentials",
            "pip from art.example.com as ci with {}",
            "AP6" + "xY7wQ2mN9bV4tR",
        ),
        ("artifactory-credentials", "--index {}", "AP8" + "Kq3Zt5Lw1Bv9Xc2"),
    ],
)
def test_shapes_that_only_the_base_knows_are_masked(kind: str, text: str, secret: str) -> None:
    assert not find_shape(secret)
    assert mask_text(text.format(secret)) == text.format(f"«masked: {kind}»")


@pytest.mark.parametrize(
    "text",
    [
        "license APACHE2LICENSE, data APE210KMATH",
        "NetworkOfManySmallModules_v2.config.the_default_configuration_of_it",
        "digest 9fAC0123456789abcdef0123456789abcdef0123",
        "10.0.0.12:8080 and 93.184.216.34",
        "https://user:$TOKEN@git.example.com/org/repo",
    ],
)
def test_what_only_resembles_a_shape_of_the_base_stays(text: str) -> None:
    assert mask_text(text) == text


def test_the_base_is_loaded_for_what_may_be_a_token_and_no_earlier() -> None:
    code = (
        "import sys, cardgen.masking as m; found = [];"
        "[(m.mask_text(text), found.append('detect_secrets' in sys.modules)) for text in"
        " ('python train.py', 'mlflow:0123456789abcdef0123456789abcdef', 'PuTTY-User-Key-File-2')];"
        "print(*found)"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ
    )
    assert result.stdout.strip() == "False False True"


def test_every_pattern_of_the_base_has_its_signs() -> None:
    patterns = [
        (type(plugin).__name__, pattern.pattern, pattern.flags)
        for plugin in list_plugins()
        for pattern in plugin.denylist
    ]
    assert {name for name, _, _ in patterns} == set(detector._SIGNS)
    digest = blake2b(repr(patterns).encode(), digest_size=8).hexdigest()
    # Other patterns: see that _SIGNS holds for them, then renew this and _VERSION.
    assert (digest, detector._VERSION) == ("c994afc27bc1a8f4", version("detect-secrets"))


def list_plugins() -> list[Any]:
    return [one.detect.__self__ for one in detector._load_detectors()]  # type: ignore[attr-defined]


PATTERNS = [pattern for plugin in list_plugins() for pattern in plugin.denylist]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.pattern[:30])
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_no_token_of_the_base_is_passed_over(pattern: re.Pattern[str], data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern))
    found = list(detector.find_known(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detector, "_fits", lambda: False)
        assert list(detector.find_known(text)) == found


@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_a_pattern_that_is_not_tried_would_have_changed_nothing(text: str) -> None:
    masked = mask_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masking, "_is_assigned", lambda text: True)
        patch.setattr(masking, "_SPOKEN_WORDS", ("",))
        patch.setattr(masking, "_HEADER_WORDS", ("",))
        assert mask_text(text) == masked


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                (
                    *("hf_", "glpat-", "xoxb-", "AKIA", "eyJ", "SG.", "123456789:AA"),
                    *("wandb login ", "https://hooks.slack.com/services/", "AccountKey="),
                    *(" ", "\n", "\u00a0", "é", "-----BEGIN RSA PRIVATE KEY-----\n"),
                )
            ),
            st.text("abcdef0123456789ABCDEF_-./+=", max_size=45),
        ),
        max_size=6,
    )
)
def test_looking_at_long_words_alone_misses_no_shape(parts: list[tuple[str, str]]) -> None:
    text = "".join(head + tail for head, tail in parts)
    assert mask_shapes(text) == _SHAPE.sub(_mask_shape, text)
