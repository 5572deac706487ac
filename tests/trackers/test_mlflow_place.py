"""Which servers are asked, and what they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardgen.errors import TrackerError
from cardgen.models import TrackerConfig
from cardgen.trackers._address import Server, make_basic
from cardgen.trackers.mlflow.place import parse_place

URL = "https://mlflow.example.org"
TOKEN = {"MLFLOW_TRACKING_TOKEN": "t0ken"}


def parse(text: str, options: dict[str, object] | None = None, **environ: str) -> Server:
    config = TrackerConfig(Path("/nowhere"), options or {}, environ)
    store = parse_place(text, config).store
    assert isinstance(store, Server)
    return store


def test_a_server_that_nobody_named_is_not_asked() -> None:
    for text in (URL, "http://169.254.169.254/latest", "http://localhost.example.org"):
        with pytest.raises(TrackerError, match="is no server that this project knows") as caught:
            parse(text, **TOKEN)
        assert "servers" in caught.value.hint


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        ({"uri": URL}, {}),
        ({"servers": [URL + ":443/ui", 7]}, {}),
        ({"servers": URL}, {}),
        ({}, {"MLFLOW_TRACKING_URI": f"{URL}/other"}),
    ],
)
def test_a_server_that_was_named_is_asked(
    options: dict[str, object], environ: dict[str, str]
) -> None:
    assert parse(f"{URL}/mlflow/", options, **environ).url == f"{URL}/mlflow"


def test_this_machine_may_be_asked_without_a_token() -> None:
    for text in ("http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000"):
        assert parse(text, **TOKEN).authorization == ""


@pytest.mark.parametrize(
    ("environ", "authorization"),
    [
        (TOKEN, "Bearer t0ken"),
        ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "x:y", **TOKEN},
         make_basic("ada", "x:y")),
        ({"MLFLOW_TRACKING_USERNAME": "ada"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_proof_goes_to_the_server_that_is_named(
    environ: dict[str, str], authorization: str
) -> None:
    for named in ({"MLFLOW_TRACKING_URI": URL}, {}):
        options: dict[str, object] = {} if named else {"uri": URL}
        assert parse(URL, options, **named, **environ).authorization == authorization


def test_the_proof_goes_to_no_other_server() -> None:
    options: dict[str, object] = {
        "servers": ["https://b.example.org"],
        "uri": "https://c.example.org",
    }
    for text in ("https://b.example.org", "https://c.example.org", "http://localhost:1"):
        assert parse(text, options, MLFLOW_TRACKING_URI=URL, **TOKEN).authorization == ""
    http = URL.replace("https", "http")
    with pytest.raises(TrackerError, match="is no server that this project knows"):
        parse(http, MLFLOW_TRACKING_URI=URL, **TOKEN)


def test_a_password_in_a_card_is_refused() -> None:
    for options in ({}, {"uri": "https://ada:secret@mlflow.example.org"}):
        with pytest.raises(TrackerError, match="holds a password") as caught:
            parse("https://ada:secret@mlflow.example.org", options)
        assert "secret" not in str(caught.value)
        assert "MLFLOW_TRACKING_PASSWORD" in caught.value.hint


def test_certificates_and_workspace_as_mlflow_has_them() -> None:
    named = {"MLFLOW_TRACKING_URI": URL}
    assert parse(URL, **named).verify is True
    assert parse(URL, **named, MLFLOW_TRACKING_SERVER_CERT_PATH="/ca.pem").verify == "/ca.pem"
    assert parse(URL, **named, MLFLOW_TRACKING_INSECURE_TLS="true").verify is False
    assert parse(URL, **named, MLFLOW_WORKSPACE="nlp").headers == {"X-MLFLOW-WORKSPACE": "nlp"}
