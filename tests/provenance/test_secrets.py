"""Secrets are masked in what is written, and config.yaml still gives the same experiment."""

import pytest
import yaml

from tfrun.config.load import load_file
from tfrun.config.problems import ConfigError
from tfrun.provenance.secrets import is_secret_name, masked, masked_values, referring, resolved
from tfrun.record.record import config_text


def unset(monkeypatch, *names: str) -> None:
    """Also what the test itself will set is gone after it."""
    for name in names:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "name", ["password", "db_password", "HF_TOKEN", "apiKey", "aws_secret_access_key", "api-key", "auth.token"]
)
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["tokens", "max_tokens", "tokenizer", "token_count", "password_file", "key", "keyboard", "label"]
)
def test_names_of_other_things(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://joe:pw@db.example/x", "postgresql://***@db.example/x"),
        ("https://example.org/a?token=abc&rows=3", "https://example.org/a?token=***&rows=3"),
        ("run --password=abc --epochs=3", "run --password=*** --epochs=3"),
        ('+API_KEY = "abc"', '+API_KEY = "***"'),
        ('  "client_secret": "abc", "rows": 3', '  "client_secret": "***", "rows": 3'),
        ("Authorization: Bearer abc.def", "Authorization: *** ***"),
        ("max_tokens=3 tokenizer=bert", "max_tokens=3 tokenizer=bert"),
        ("https://tfhub.dev/google/x/2", "https://tfhub.dev/google/x/2"),
        ("unexpected token: '<'", "unexpected token: '<'"),
    ],
)
def test_text_is_masked_where_it_tells_a_secret_and_only_there(text, shown):
    assert masked(text) == shown and masked(shown) == shown


def test_the_value_of_a_secret_variable_is_masked_wherever_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("MY_TOKEN", "abcdefgh")
    monkeypatch.setenv("CREDENTIALS", str(tmp_path))
    assert masked("got abcdefgh from the server") == "got *** from the server"
    assert masked(f"in {tmp_path}") == f"in {tmp_path}", "a path is no secret"
    assert masked_values({"a": ["abcdefgh", 3], "password": "x", "rows": None}) == {
        "a": ["***", 3],
        "password": "***",
        "rows": None,
    }


def test_a_config_refers_to_the_variable_that_has_the_secret_or_gets_one(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "abcdefgh")
    unset(monkeypatch, "TFRUN_SECRET_TRACKING_URI")
    config = {"a": "x abcdefgh", "tracking": {"uri": "https://joe:pw@h/", "timeout": 3}, "b": ["plain"]}
    written = referring(config)
    assert written["a"] == "x ${oc.env:MY_TOKEN}"
    assert written["tracking"] == {"uri": "https://${oc.env:TFRUN_SECRET_TRACKING_URI}@h/", "timeout": 3}
    assert referring(written) == written and referring(config) == written
    assert resolved(written) == config
    monkeypatch.delenv("TFRUN_SECRET_TRACKING_URI")
    with pytest.raises(
        ConfigError, match="tracking.uri: is kept in the environment variable TFRUN_SECRET_TRACKING_URI, which is not"
    ):
        resolved(written)


def test_two_secrets_of_one_key_get_two_variables(monkeypatch):
    unset(monkeypatch, "TFRUN_SECRET_U", "TFRUN_SECRET_U_2")
    config = {"u": "https://longuser:pw@h/?token=abc"}
    assert resolved(referring(config)) == config and "abc" not in str(referring(config))


def test_an_experiment_with_a_secret_comes_back_the_same(small, tmp_path, monkeypatch):
    from tfrun.tracking.mlflow import MLflow

    unset(monkeypatch, "TFRUN_SECRET_TRACKING_URI")
    experiment = small.model_copy(update={"tracking": MLflow(uri="https://joe:pw@h/")})
    (tmp_path / "config.yaml").write_text(config_text(experiment))
    assert "joe:pw" not in config_text(experiment) and load_file(tmp_path / "config.yaml") == experiment
    assert yaml.safe_load(config_text(small))["backbone"]["handle"] == small.backbone.handle


def test_what_libraries_write_to_the_log_is_masked_when_it_is_closed(small, tmp_path):
    from tfrun.record import Record
    from tfrun.record.console import Console

    record = Record.open(small, tmp_path / "run", Console(quiet=True))
    with record.log_path.open("ab") as log:
        log.write(b"\xff raw https://joe:pw@h/ from a library\n")
    record.log("own https://joe:pw@h/")
    record.close()
    content = record.log_path.read_bytes()
    assert b"\xff raw https://***@h/ from a library\n" in content and b"own https://***@h/" in content
