"""Records that TensorFlow's own writer wrote, and what becomes of them when they are damaged."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfrun.config.problems import RunError
from tfrun.dataset import Skipped
from tfrun.dataset.records import RecordFile
from tfrun.dataset.tfrecord import TFRecord
from tfrun.record.explain import explained

GB = 10**9


def feature(value) -> tf.train.Feature:
    values = value if isinstance(value, list) else [value]
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def write(path: Path, examples: list[dict], compression: str = "") -> Path:
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for example in examples:
            writer.write(
                tf.train.Example(
                    features=tf.train.Features(feature={k: feature(v) for k, v in example.items()})
                ).SerializeToString()
            )
    return path


def encoded(pixels: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def photos(fashion) -> list[dict]:
    split = fashion.splits["train"].first(60)
    rows = enumerate(split.inputs())
    return [{"image": encoded(row["image"]), "label": n % 3, "camera": b"ab"[n % 2 : n % 2 + 1]} for n, row in rows]


def table(rows: int = 60) -> list[dict]:
    return [
        {"x": float(n), "n": n, "v": [n / 2, 1.0, 2.0], "word": b"abc"[n % 3 :], "label": [b"no", b"yes"][n % 2]}
        for n in range(rows)
    ]


def by_id(data) -> dict[str, dict]:
    return {str(name): row for split in data.splits.values() for name, row in zip(split.ids, split.inputs(), strict=True)}


@pytest.mark.parametrize(("ending", "compression"), [("", ""), (".gz", "GZIP"), (".zlib", "ZLIB")])
def test_pictures_from_plain_and_packed_files(tmp_path, photos, fashion, ending, compression):
    paths = [write(tmp_path / f"{n}.tfrecord{ending}", photos[n::2], compression) for n in range(2)]
    dataset = TFRecord(files=[f"{tmp_path}/*.tfrecord*"], inputs={"image": "image"}, names=["a", "b", "c"], columns=["camera"])
    assert dataset.problems() == [] and dataset.slice_columns() == ["camera"]
    data = dataset.open()
    assert data.kind == "image" and data.classes == ("a", "b", "c")
    rows, pixels = by_id(data), [row["image"] for row in fashion.splits["train"].first(60).inputs()]
    assert all((rows[f"{paths[n % 2].name}, record {n // 2}"]["image"] == pixels[n]).all() for n in range(60))
    test = data.splits["test"]
    assert set(test.columns["camera"]) <= {"a", "b"} and test.facts["width"].tolist() == [28] * len(test)


def test_numbers_texts_and_vectors(tmp_path):
    path = write(tmp_path / "t.tfrecord", table())
    data = TFRecord(files=[str(path)], inputs={"x": "number", "n": "number", "v": "number", "word": "category"}).open()
    assert [(spec.dtype, spec.shape) for spec in data.inputs] == [
        ("float32", ()),
        ("float32", ()),
        ("float32", (3,)),
        ("string", ()),
    ]
    row = by_id(data)[f"{path.name}, record 7"]
    assert row["x"] == 7 and row["n"] == 7 and row["v"].tolist() == [3.5, 1, 2] and row["word"] == b"bc"
    assert data.classes == ("no", "yes") and set(data.splits["train"].facts) == {"x", "n", "word"}
    assert TFRecord(files=[str(path)], inputs={"word": "text"}).open().kind == "text"


def test_a_schema_says_what_is_in_a_record(tmp_path, photos):
    path = write(tmp_path / "t.tfrecord", photos)
    (tmp_path / "schema.pbtxt").write_text(
        'feature { name: "image" type: BYTES image_domain {} }\nfeature { name: "label" type: INT }\nfeature { name: "camera" type: BYTES }'
    )
    data = TFRecord(files=[str(path)], schema_file=tmp_path / "schema.pbtxt").open()
    assert [(spec.name, spec.kind) for spec in data.inputs] == [("image", "image"), ("camera", "category")]
    (problem,) = TFRecord(files=[str(path)], schema_file=tmp_path / "schema.pbtxt", label="lable").problems()
    assert "did you mean 'label'?" in str(problem)


def test_given_splits_and_a_file_in_two_of_them(tmp_path):
    for name in ("train", "test"):
        write(tmp_path / f"{name}.tfrecord", table(40))
    known = {"files": [f"{tmp_path}/train*"], "inputs": {"x": "number"}, "split": {"validation": 0.25}}
    data = TFRecord(test_files=[f"{tmp_path}/test*"], **known).open()
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 30, "validation": 10, "test": 40}
    (problem,) = TFRecord(test_files=[f"{tmp_path}/*"], **known).problems()
    assert "train.tfrecord in two splits" in str(problem)


def test_pictures_on_their_side_are_turned(tmp_path, photos):
    tag = Image.Exif()
    tag[274] = 6
    wide = encoded(np.zeros((10, 20, 3), np.uint8), exif=tag)
    path = write(tmp_path / "t.tfrecord", [*photos, {"image": wide, "label": 0, "camera": b"a"}])
    data = TFRecord(files=[str(path)], inputs={"image": "image"}).open()
    assert by_id(data)[f"{path.name}, record 60"]["image"].shape == (20, 10, 3) and "1 pictures are turned" in data.notes[0]


def offsets(path: Path) -> list[int]:
    return [item.offset for item in RecordFile(path, GB).scan()]


def damage(path: Path, offset: int) -> None:
    contents = bytearray(path.read_bytes())
    contents[offset] ^= 255
    path.write_bytes(contents)


def test_a_damaged_record_is_named_or_skipped(tmp_path):
    path = write(tmp_path / "t.tfrecord", table())
    damage(path, offsets(path)[17] + 3)
    with pytest.raises(RunError, match=r"t.tfrecord, record 17: is damaged: its checksum .*on_corrupt=skip"):
        TFRecord(files=[str(path)], inputs={"x": "number"}).open()
    data = TFRecord(files=[str(path)], inputs={"x": "number"}, on_corrupt="skip").open()
    rows = by_id(data)
    assert len(rows) == 59 and len(data.skipped) == 1 and rows[f"{path.name}, record 18"]["x"] == 18


def test_after_a_damaged_length_or_a_cut_the_rest_is_lost_and_said_to_be(tmp_path):
    path = write(tmp_path / "t.tfrecord", table())
    starts = offsets(path)
    damage(path, starts[40] - 12)
    found = list(RecordFile(path, GB).scan())
    assert len(found) == 41 and isinstance(found[40], Skipped) and "all records after it" in found[40].reason
    path = write(tmp_path / "t.tfrecord", table())
    os.truncate(path, starts[50] + 2)
    found = list(RecordFile(path, GB).scan())
    assert len(found) == 51 and found[50].file.endswith("record 50")


def test_a_packed_file_that_is_cut_off(tmp_path, photos):
    path = write(tmp_path / "t.tfrecord.gz", photos, "GZIP")
    os.truncate(path, path.stat().st_size // 2)
    data = TFRecord(files=[str(path)], inputs={"image": "image"}, on_corrupt="skip").open()
    assert 10 < sum(map(len, data.splits.values())) < 50 and "cannot be unpacked" in data.skipped[-1].reason


def test_a_text_file_and_an_empty_one(tmp_path):
    (tmp_path / "a.tfrecord").write_text("this is no record, and long enough to be one" * 5)
    with pytest.raises(RunError, match=r"a.tfrecord, record 0: .* no TFRecord file"):
        TFRecord(files=[str(tmp_path / "a.tfrecord")], inputs={"x": "number"}).open()
    (tmp_path / "a.tfrecord").write_bytes(b"")
    with pytest.raises(RunError, match="fewer than two classes"):
        TFRecord(files=[str(tmp_path / "a.tfrecord")], inputs={"x": "number"}).open()


@pytest.mark.parametrize(
    ("odd", "inputs", "hint"),
    [
        ({"label": b"no"}, {"x": "number"}, "has no 'x' (it has label)"),
        ({"x": b"text", "label": b"no"}, {"x": "number"}, "'x' holds bytes, and should hold numbers"),
        ({"x": 3, "label": b"no"}, {"x": "number"}, "holds 1 int64 in 'x', and others 1 float in 'x'"),
        ({"x": [1.0, 2.0], "label": b"no"}, {"x": "number"}, "holds 2 float in 'x'"),
        ({"x": 1.0, "label": 0.5}, {"x": "number"}, "'label' is no label"),
        ({"v": [1.0, float("nan"), 1.0], "label": b"no"}, {"v": "number"}, "'v' holds NaN"),
        ({"word": [b"a", b"b"], "label": b"no"}, {"word": "text"}, "'word' holds 2 values"),
        ({"word": b"a", "label": b"no"}, {"word": "image"}, "is no picture"),
    ],
)  # fmt: skip
def test_a_record_of_another_form_is_named(tmp_path, odd, inputs, hint):
    path = write(tmp_path / "t.tfrecord", [*table(40), odd])
    with pytest.raises(RunError) as caught:
        TFRecord(files=[str(path)], inputs=inputs).open()
    assert "record 40: " in str(caught.value) or "image" in inputs.values()
    assert hint in str(caught.value)


def test_records_that_are_no_examples(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "t.tfrecord")) as writer:
        writer.write(b"\xff\xff no proto")
    with pytest.raises(RunError, match=r"record 0: holds no tf.Example"):
        TFRecord(files=[str(tmp_path / "t.tfrecord")], inputs={"x": "number"}).open()


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({"inputs": {"x": "number"}, "files": ["nothing*"]}, "dataset.files = nothing*: fits no file"),
        ({}, "has to say what is in a record"),
        ({"inputs": {"label": "text"}}, "'label' is the label or a column too"),
        ({"schema_file": "t.tfrecord"}, "cannot be read"),
    ],
)
def test_what_is_wrong_is_told_before_the_run(tmp_path, monkeypatch, config, hint):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.tfrecord", table(4))
    (problem,) = TFRecord(**{"files": ["t.tfrecord"], **config}).problems()
    assert hint in str(problem)


def test_a_file_that_is_written_to_during_the_run_is_named(tmp_path):
    path = write(tmp_path / "t.tfrecord", table())
    data = TFRecord(files=[str(path)], inputs={"x": "number"}).open()
    damage(path, 20)
    with pytest.raises(tf.errors.OpError) as caught:
        list(data.splits["train"].inputs())
    run = SimpleNamespace(directory=tmp_path / "run", log_path=tmp_path / "log.txt")
    assert str(explained(caught.value, run)).startswith(f"{path}: changed after it was checked")


def test_the_scratch_file_has_a_limit(tmp_path, photos):
    path = write(tmp_path / "t.tfrecord.gz", photos, "GZIP")
    with pytest.raises(RunError, match="needs more than 1e-05 GB on disk"):
        TFRecord(files=[str(path)], inputs={"image": "image"}, scratch_gb=1e-5).open()


def test_a_length_beyond_the_file_is_no_reason_to_read_it(tmp_path):
    path = write(tmp_path / "t.tfrecord", table(5))
    contents = path.read_bytes()
    path.write_bytes(struct.pack("<Q", 2**60) + contents[8:])
    (only,) = RecordFile(path, GB).scan()
    assert "is damaged" in only.reason


def test_numbers_and_several_values_are_labels_of_their_tasks(tmp_path):
    rows = [
        {"x": float(n), "price": [n * 1.5], "tags": [[], [b"a"], [b"b|c", b"a"]][n % 3] or [b""], "numbers": [n % 2, 2]}
        for n in range(60)
    ]
    for row in rows[::3]:
        del row["tags"]
    files = [str(write(tmp_path / "rows.tfrecord", rows))]
    prices = TFRecord(files=files, inputs={"x": "number"}, label="price", task="regression").open()
    for split in prices.splits.values():
        for row, inputs in zip(split.labels, split.inputs(), strict=True):
            assert row == pytest.approx(1.5 * float(inputs["x"]))
    tags = TFRecord(files=files, inputs={"x": "number"}, label="tags", task="multilabel").open()
    assert tags.classes == ("a", "b|c")
    wanted = [[0, 0], [1, 0], [1, 1]]
    for split in tags.splits.values():
        for row, inputs in zip(split.labels.tolist(), split.inputs(), strict=True):
            assert row == wanted[int(inputs["x"]) % 3]
    for row in rows[1::3]:
        row["tags"] = [b"b|c"]  # as long as another row has several values, each is a name
    again = TFRecord(
        files=[str(write(tmp_path / "again.tfrecord", rows))], inputs={"x": "number"}, label="tags", task="multilabel"
    ).open()
    assert again.classes == ("a", "b|c") and again.splits["train"].labels.sum(axis=0).tolist()[0] > 0
    for row in rows[2::3]:
        row["tags"] = [b"a| b"]
    joined = TFRecord(
        files=[str(write(tmp_path / "joined.tfrecord", rows))], inputs={"x": "number"}, label="tags", task="multilabel"
    ).open()
    assert joined.classes == ("a", "b", "c")
    named = TFRecord(files=files, inputs={"x": "number"}, label="numbers", names=["p", "q", "r|s"], task="multilabel").open()
    assert named.classes == ("p", "q", "r|s") and named.splits["train"].labels[:, 2].all()


@pytest.mark.parametrize(
    ("label", "task", "says"),
    [
        ("tags", "regression", "'tags' is no label: one number"),
        ("price", "multilabel", "'price' is no label: int64 or bytes values"),
    ],
)
def test_labels_of_another_task_are_damage(tmp_path, label, task, says):
    files = [str(write(tmp_path / "rows.tfrecord", [{"x": 1.0, "price": [n * 1.5], "tags": [b"a"]} for n in range(60)]))]
    with pytest.raises(RunError, match=says):
        TFRecord(files=files, inputs={"x": "number"}, label=label, task=task).open()
