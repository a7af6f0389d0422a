"""`analyze` as a user runs it. TensorFlow Model Analysis and our own slices say the same."""

from __future__ import annotations

import importlib.util
import json
import shutil

import pytest
import yaml

from tests.conftest import Finished, tfrun
from tfrun import load
from tfrun.component import plain

INSTALLED = importlib.util.find_spec("tensorflow_model_analysis") is not None
needs_tfma = pytest.mark.skipif(not INSTALLED, reason="tensorflow-model-analysis is not installed: pip install 'tfrun[tfma]'")
METRICS = ("accuracy", "precision", "recall", "f1")


def configured(folder, *overrides) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump(plain(load(list(overrides)))))


def test_a_directory_that_is_no_run_is_told(tmp_path):
    done = tfrun(tmp_path, "analyze", str(tmp_path))
    assert done.code == 1 and done.err.startswith(f"run error: {tmp_path}: is no run directory"), done.err


@pytest.mark.parametrize("task, label", [("regression", "arr_delay"), ("multilabel", "carrier")])
def test_tasks_without_one_class_a_row_are_refused(tmp_path, task, label):
    configured(
        tmp_path, "+experiment=flights", f"dataset.task={task}", f"dataset.label={label}", "dataset.ignore=[]", "gate=none",
        "evaluation.metrics=null", "evaluation.primary=null", "training.monitor=loss",
    )  # fmt: skip
    done = tfrun(tmp_path, "analyze", ".")
    rule = "cannot be analyzed: only rows of one class can; result.json has its slices"
    assert done.code == 2 and done.err == f"config error: dataset.task = {task}: {rule}\n"


@pytest.mark.skipif(INSTALLED, reason="it is installed")
def test_the_missing_package_is_named_with_its_extra(tmp_path):
    configured(tmp_path, "+experiment=flights")
    done = tfrun(tmp_path, "analyze", ".")
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    assert (
        done.err.startswith("config error: analyze: needs tensorflow_model_analysis")
        and "pip install 'tfrun[tfma]'" in done.err
    )


def test_slices_that_are_no_list_are_refused(tmp_path):
    configured(tmp_path, "+experiment=flights")
    done = tfrun(tmp_path, "analyze", ".", "--slices", "[carrier")
    assert done.code == 2 and "--slices = [carrier: is no YAML list" in done.err


@pytest.fixture(scope="module")
def flights(tmp_path_factory) -> Finished:
    pytest.importorskip("tensorflow_model_analysis", reason="it is not installed: pip install 'tfrun[tfma]'")
    done = tfrun(
        tmp_path_factory.mktemp("flights"), "+experiment=flights", "training.epochs=2", "export=[saved_model]", "gate=none", "tracking=none",
        "evaluation.metrics=[auc,precision,recall,f1]", "evaluation.slices=[auto,carrier,origin,month,humid,[carrier,origin]]",
    )  # fmt: skip
    assert done.code == 0, done.err
    return done


def analyzed(run: Finished, *arguments: str) -> Finished:
    return tfrun(run.folder, "analyze", str(run.directory), *arguments, fresh=True)


@pytest.fixture(scope="module")
def own_rows(flights) -> Finished:
    done = analyzed(flights)
    assert done.code == 0, done.err
    return done


def near(value: float | None, **tolerance: float):
    return None if value is None else pytest.approx(value, **tolerance)


def slices_of(run: Finished, folder: str = "analysis") -> dict:
    return json.loads((run.directory / folder / "analysis.json").read_text())


def test_metrics_and_rows_of_every_slice_are_ours(flights, own_rows):
    found, result = slices_of(flights), flights.result
    ours = result["slices"]["test"]
    ours["all rows"] = {"all rows": {**result["metrics"]["test"], "rows": result["data"]["rows"]["test"]}}
    assert {name: set(values) for name, values in found.items()} == {name: set(ours[name]) for name in found}
    assert list(found) == ["all rows", "carrier", "origin", "month", "humid", "carrier × origin"]
    for name, values in found.items():
        for value, figures in values.items():
            expected = ours[name][value]
            assert figures["rows"] == expected["rows"]
            for metric in METRICS:
                assert figures[metric] == near(expected[metric], rel=1e-6), (name, value, metric)
            # TFMA counts scores in 10,000 bins: of few rows, two in one bin are half a pair too much or too little
            assert figures["auc"] == near(expected["auc"], abs=2e-3 if expected["rows"] >= 50 else 2e-2), (name, value)


def test_tfma_reads_its_result_and_a_person_a_table(flights, own_rows):
    import tensorflow_model_analysis as tfma

    metrics = dict(tfma.load_eval_result(str(flights.directory / "analysis")).slicing_metrics)
    figures = metrics[(("carrier", "UA"),)][""]
    assert figures["topK:1"]["accuracy"]["doubleValue"] == slices_of(flights)["carrier"]["UA"]["accuracy"]
    assert "carrier × origin" in own_rows.out and f"files   {flights.directory / 'analysis'}" in own_rows.out
    assert own_rows.err == ""


def test_given_files_are_sliced_where_the_run_was_and_rows_that_cannot_be_judged_are_told(flights, own_rows, tmp_path):
    import tensorflow as tf

    from tests.export.test_encoded import example
    from tfrun.config.load import load_file

    data = load_file(flights.directory / "config.yaml").dataset.open()
    split = data.splits["test"]
    rows = [example(row, data.inputs) for row in split.inputs()]
    for row, label in zip(rows, split.labels, strict=True):
        row.features.feature["late"].bytes_list.value.append(data.classes[label].encode())
    del rows[0].features.feature["late"]
    rows[1].features.feature["late"].bytes_list.value[0] = b"never"
    for part in range(2):
        with tf.io.TFRecordWriter(str(tmp_path / f"{part}.gz"), tf.io.TFRecordOptions("GZIP")) as file:
            for row in rows[part::2]:
                file.write(row.SerializeToString())
    done = analyzed(
        flights, "--examples", str(tmp_path / "*.gz"), "--slices", "humid,carrier×origin", "--metrics", "accuracy,auc", "--out",
        str(tmp_path / "out"), "--beam-options", "--direct_num_workers=1",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "1 rows have no label: left out" in done.out and "1 rows are of a class that the model does not know" in done.out
    found, before = json.loads((tmp_path / "out/analysis.json").read_text()), slices_of(flights)
    assert list(found) == ["all rows", "humid", "carrier × origin"]
    for name, values in found.items():
        assert set(values) == set(before[name])
        assert sum(one["rows"] for one in values.values()) == len(split) - 2
        changed = [value for value, figures in values.items() if figures["rows"] != before[name][value]["rows"]]
        assert len(changed) <= 2
        for value in set(values) - set(changed):
            assert values[value] == {key: before[name][value][key] for key in ("accuracy", "auc", "rows")}


@pytest.mark.parametrize(
    "arguments, code, says",
    [
        (["--slices", "carier"], 2, "config error: --slices = carier: is no column of the data; did you mean 'carrier'?"),
        (
            ["--metrics", "acuracy"],
            2,
            "config error: --metrics = acuracy: is not measured of 2 classes; did you mean 'accuracy'?",
        ),
        (["--examples", "nowhere/*"], 1, "run error: --examples = nowhere/*: cannot be read (it fits no file); name TFRecord"),
        (["--examples", "own.txt"], 1, "run error: --examples = own.txt: cannot be read (own.txt is "),
        (["--examples", "others"], 1, "run error: --examples = others: have no feature 'late', the label, in their first rows"),
        (
            ["--examples", "broken", "--slices", "carrier"],
            1,
            "run error: analyze: the pipeline failed (Error parsing message",
        ),
        (["--out", "taken"], 1, "run error: --out = taken: is there, and holds no analysis; name another folder"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(flights, arguments, code, says):
    import tensorflow as tf

    (flights.folder / "taken").mkdir(exist_ok=True)
    (flights.folder / "own.txt").write_text("no TFRecord at all")
    row = tf.train.Example()
    row.features.feature["carrier"].bytes_list.value.append(b"UA")
    with tf.io.TFRecordWriter(str(flights.folder / "others")) as file:
        file.write(row.SerializeToString())
    row.features.feature["late"].bytes_list.value.append(b"late")
    with tf.io.TFRecordWriter(str(flights.folder / "broken")) as file:
        for content in [row.SerializeToString()] * 100 + [b"no tf.Example"]:
            file.write(content)
    done = tfrun(flights.folder, "analyze", str(flights.directory), *arguments)
    assert done.code == code and done.err.startswith(says), done.err
    assert "Traceback" not in done.err


def test_a_run_without_a_saved_model_is_told_how_to_get_one(flights, tmp_path):
    copy = shutil.copytree(flights.directory, tmp_path / "run", ignore=shutil.ignore_patterns("exports"))
    done = tfrun(tmp_path, "analyze", str(copy))
    assert done.code == 1 and f"{copy}: holds no exports/saved_model; `python -m tfrun export" in done.err


@needs_tfma
def test_pictures_of_several_classes(module, tmp_path):
    done = tfrun(
        tmp_path, "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "export=[saved_model]",
        "gate=none", "tracking=none", "training.epochs=5", "evaluation.slices=[origin]",
    )  # fmt: skip
    assert done.code == 0, done.err
    ended = analyzed(done)
    assert ended.code == 0, ended.err
    found, ours = slices_of(done), done.result["slices"]["test"]["origin"]
    assert found["origin"].keys() == ours.keys()
    for value, figures in found["origin"].items():
        assert figures == {"accuracy": pytest.approx(ours[value]["accuracy"], rel=1e-6), "rows": ours[value]["rows"]}
