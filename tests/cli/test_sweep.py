"""Hydra's own multirun: one run directory a trial, all beside each other."""

import json

from tests.conftest import tfrun


def test_each_value_is_a_run_of_its_own(tmp_path, module):
    arguments = [
        "-m", "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[]", "gate=none", "tracking=none",
    ]  # fmt: skip
    done = tfrun(tmp_path, *arguments, "optimizer.learning_rate=0.001,0.1")
    assert done.code == 0, done.err
    results = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("runs/quickstart/*/*/result.json"))]
    assert [result["status"] for result in results] == ["done", "done"]
    assert "trial 0: " in done.out and "optimizer.learning_rate=0.1" in done.out
    assert results[0]["weights_sha256"] != results[1]["weights_sha256"]


def test_a_value_of_a_sweep_that_is_wrong_is_told_before_the_first_trial(tmp_path):
    done = tfrun(tmp_path, "-m", "+experiment=quickstart", "optimizer.learning_rate=0.1,-1", "head=linear,mpl")
    assert done.code == 2 and "optimizer.learning_rate = -1" in done.err and "did you mean 'mlp'?" in done.err
    assert list(tmp_path.iterdir()) == []
