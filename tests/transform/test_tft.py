"""A graph of tensorflow-transform, written by it, gives in tfrun and in the exported file what it gave there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import tfrun
from tfrun import RunError
from tfrun.backbone.none import NoBackbone
from tfrun.dataset.flights import Flights
from tfrun.transform.tft import Tft

FOLDER = Path(__file__).parent / "tft_flights"
TWO = {"distance": [100.0, 2000.0], "hour": [6.0, 20.0], "carrier": ["UA", "nope"]}
# What tensorflow_transform 1.16.0 printed for these two rows (tft_flights/make.py): carrier, distance, hour.
GIVEN = np.zeros((2, 19), np.float32)
GIVEN[0, 1] = GIVEN[1, 14] = 1
GIVEN[:, 17:] = [[-1.2959, 0.0556], [1.3560, 0.8333]]


@pytest.fixture(scope="module")
def flights():
    return Flights(features=["distance", "hour", "carrier"]).open()


def test_it_gives_what_tensorflow_transform_gave(flights):
    transform = Tft(directory=FOLDER).build(flights, NoBackbone())
    assert transform.output_shape == (19,)
    given = transform({name: tf.constant(values) for name, values in TWO.items()}).numpy()
    np.testing.assert_allclose(given, GIVEN, atol=5e-5)


def test_a_run_with_it_exports_the_look_up_tables_too(tmp_path):
    done = tfrun(
        tmp_path, "+experiment=flights", "transform=tft", f"transform.directory={FOLDER}", "head=mlp", "gate=none", "tracking=none",
        "dataset.features=[distance,hour,carrier]", "training.epochs=1", "export=[saved_model]", "checks.drift_by=null",
    )  # fmt: skip
    assert done.code == 0, done.err
    (artifact,) = done.result["artifacts"]
    assert artifact["passed"] and artifact["max_abs_difference"] < 1e-6
    contract = json.loads((done.directory / "exports/contract.json").read_text())
    request = contract["example"]["request"]["instances"][0]
    signature = tf.saved_model.load(str(done.directory / "exports/saved_model")).signatures["serving_default"]
    dtypes = {spec["name"]: spec["dtype"] for spec in contract["signatures"]["serving_default"]["inputs"]}
    answer = signature(**{name: tf.constant([value], dtypes[name]) for name, value in request.items()})["probabilities"]
    np.testing.assert_allclose(answer, contract["example"]["response"]["predictions"], atol=1e-5)


def test_columns_that_do_not_fit_are_named_all_at_once():
    data = Flights(features=["hour", "distance", "origin"], types={"distance": "category"}).open()
    with pytest.raises(RunError) as caught:
        Tft(directory=FOLDER).build(data, NoBackbone())
    text = str(caught.value)
    assert "wants the column 'carrier'; the features are hour" in text
    assert "takes 'distance' as float32, and it is a category; set dataset.types.distance" in text


def test_another_folder_is_refused_before_the_run(tmp_path):
    with pytest.raises(ValueError, match=r"holds no transform_fn/saved_model.pb"):
        Tft(directory=tmp_path)
