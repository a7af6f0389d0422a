"""What a TFLite file tells of itself, as LiteRT's task libraries read it: a metadata buffer inside, `labels.txt` appended.

The buffer follows metadata_schema.fbs 1.1.0 of github.com/tensorflow/tflite-support (file identifier M001). Of its tables only the
slots that are used have names here; their numbers are their order in the schema.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

LABELS = "labels.txt"
_BUFFER = "TFLITE_METADATA"  # the name that readers look for among `Model.metadata`
_IDENTIFIER = b"M001"
_PARSER = "1.0.0"  # the oldest one that knows all the fields below
_FEATURE, _IMAGE = 1, 2  # union ContentProperties
_NORMALIZATION = 1  # union ProcessUnitOptions
_AXIS_LABELS = 2  # enum AssociatedFileType
_RGB, _GRAYSCALE = 1, 2  # enum ColorSpaceType


@dataclass(frozen=True)
class _Byte:
    value: int


@dataclass(frozen=True)
class _UInt:
    value: int


_Table = dict[int, Any]  # slot -> str, _Byte, _UInt, a table, a list of floats or of tables


def described(content: bytes, about: dict[str, Any]) -> bytes:
    """The flatbuffer `content` with metadata and labels; it loads and runs as before.

    about: `name`, `description`, `labels` (empty where the answer is a number), `inputs` (as in contract.json, of the signature of the file) and `image_size` ([height, width] in
    pixels, of pictures; else None).
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for stored in model.buffers:  # litert-quantizer puts large ones behind the flatbuffer
        if stored.offset > 1:
            stored.data = np.frombuffer(content, np.uint8, stored.size, stored.offset)
            stored.offset = stored.size = 0
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(_packed(_model(model, about)), np.uint8)
    entry.name, entry.buffer = _BUFFER.encode(), len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    whole = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    return with_file(whole, LABELS, labels_text(about["labels"])) if about["labels"] else whole


def labels_text(labels: list[str]) -> str:
    """One label a line, in the order of the outputs. A line break inside of a label becomes a space: the format has no sign for it."""
    return "".join(" ".join(label.splitlines()) + "\n" for label in labels)


def with_file(content: bytes, name: str, text: str) -> bytes:
    """`content` with a zip archive at its end, stored plainly, so that readers can map it; the same bytes every time."""
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), text)  # dated 1980
    return stream.getvalue()


def _model(model, about: dict[str, Any]) -> _Table:
    graph = model.subgraphs[0]
    names = {tensor.tensorIndex: tensor.name.decode() for tensor in model.signatureDefs[0].inputs}
    inputs = {spec["name"]: spec for spec in about["inputs"]}
    inside = {
        0: about["name"],
        2: [_input(inputs[names[index]], about["image_size"]) for index in graph.inputs],
        3: [_output(bool(about["labels"]))],
    }
    return {0: about["name"], 1: about["description"], 3: [inside], 7: _PARSER}


def _input(spec: dict[str, Any], image_size: list[int] | None) -> _Table:
    """Values go in as they are: what has to be done to them is part of the graph."""
    as_it_is = [{0: _Byte(_NORMALIZATION), 1: {0: [0.0], 1: [1.0]}}]
    described = {0: spec["name"], 1: str(spec.get("note", "")), 3: {0: _Byte(_FEATURE), 1: {}}}
    if image_size is None:
        return described
    height, width = image_size
    colours = _Byte(_RGB if spec["shape"][-1] == 3 else _GRAYSCALE)
    image = {0: colours, 1: {0: _UInt(width), 1: _UInt(height)}}
    words = f"pixels 0 … 255 of any size; {height} × {width} need no resizing inside"
    return {**described, 1: words, 3: {0: _Byte(_IMAGE), 1: image}, 4: as_it_is, 5: {0: [255.0], 1: [0.0]}}


def _output(of_classes: bool) -> _Table:
    if not of_classes:
        return {0: "predictions", 1: "the number, in the unit of the labels", 3: {0: _Byte(_FEATURE), 1: {}}}
    labels = {0: LABELS, 1: "the classes, in the order of the outputs", 2: _Byte(_AXIS_LABELS)}
    return {0: "probabilities", 1: "of each class", 3: {0: _Byte(_FEATURE), 1: {}}, 5: {0: [1.0], 1: [0.0]}, 6: [labels]}


def _packed(table: _Table) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, table), _IDENTIFIER)
    return bytes(builder.Output())


def _write(builder, table: _Table) -> int:
    """Its position. What a table refers to has to be written before it."""
    written = {slot: _written(builder, value) for slot, value in table.items()}
    builder.StartObject(max(written, default=-1) + 1)
    for slot, value in written.items():
        if isinstance(value, _Byte):
            builder.PrependUint8Slot(slot, value.value, 0)
        elif isinstance(value, _UInt):
            builder.PrependUint32Slot(slot, value.value, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, value, 0)
    return builder.EndObject()


def _written(builder, value: Any) -> _Byte | _UInt | int:
    if isinstance(value, _Byte | _UInt):
        return value
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, dict):
        return _write(builder, value)
    if isinstance(value[0], dict):
        parts, prepend = [_write(builder, part) for part in value], builder.PrependUOffsetTRelative
    else:
        parts, prepend = value, builder.PrependFloat32
    builder.StartVector(4, len(parts), 4)
    for part in reversed(parts):
        prepend(part)
    return builder.EndVector()
