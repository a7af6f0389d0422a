"""`python -m tfrun probe` against a server of a real model."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.conftest import tfrun
from tests.serving.conftest import serving
from tfrun.cli.probe import main
from tfrun.config.problems import ConfigError, RunError
from tfrun.serving.repository import Repository


@pytest.fixture(scope="session")
def contract(exported) -> Path:
    return exported / "exports/contract.json"


def changed(contract: Path, folder: Path, change) -> Path:
    content = json.loads(contract.read_text())
    change(content)
    (folder / "contract.json").write_text(json.dumps(content))
    return folder / "contract.json"


def test_it_tells_state_answers_and_speed_by_both_ways(served, contract, tmp_path):
    done = tfrun(
        tmp_path, "probe", served.url("/labels/stable"), "--grpc", served.grpc_address, "--contract", contract,
        "--rows", 3, "--seconds", 0.5, "--connections", 2,
    )  # fmt: skip
    assert done.code == 0 and not done.err
    for way in ("REST", "gRPC"):
        assert f"status      {way}: version 1 AVAILABLE\n" in done.out
        assert f"answer      {way}, serving_default: largest difference" in done.out
        assert f"load        {way}: " in done.out
    assert done.out.count("of 3 row(s) through 2 connection(s), p50 ") == 2


def test_without_a_contract_it_tells_what_is_there(served, capsys):
    assert main([served.url()]) == 0
    out = capsys.readouterr().out
    assert "status      REST: version 1 AVAILABLE, version 2 AVAILABLE" in out and "not compared" in out


def test_the_contract_travels_with_the_version(served, capsys):
    path = served.repository / "shoes/2/assets.extra/contract.json"
    assert main([served.url("/versions/2"), "--grpc", served.grpc_address, "--contract", str(path), "--seconds", "0"]) == 0
    assert capsys.readouterr().out.count("largest difference") == 2


def test_other_answers_are_found(served, contract, tmp_path):
    def other(content):
        content["example"]["response"]["predictions"][0][0] += 0.01

    wrong = changed(contract, tmp_path, other)
    with pytest.raises(RunError) as caught:
        main([served.url(), "--grpc", served.grpc_address, "--contract", str(wrong)])
    assert [
        str(problem).count("differs by 0.01 from the recorded answer, more than 0.0001") for problem in caught.value.problems
    ] == [1, 1]
    assert main([served.url(), "--contract", str(wrong), "--tolerance", "0.02", "--seconds", "0"]) == 0


def test_another_signature_is_found(served, contract, tmp_path):
    def other(content):
        content["signatures"]["serving_default"]["inputs"][0]["dtype"] = "float32"

    with pytest.raises(RunError, match=r"signature serving_default is .*DT_UINT8.*, and .*DT_FLOAT.* in the contract"):
        main([served.url(), "--contract", str(changed(contract, tmp_path, other))])


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("/labels/beta", r"answers 404 to GET /v1/models/shoes/labels/beta \(Unrecognized servable version label: beta\)"),
        ("/versions/9", r"answers 404 .*Servable not found for request: Specific\(shoes, 9\)"),
    ],
)
def test_what_the_server_does_not_have(served, rest, message):
    with pytest.raises(RunError, match=message) as caught:
        main([served.url(rest), "--grpc", served.grpc_address])
    assert len(caught.value.problems) == 2 and "NOT_FOUND" in str(caught.value.problems[1])


def test_a_server_that_is_away_or_silent(served, contract, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = tfrun(tmp_path, "probe", f"http://127.0.0.1:{port}/v1/models/shoes", "--grpc", f"127.0.0.1:{port}")
        assert done.code == 1 and done.err.count("cannot be reached") == 2 == done.err.count("\n")
        taken.listen()  # takes calls, and never answers
        with pytest.raises(RunError, match=r"cannot be reached .timed out"):
            main([f"http://127.0.0.1:{port}/v1/models/shoes", "--timeout", "0.2"])


class Other(BaseHTTPRequestHandler):
    """Some other server."""

    content = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_):
        """Silent."""


@pytest.mark.parametrize(
    "content", [b"<html>hello</html>", b"[]", b'{"model_version_status": 3}', b'{"model_version_status": [{"ver']
)
def test_a_server_of_something_else(content, monkeypatch):
    monkeypatch.setattr(Other, "content", content)
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(RunError, match=r"is not TensorFlow Serving's .*; is it such a server") as caught:
            main([f"http://127.0.0.1:{server.server_port}/v1/models/shoes"])
        server.shutdown()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"signatures": {"a": {}}, "example": 3}', '{"signatures"'])
def test_a_damaged_contract_is_one_line(tmp_path, content):
    (tmp_path / "contract.json").write_text(content)
    with pytest.raises(RunError, match=r"contract.json: is no contract \(.*\); name the run's") as caught:
        main(["http://127.0.0.1:1/v1/models/shoes", "--contract", str(tmp_path / "contract.json")])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["shoes", "http://127.0.0.1:8501", "ftp://127.0.0.1/v1/models/shoes", "http://127.0.0.1:x/v1/models/a"]
)
def test_what_is_no_such_url(url):
    with pytest.raises(ConfigError, match="must look like http://HOST:PORT/v1/models/NAME"):
        main([url])


def test_labels_follow_promote_and_rollback(served, contract, capsys):
    """The server reads the repository's config: what `promote` and `rollback` do is what it serves."""

    def stable() -> str:
        main([served.url("/labels/stable"), "--seconds", "0"])
        return capsys.readouterr().out.partition("\n")[0]

    repository = Repository(served.repository)
    assert stable() == "status      REST: version 1 AVAILABLE"
    repository.promote("shoes")
    assert stable() == "status      REST: version 2 AVAILABLE"
    repository.rollback("shoes")
    assert stable() == "status      REST: version 1 AVAILABLE"


def test_a_server_of_one_label_answers_with_it_also_when_none_is_asked_for(served, capsys):
    with serving(served.repository, "shoes/stable.config") as track:
        assert main([track.url(), "--seconds", "0"]) == 0
    assert "status      REST: version 1 AVAILABLE\n" in capsys.readouterr().out
