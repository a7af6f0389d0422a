"""`compare` of two runs on the same test rows: what differs for certain, and what may be chance."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.conftest import tfrun
from tfrun.provenance.files import answers
from tfrun.record.significance import differences

TITLE = "auc minus the first run's, on the same test rows"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A good model in `good`, one that has hardly learned in `bad`."""
    folder = tmp_path_factory.mktemp("runs")
    common = ("+experiment=flights", "export=[]", "gate=none", "tracking=none", "evaluation.slices=[carrier]")
    for name, more in (("good", "training.epochs=4"), ("bad", "optimizer.learning_rate=1e-6")):
        done = tfrun(folder, *common, "training.epochs=1", more, f"hydra.run.dir={name}")
        assert done.code == 0, done.err
    return folder


def test_what_is_worse_for_certain_is_told_of_all_rows_and_of_slices(runs):
    done = tfrun(runs, "compare", "good", "bad", "--format", "json")
    assert done.code == 0, done.err
    table = json.loads(done.out)["tables"][TITLE]
    good, bad = (json.loads((runs / name / "result.json").read_text())["metrics"]["test"]["auc"] for name in ("good", "bad"))
    whole = table["all rows"]
    assert whole[0] is None and whole[1]["value"] == pytest.approx(bad - good, abs=1e-6)
    assert whole[1]["low"] < whole[1]["value"] < whole[1]["high"] < 0 and whole[1]["certain"]
    slices = [name for name in table if name.startswith("carrier ")]
    assert slices and any(table[name][1] is not None for name in slices)
    shown = tfrun(runs, "compare", "good", "bad")
    assert "certain" in shown.out and TITLE in shown.out


def test_the_same_answers_differ_by_nothing(runs, tmp_path):
    copy = shutil.copytree(runs / "good", tmp_path / "copy")
    (whole,) = differences([runs / "good", copy], "auc")["all rows"]
    assert (whole.value, whole.low, whole.high, whole.certain) == (0, 0, 0, False)


def test_two_models_that_are_equally_good_are_not_called_different(runs, tmp_path):
    """Both are the good model with noise of the same size on its logits."""
    kept, called, draw = answers(runs / "good"), 0, np.random.default_rng(0)
    logits = np.log(np.clip(kept.probabilities, 1e-6, 1))
    two = [shutil.copytree(runs / "good", tmp_path / name) for name in ("one", "other")]
    for _ in range(20):
        for directory in two:
            noisy = np.exp(logits + draw.normal(0, 0.3, logits.shape))
            np.save(directory / "provenance/predictions.npy", (noisy / noisy.sum(axis=1, keepdims=True)).astype(np.float32))
        (whole,) = differences(two, "auc")["all rows"]
        called += whole.certain
    assert called <= 4, "one of twenty is expected"


def test_other_test_rows_are_not_compared(runs, tmp_path):
    other = shutil.copytree(runs / "bad", tmp_path / "other")
    with np.load(other / "provenance/rows.npz") as stored:
        content = dict(stored)
    content["ids"] = content["ids"][::-1]
    np.savez(other / "provenance/rows.npz", **content)
    assert differences([runs / "good", other], "auc") == {}
    (other / "provenance/rows.npz").unlink()
    assert differences([runs / "good", other], "auc") == {}
