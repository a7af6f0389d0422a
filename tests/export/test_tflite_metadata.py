"""What a TFLite file tells of itself: labels at its end, metadata in a buffer; and it still runs."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from tfrun.export.tflite import TFLite, about
from tfrun.export.tflite_metadata import LABELS, described, labels_text


@pytest.fixture(scope="module")
def plain(ready, tmp_path_factory) -> bytes:
    """A float32 file that tells nothing."""
    from tfrun.export import tflite_file

    path = tmp_path_factory.mktemp("plain") / "plain.tflite"
    tflite_file.write(str(ready.source.saved_model), "serving_default", "float32", "", str(path), None)
    return path.read_bytes()


def told(content: bytes) -> bytes:
    """The metadata buffer, found as readers find it."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    (entry,) = [e for e in map(model.Metadata, range(model.MetadataLength())) if e.Name() == b"TFLITE_METADATA"]
    return model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()


def labels_in(path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.read(LABELS).decode().split("\n")[:-1]


def test_the_files_of_a_run_hold_the_labels_in_the_order_of_the_outputs(ready, tmp_path):
    from dataclasses import replace

    (artifact,) = TFLite(variants=["dynamic"]).write(replace(ready.source, run_directory=tmp_path))
    assert labels_in(tmp_path / artifact.path) == list(ready.model.classes)


def test_the_metadata_are_a_flatbuffer_of_their_schema(plain, ready):
    buffer = told(described(plain, about(ready.source)))
    assert buffer[4:8] == b"M001"
    for text in (b"quickstart", b"image", b"probabilities", b"labels.txt", b"1.0.0"):
        assert text in buffer


def test_what_is_in_the_metadata_is_read_back_field_by_field(plain, ready):
    """By the tables of the schema: slot n of a table is at its vtable's position 4 + 2 n."""
    from flatbuffers.encode import Get
    from flatbuffers.number_types import Uint32Flags
    from flatbuffers.table import Table

    buffer = told(described(plain, about(ready.source)))

    def child(table: Table, slot: int) -> Table:
        return Table(buffer, table.Indirect(table.Pos + table.Offset(4 + 2 * slot)))

    def element(table: Table, slot: int, index: int = 0) -> Table:
        return Table(buffer, table.Indirect(table.Vector(table.Offset(4 + 2 * slot)) + 4 * index))

    def text(table: Table, slot: int) -> str:
        return table.String(table.Pos + table.Offset(4 + 2 * slot)).decode()

    def byte(table: Table, slot: int) -> int:
        return buffer[table.Pos + table.Offset(4 + 2 * slot)]

    model = Table(buffer, Get(Uint32Flags.packer_type, buffer, 0))
    assert (text(model, 0), text(model, 7)) == ("quickstart", "1.0.0")
    graph = element(model, 3)
    image, output = element(graph, 2), element(graph, 3)
    assert text(image, 0) == "image" and text(output, 0) == "probabilities"
    content = child(image, 3)
    assert byte(content, 0) == 2  # ImageProperties
    properties = child(content, 1)
    assert byte(properties, 0) == 1  # RGB
    size = child(properties, 1)
    assert [Get(Uint32Flags.packer_type, buffer, size.Pos + size.Offset(slot)) for slot in (4, 6)] == [32, 32]
    labels = element(output, 6)
    assert (text(labels, 0), byte(labels, 2)) == ("labels.txt", 2)  # TENSOR_AXIS_LABELS


def test_it_answers_as_before(plain, ready):
    from ai_edge_litert.interpreter import Interpreter

    image = next(ready.held.batches("serving_default"))["image"]
    answers = [
        Interpreter(model_content=content).get_signature_runner("serving_default")(image=image)["probabilities"]
        for content in (plain, described(plain, about(ready.source)))
    ]
    assert (answers[0] == answers[1]).all() and len(image) > 1


@pytest.mark.parametrize(
    "labels", [["a, b", 'the "c"', "d;e", "ä 猫", ""], [f"class {number}" for number in range(10_000)]], ids=["odd", "many"]
)
def test_odd_and_many_labels_come_back(plain, ready, labels, tmp_path):
    path = tmp_path / "labelled.tflite"
    path.write_bytes(described(plain, {**about(ready.source), "labels": labels}))
    assert labels_in(path) == labels


def test_a_line_break_in_a_label_moves_no_other_label():
    assert labels_text(["a\nb", "c\r\nd", "e\u2028f", "g"]).splitlines() == ["a b", "c d", "e f", "g"]


def test_the_same_model_gives_the_same_bytes(plain, ready):
    assert described(plain, about(ready.source)) == described(plain, about(ready.source))


def test_two_inputs_are_told_in_the_order_of_the_graph(tmp_path):
    import tensorflow as tf

    class Two(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="b"), tf.TensorSpec([None], tf.float32, name="a")])
        def predict(self, b, a):
            return {"probabilities": tf.stack([a, b], axis=1)}

    two = Two()
    tf.saved_model.save(two, str(tmp_path / "two"), signatures={"numeric": two.predict.get_concrete_function()})
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "two"), signature_keys=["numeric"]).convert()
    facts = {
        "name": "two", "description": "", "labels": ["x", "y"], "image_size": None,
        "inputs": [{"name": "a", "shape": [None], "note": "first"}, {"name": "b", "shape": [None], "note": "second"}],
    }  # fmt: skip
    whole = described(content, facts)
    assert b"first" in told(whole) and b"second" in told(whole)
    path = tmp_path / "two.tflite"
    path.write_bytes(whole)
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner("numeric")
    assert runner(a=np.float32([1]), b=np.float32([2]))["probabilities"].tolist() == [[1, 2]]
