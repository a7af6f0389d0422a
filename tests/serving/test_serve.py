"""`python -m tfrun serve`: the exported bytes behind MLflow's scoring server, and nothing left when it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import tfrun
from tests.serving.runs import finished_run
from tests.started import Started
from tfrun.config.problems import RunError
from tfrun.serving.scoring import listening


def address(process: Started) -> str:
    """Once it takes requests."""
    process.until(lambda: "Ctrl-C ends it" in process.out)
    line = next(line for line in process.out.splitlines() if "POST" in line)
    return line.split()[1].rstrip(",").removesuffix("/invocations")


def posted(url: str, content: dict) -> dict:
    request = urllib.request.Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_as_the_contract_says_and_ends_without_a_trace(exported, tmp_path, number):
    with Started(tmp_path, "serve", exported, "--port", "0") as process:
        url = address(process)
        example = json.loads((exported / "exports/contract.json").read_text())["example"]
        answer = posted(f"{url}/invocations", example["request"])["predictions"]["probabilities"]
        assert answer[0] == pytest.approx(example["response"]["predictions"][0], abs=1e-5)
        assert url.startswith("http://127.0.0.1:") and urllib.request.urlopen(f"{url}/ping", timeout=60).status == 200
        assert process.children == [], "no process that could be left behind"
        code, out, err = process.send(number)
    assert (code, err) == (0, "") and out.splitlines()[-1] == "stopped     nothing is left running"
    assert os.listdir(tmp_path) == [], "no store of MLflow's, no scratch"


@pytest.mark.parametrize(
    ("about", "code", "message"),
    [({"blessed": False}, 3, "is not blessed (test accuracy 0.5"), ({"status": "failed"}, 1, "did not finish")],
)
def test_what_did_not_pass_is_refused(tmp_path, about, code, message):
    done = tfrun(tmp_path, "serve", finished_run(tmp_path / "run", **about), "--port", "0")
    assert done.code == code and message in done.err and done.err.count("\n") == 1


def test_damage_is_one_line_and_may_be_tried_anyway(exported, tmp_path):
    run = Path(shutil.copytree(exported, tmp_path / "run"))
    (run / "exports/saved_model/saved_model.pb").write_bytes(b"grapf")
    done = tfrun(tmp_path, "serve", run, "--port", "0")
    assert done.code == 1 and "is not what was measured" in done.err and done.err.count("\n") == 1
    done = tfrun(tmp_path, "serve", run, "--port", "0", "--anyway")
    assert done.code == 1 and "exports/saved_model: cannot be loaded (" in done.err and done.err.count("\n") == 1
    (run / "exports/contract.json").write_text('{"signatures')
    done = tfrun(tmp_path, "serve", run, "--port", "0", "--anyway")
    assert done.code == 1 and "exports/contract.json: is no contract (" in done.err and done.err.count("\n") == 1


def test_a_port_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            RunError, match=rf"127.0.0.1:{port}: cannot be listened on \(Address already in use\); choose another --port"
        ):
            listening("127.0.0.1", port)
