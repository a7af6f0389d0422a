"""Sounds and texts: what training computes is what the exported files compute, from the raw row on."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.sounds import folder_of_sounds
from tfrun import load
from tfrun.export import contract, module
from tfrun.model import build
from tfrun.transform.batches import alone, transformed

TEXTS = ["transform=text", "dataset=sentiment", "backbone=none"]
SOUNDS = ["transform=audio", "dataset=audio_folder", "backbone=none", "backbone.flatten=false", "head=conv"]
CASES = {
    "glove": ["dataset=sentiment", "backbone=glove_50d"],
    "clean": ["dataset=sentiment", "backbone=glove_50d", "transform=text", "transform.clean=true"],
    "tf_idf": [*TEXTS, "transform.max_tokens=500", "transform.ngrams=2"],
    "multi_hot": [*TEXTS, "transform.mode=multi_hot", "transform.max_tokens=500"],
    "log_mel": SOUNDS,
    "waveform": [
        "transform=audio",
        "dataset=audio_folder",
        "backbone=none",
        "transform.mode=waveform",
        "transform.seconds=0.2",
    ],
}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return folder_of_sounds(tmp_path_factory.mktemp("sounds") / "all", each=8)


@pytest.fixture(scope="module", params=CASES)
def made(request, sounds, tmp_path_factory):
    """(model, test rows, folder of the SavedModel)"""
    case = CASES[request.param]
    more = [f"dataset.directory={sounds}"] if "dataset=audio_folder" in case else []
    experiment = load([*case, *more, "name=kinds"])
    data = experiment.dataset.open()
    model = build(experiment, data.limited(64), tf.distribute.OneDeviceStrategy("/CPU:0"))
    folder = tmp_path_factory.mktemp("saved") / "model"
    module.save(model, folder)
    return model, data.splits["test"].first(24), folder


def test_training_and_serving_compute_the_same_from_raw_rows(made):
    model, split, folder = made
    raw = list(split.inputs())
    one_by_one = np.concatenate([model.transform(alone(split.read(row))).numpy() for row in split.positions])
    together = np.concatenate(list(transformed(split, model.transform, 7)))
    if one_by_one.dtype == object:
        assert (one_by_one == together).all()
    else:
        np.testing.assert_allclose(one_by_one, together, atol=1e-5, rtol=0)
    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    served = np.concatenate(
        [signature(**{name: tf.constant(value)[None] for name, value in row.items()})["probabilities"].numpy() for row in raw]
    )
    np.testing.assert_allclose(served, model.predict(split), atol=1e-6, rtol=0)


def test_the_file_answers_without_tfrun_and_as_the_contract_says(made):
    model, split, folder = made
    told = contract.contract(model, next(split.inputs()))
    code = (
        "import json, sys, numpy as np, tensorflow as tf\n"
        "sys.modules['tfrun'] = None\n"
        "row = json.loads(sys.stdin.read())\n"
        f"signature = tf.saved_model.load({str(folder)!r}).signatures['serving_default']\n"
        "rows = {k: tf.constant([v] if isinstance(v, str) else np.array([v], 'float32')) for k, v in row.items()}\n"
        "print(json.dumps(signature(**rows)['probabilities'].numpy().tolist()))"
    )
    (row,) = told["example"]["request"]["instances"]
    done = subprocess.run([sys.executable, "-c", code], input=json.dumps(row), capture_output=True, text=True, check=True)
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), told["example"]["response"]["predictions"], atol=1e-6)
    (inputs,) = told["signatures"]["serving_default"]["inputs"]
    assert inputs["name"] in ("text", "audio") and inputs["dtype"] in ("string", "float32")
    if inputs["name"] == "audio":
        assert "16,000 Hz" in told["normalisation"]["note"] and inputs["rate"] == 16_000


def test_a_serialized_example_is_answered_as_the_raw_row(made):
    model, split, folder = made
    (spec,) = model.inputs
    examples = []
    for row in split.first(3).inputs():
        example = tf.train.Example()
        value = row[spec.name]
        if spec.dtype == "string":
            example.features.feature[spec.name].bytes_list.value.append(value)
        else:
            example.features.feature[spec.name].float_list.value.extend(value)
        examples.append(example.SerializeToString())
    signature = tf.saved_model.load(str(folder)).signatures["serving_bytes"]
    got = signature(examples=tf.constant(examples))["probabilities"]
    np.testing.assert_allclose(got, model.predict(split.first(3)), atol=1e-5)
