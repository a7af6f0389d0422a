"""Damaged rows are damaged as said, the same ones each time; a second data set is matched by the names of its classes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import tfrun
from tfrun.dataset.flights import Flights
from tfrun.evaluation.corruptions import corrupted, mistyped

PICTURES = ("noise", "blur", "brightness", "jpeg")


def pixels(split) -> np.ndarray:
    return np.stack([row["image"] for row in split.inputs()]).astype(np.int64)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_damaged_more_by_more_strength_and_always_alike(fashion, name):
    split = fashion.splits["test"].first(8)
    before = pixels(split)
    some, much = (pixels(corrupted(split, fashion.inputs, name, strength)) for strength in (1, 5))
    assert some.shape == before.shape and some.max() <= 255 and some.min() >= 0
    assert 0 < np.abs(some - before).mean() < np.abs(much - before).mean()
    assert np.array_equal(much, pixels(corrupted(split, fashion.inputs, name, 5)))


def test_each_row_has_its_own_noise_wherever_it_stands(fashion):
    split = fashion.splits["test"]
    noise = lambda rows: pixels(corrupted(rows, fashion.inputs, "noise", 3)) - pixels(rows)  # noqa: E731
    all_three, last = noise(split.first(3)), noise(split.take(np.array([2])))
    assert np.array_equal(all_three[2], last[0]) and not np.array_equal(all_three[0], all_three[1])


def test_cells_of_a_table_go_missing():
    data = Flights().open()
    rows = list(corrupted(data.splits["test"].first(400), data.inputs, "missing", 3).inputs())
    numbers = np.array([row["distance"] for row in rows])
    words = np.array([row["origin"] for row in rows])
    assert 0.12 < np.isnan(numbers).mean() < 0.28 and 0.12 < (words == b"").mean() < 0.28
    assert not np.array_equal(np.isnan(numbers), words == b"")


def test_typing_errors():
    text = "not a bad film, été — but long".encode()
    typed = [mistyped(text, 0.15, np.array([0, seed])) for seed in range(50)]
    assert mistyped(text, 0.0, np.array([0, 1])) == text and len(set(typed)) > 40
    assert np.mean([abs(len(one.decode()) - len(text.decode())) for one in typed]) < 6
    assert mistyped(b"", 0.5, np.array([0, 1])) == b""


def test_a_run_tells_what_is_left_under_damage_and_elsewhere(tmp_path, pictures, module):
    done = tfrun(
        tmp_path, "+experiment=quickstart", "tracking=none", "gate=none", "export=[]", "training.epochs=5", "backbone=hub",
        f"backbone.handle={module}", "transform.image_size=32", "evaluation.corruptions=[blur,brightness]", "evaluation.strengths=[1,5]",
        "+dataset@evaluation.also=image_folder", f"evaluation.also.directory={pictures}", 'card.intended_use="Sorts <b>shelves</b>"',
    )  # fmt: skip
    assert done.code == 0, done.err
    card = (done.directory / "card.html").read_text()
    assert "Sorts &lt;b&gt;shelves" in card and "<td>brightness</td>" in card and "On 72 rows of" in card
    result = done.result
    assert set(result["robustness"]) == {"blur", "brightness"} and set(result["robustness"]["blur"]) == {"1", "5"}
    kept = result["robustness"]["brightness"]["5"]
    assert kept["kept"] == pytest.approx(kept["accuracy"] / result["metrics"]["test"]["accuracy"])
    assert result["also"]["rows"] == 72 and result["also"]["left_out"] == 0
    low, high = result["also"]["intervals"]["accuracy"]
    assert low <= result["also"]["metrics"]["accuracy"] <= high
    report = (done.directory / "report.html").read_text()
    assert "Damaged test rows" in report and "72 rows of" in report


def test_other_inputs_and_other_damage_are_one_line(tmp_path, pictures):
    done = tfrun(tmp_path, "+experiment=flights", "tracking=none", "debug=fast", "export=[]", "evaluation.corruptions=[jpeg]")
    assert done.code == 1 and done.err.strip().endswith("damages no input of a table; leave it out"), done.err
    done = tfrun(
        tmp_path, "+experiment=flights", "tracking=none", "debug=fast", "export=[]", "+dataset@evaluation.also=image_folder",
        f"evaluation.also.directory={pictures}",
    )  # fmt: skip
    assert done.code == 1 and "has other inputs (image uint8) than the data of the run" in done.err
    assert json.loads(next(tmp_path.glob("runs/*/*/result.json")).read_text())["status"] == "failed"
