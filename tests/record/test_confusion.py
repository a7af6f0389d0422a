"""Which classes are taken for which, in the report of many classes."""

from __future__ import annotations

import re

import numpy as np

from tests.conftest import tfrun
from tfrun.dataset import Split
from tfrun.export.measure import Held
from tfrun.record.confusion import most_confused


def held(labels: list[int], predicted: list[int], classes: int) -> Held:
    rows = np.array(labels)
    split = Split("test", rows, rows.astype(str), lambda row: {"x": row})
    return Held(split, np.eye(classes, dtype=np.float32)[predicted], {})


def test_pairs_are_counted_the_most_frequent_first():
    found = most_confused(held([0, 0, 0, 0, 1, 2, 2], [1, 1, 0, 2, 1, 0, 2], 3), ["a", "b", "c"])
    assert [(pair.truth, pair.predicted, pair.count, pair.share) for pair in found] == [
        ("a", "b", 2, 0.5), ("a", "c", 1, 0.25), ("c", "a", 1, 0.5),
    ]  # fmt: skip
    assert most_confused(held([0, 1], [0, 1], 2), ["a", "b"]) == []


def test_the_report_of_many_classes_shows_pairs_in_place_of_a_matrix(tmp_path):
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(31), 20)
    np.savez(tmp_path / "data.npz", inputs=random.normal(size=(620, 3)).astype(np.float32), labels=labels)
    done = tfrun(
        tmp_path, "+experiment=quickstart", "debug=fast", "dataset=arrays", "dataset.path=data.npz", "backbone=none",
        "transform=vector", "augment=none", "export=[]", "tracking=none", "gate=none",
    )  # fmt: skip
    assert done.code == 0, done.err
    page = (done.directory / "report.html").read_text()
    section = page.partition("<h2>Confusion on the test split</h2>")[2].partition("<h2>")[0]
    assert "a matrix of 31 classes would be too large" in section and 'class="confusion"' not in page
    counts = [int(rows) for rows in re.findall(r"<td>(\d+)</td><td>\d+ %</td>", section)]
    assert 1 <= len(counts) <= 20 and counts == sorted(counts, reverse=True)
