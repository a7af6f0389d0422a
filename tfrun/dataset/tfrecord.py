"""TFRecord files of tf.Example: pictures, texts or numbers with a label."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import Data, Dataset, Kind
from tfrun.dataset.examples import Layout, open_examples
from tfrun.dataset.records import RecordFile


class TFRecord(Dataset):
    """tf.Example records; files that end in .gz, .gzip or .zlib are unpacked to scratch first.

    What is in a record is said by `inputs`, or by a tensorflow-metadata schema: bytes with an image_domain are pictures, with
    a natural_language_domain texts, else categories; INT and FLOAT are numbers. All but `label` and `columns` are inputs then.
    """

    files: list[str] = Field(
        description="paths or patterns; training rows where others are given below, else all rows", min_length=1
    )
    validation_files: list[str] = setting(list, "paths or patterns of the validation rows")
    test_files: list[str] = setting(list, "paths or patterns of the test rows")
    inputs: dict[str, Kind] = Field(
        default_factory=dict, description="feature: image, text, number or category; {}: from the schema"
    )
    schema_file: Path | None = setting(None, "tensorflow-metadata schema in text form (schema.pbtxt)")
    label: str = setting("label", "feature with the label, int64 or bytes")
    names: list[str] = setting(list, "names of the classes, in the order of their numbers")
    columns: list[str] = setting(list, "further features, which slices and `group` can name")
    group: str | None = setting(None, "column that must not straddle splits (a patient, a device)")
    channels: Literal[1, 3] = setting(3, "of pictures; 1: grey, 3: RGB")
    on_corrupt: Literal["fail", "skip"] = setting("fail", "what to do with a damaged record")
    scratch_gb: float = setting(20, "most room on disk for unpacked files", unit="GB", gt=0)

    @field_validator("inputs")
    @classmethod
    def _can_be_read(cls, value: dict[str, Kind]) -> dict[str, Kind]:
        for name, kind in value.items():
            if kind == "audio":
                raise ValueError(f"'{name}' cannot be audio: use dataset=audio_folder")
        if list(value.values()).count("image") > 1:
            raise ValueError("can hold one picture a row")
        return value

    @field_validator("group")
    @classmethod
    def _is_column(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and value not in info.data.get("columns", []):
            raise ValueError("is none of dataset.columns: name it there too")
        return value

    def problems(self) -> list[Problem]:
        try:
            self._layout()
            self._paths()
        except RunError as error:
            return error.problems
        return []

    def slice_columns(self) -> list[str]:
        return list(self.columns)

    def open(self) -> Data:
        layout = self._layout()
        try:
            files = {
                split: [RecordFile(path, int(self.scratch_gb * 1e9)) for path in paths]
                for split, paths in self._paths().items()
            }
        except OSError as error:
            raise RunError(Problem("dataset.files", f"cannot be read ({error.strerror})", "", error.filename)) from error
        return open_examples(files, layout, self.split, ", ".join(self.files), self.licence, self.on_corrupt == "skip")

    def _paths(self) -> dict[str, list[Path]]:
        """By split; all under '' where none is given."""
        patterns = {"files": self.files, "validation_files": self.validation_files, "test_files": self.test_files}
        found: dict[str, list[Path]] = {}
        for (key, globs), split in zip(patterns.items(), ("train", "validation", "test"), strict=True):
            for pattern in globs:
                paths = sorted(Path(path) for path in glob.glob(pattern, recursive=True) if Path(path).is_file())
                if not paths:
                    raise RunError(Problem(f"dataset.{key}", "fits no file", f"looked for from {Path.cwd()}", pattern))
                found.setdefault(split, []).extend(path for path in paths if path not in found.get(split, []))
        twice = [path for split, paths in found.items() for path in paths if any(path in found[o] for o in found if o != split)]
        if twice:
            raise RunError(Problem("dataset.files", f"has {twice[0]} in two splits", "the test would know its answers"))
        return found if len(found) > 1 else {"": found["train"]}

    def _layout(self) -> Layout:
        inputs = dict(self.inputs) or self._from_schema()
        for name in (self.label, *self.columns):
            if name in self.inputs:
                raise RunError(
                    Problem("dataset.inputs", f"'{name}' is the label or a column too", "a model would only copy it")
                )
        return Layout(inputs, self.label, self.names, self.columns, self.group, self.channels)

    def _from_schema(self) -> dict[str, Kind]:
        from google.protobuf import text_format
        from tensorflow_metadata.proto.v0 import schema_pb2

        if self.schema_file is None:
            way_out = "as 'dataset.inputs={image: image}', or set dataset.schema_file"
            raise RunError(Problem("dataset.inputs", "has to say what is in a record", way_out, {}))
        try:
            schema = text_format.Parse(self.schema_file.read_text(), schema_pb2.Schema())
        except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
            rule = f"cannot be read ({error})"
            raise RunError(Problem("dataset.schema_file", rule, "give a schema.pbtxt", self.schema_file)) from error
        features = {feature.name: feature for feature in schema.feature}
        for key, name in [("label", self.label), *(("columns", column) for column in self.columns)]:
            if name not in features:
                raise RunError(Problem(f"dataset.{key}", "is no feature of the schema", nearest(name, features), name))
        return {name: _kind(feature) for name, feature in features.items() if name not in (self.label, *self.columns)}


def _kind(feature) -> Kind:
    from tensorflow_metadata.proto.v0 import schema_pb2

    if feature.type in (schema_pb2.INT, schema_pb2.FLOAT):
        return "number"
    return {"image_domain": "image", "natural_language_domain": "text"}.get(feature.WhichOneof("domain_info"), "category")
