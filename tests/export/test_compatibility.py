"""`check-contract`: what breaks callers, and what does not."""

from __future__ import annotations

import copy
import json

import pytest

from tests.conftest import tfrun
from tfrun.export.compatibility import compare, read


@pytest.fixture()
def old(ready) -> dict:
    content = json.loads(json.dumps(ready.source.contract))
    words = {"name": "colour", "dtype": "int32", "shape": [None], "vocabulary": ["", "red", "blue"], "note": "index"}
    content["signatures"]["numeric"] = {"inputs": [words], "outputs": content["signatures"]["serving_default"]["outputs"]}
    return content


def image(content: dict) -> dict:
    return content["signatures"]["serving_default"]["inputs"][0]


def output(content: dict) -> dict:
    return content["signatures"]["serving_default"]["outputs"][0]


def colour(content: dict) -> dict:
    return content["signatures"]["numeric"]["inputs"][0]


BREAKS = {
    "signature numeric: is gone": lambda new: new["signatures"].pop("numeric"),
    "input image: dtype was uint8 and is float32": lambda new: image(new).update(dtype="float32"),
    "input image: shape was [None, None, None, 3] and is [None, 96, 96, 3]": lambda new: image(new).update(shape=[None, 96, 96, 3]),
    "input image: is gone": lambda new: image(new).update(name="picture"),
    "input picture: is new, and has to be given": lambda new: image(new).update(name="picture"),
    "output probabilities: is gone": lambda new: output(new).update(name="scores"),
    "output probabilities: dtype": lambda new: output(new).update(dtype="float16"),
    "labels: are in another order: number 0 was": lambda new: new["labels"].reverse(),
    "labels: 10 became 9; gone": lambda new: new["labels"].pop(),
    "normalisation: was in the model and is with the caller": lambda new: new["normalisation"].update(inside=False),
    "input colour: vocabulary has changed": lambda new: colour(new).update(vocabulary=["", "blue", "red"]),
}  # fmt: skip
FINE = {
    "is new": lambda new: new["signatures"].update(more={"inputs": [], "outputs": []}),
    "image_size was [32, 32] and is [96, 96]": lambda new: new["normalisation"].update(image_size=[96, 96]),
    "vocabulary: 1 added at the end": lambda new: colour(new).update(vocabulary=["", "red", "blue", "green"]),
    "in other words": lambda new: colour(new).update(note="number"),
}


@pytest.mark.parametrize("says", BREAKS)
def test_it_breaks(old, says):
    new = copy.deepcopy(old)
    BREAKS[says](new)
    assert any(change.breaks and says in str(change) for change in compare(old, new)), [str(c) for c in compare(old, new)]


@pytest.mark.parametrize("says", FINE)
def test_it_does_not_break(old, says):
    new = copy.deepcopy(old)
    FINE[says](new)
    (change,) = compare(old, new)
    assert not change.breaks and says in str(change)


def test_an_input_may_take_more_than_it_did(old):
    narrow = copy.deepcopy(old)
    image(narrow).update(shape=[1, 96, 96, 3])
    assert [change.breaks for change in compare(narrow, old) if "serving_default, input" in change.where] == [False]


def test_the_command_line_says_so_by_its_exit_code(old, tmp_path):
    (tmp_path / "old" / "exports").mkdir(parents=True)
    (tmp_path / "old/exports/contract.json").write_text(json.dumps(old))
    new = copy.deepcopy(old)
    new["labels"].reverse()
    (tmp_path / "new.json").write_text(json.dumps(new))
    (tmp_path / "half.json").write_text(json.dumps(new)[:100])
    same = tfrun(tmp_path, "check-contract", "old", "old/exports")
    assert (same.code, same.out) == (0, "no change\n")
    broken = tfrun(tmp_path, "check-contract", "old", "new.json")
    assert broken.code == 1 and broken.out.startswith("BREAKS  labels:") and "1 of 1 changes break callers" in broken.out
    half = tfrun(tmp_path, "check-contract", "old", "half.json")
    assert half.code == 2 and "is no contract" in half.err and half.err.count("\n") == 1
    assert tfrun(tmp_path, "check-contract", "nowhere", "new.json").code == 2


LATE = {"class": "late", "threshold": 0.4, "rule": "late where its probability is at least 0.4"}
SHOE, BOTH = ({"thresholds": thresholds, "rule": "…"} for thresholds in ({"shoe": 0.3}, {"shoe": 0.3, "top": 0.6}))


@pytest.mark.parametrize(
    ("before", "after", "breaks", "says"),
    [
        ({}, LATE, False, "is new: late where its probability is at least 0.4"),
        (LATE, {**LATE, "threshold": 0.5}, False, "the threshold of late was 0.4 and is 0.5: callers have to read it"),
        (LATE, {**LATE, "class": "on time"}, True, "was about late and is about on time"),
        (LATE, {}, True, "was about late and is gone"),
        (SHOE, BOTH, False, "is about top too"),
        (BOTH, SHOE, True, "was about top and has no threshold for it"),
    ],
)
def test_thresholds_are_to_be_read_and_their_classes_to_stay(old, before, after, breaks, says):
    (change,) = compare({**old, "decision": before}, {**old, "decision": after})
    assert change.breaks == breaks and change.what == says


def test_another_task_breaks_also_for_contracts_that_name_none(old, tmp_path):
    for name, task in (("none", None), ("same", "classification"), ("other", "regression")):
        content = {key: value for key, value in old.items() if key != "task"} | ({"task": task} if task else {})
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    assert compare(read(tmp_path / "none.json"), read(tmp_path / "same.json")) == []
    done = tfrun(tmp_path, "check-contract", "none.json", "other.json")
    assert done.code == 1 and "task: was classification and is regression" in done.out
