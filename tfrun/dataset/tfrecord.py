"""TFRecord files of tf.Example: pictures, texts or numbers with a label."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import Data, Dataset, Kind
from tfrun.dataset.address import Pattern, address_of
from tfrun.dataset.examples import Layout, open_examples
from tfrun.dataset.local import Local, local_files
from tfrun.dataset.records import RecordFile
from tfrun.task import TASKS


class TFRecord(Dataset):
    """tf.Example records; files that end in .gz, .gzip or .zlib are unpacked to scratch first.

    What is in a record is said by `inputs`, or by a tensorflow-metadata schema: bytes with an image_domain are pictures, with
    a natural_language_domain texts, else categories; INT and FLOAT are numbers. All but `label` and `columns` are inputs then.
    """

    tasks: ClassVar = tuple(TASKS)
    files: list[Pattern] = Field(
        description="paths, patterns, gs:// or s3:// addresses; training rows where others are given below, else all",
        min_length=1,
    )
    validation_files: list[Pattern] = setting(list, "paths or patterns of the validation rows")
    test_files: list[Pattern] = setting(list, "paths or patterns of the test rows")
    inputs: dict[str, Kind] = Field(
        default_factory=dict, description="feature: image, text, number or category; {}: from the schema"
    )
    schema_file: Path | None = setting(None, "tensorflow-metadata schema in text form (schema.pbtxt)")
    label: str = setting(
        "label", "feature with the label, int64 or bytes; with task=regression a number, with multilabel any number of values"
    )
    names: list[str] = setting(list, "names of the classes, in the order of their numbers")
    columns: list[str] = setting(list, "further features, which slices and `group` can name")
    group: str | None = setting(None, "column that must not straddle splits (a patient, a device)")
    channels: Literal[1, 3] = setting(3, "of pictures; 1: grey, 3: RGB")
    on_corrupt: Literal["fail", "skip"] = setting("fail", "what to do with a damaged record")
    scratch_gb: float = setting(20, "most room on disk for an unpacked file, and for a copy of a bucket", unit="GB", gt=0)

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
            self._files(fetch=False)
        except RunError as error:
            return error.problems
        return []

    def slice_columns(self) -> list[str]:
        return list(self.columns)

    def open(self) -> Data:
        layout, limit = self._layout(), int(self.scratch_gb * 1e9)
        try:
            files = {
                split: [RecordFile(file.path, limit, file.place) for file in found]
                for split, found in self._files(fetch=True).items()
            }
        except OSError as error:
            raise RunError(Problem("dataset.files", f"cannot be read ({error.strerror})", "", error.filename)) from error
        return open_examples(files, layout, self.split, ", ".join(self.files), self.licence, self.on_corrupt == "skip")

    def _files(self, fetch: bool) -> dict[str, list[Local]]:
        """By split; all under '' where none is given. fetch: false: without those in buckets."""
        patterns = {"files": self.files, "validation_files": self.validation_files, "test_files": self.test_files}
        found: dict[str, dict[str, Local]] = {}
        for (key, globs), split in zip(patterns.items(), ("train", "validation", "test"), strict=True):
            for pattern in globs:
                files = self._matching(pattern, f"dataset.{key}", fetch)
                found.setdefault(split, {}).update((file.place, file) for file in files)
        for split, files in found.items():
            for place in files:
                if any(place in found[other] for other in found if other != split):
                    raise RunError(Problem("dataset.files", f"has {place} in two splits", "the test would know its answers"))
        by_split = {split: list(files.values()) for split, files in found.items()}
        return by_split if len(by_split) > 1 else {"": by_split["train"]}

    def _matching(self, pattern: str, key: str, fetch: bool) -> list[Local]:
        address = address_of(pattern)
        if address is not None:
            return local_files(address, int(self.scratch_gb * 1e9), key) if fetch else []
        paths = sorted(Path(path) for path in glob.glob(pattern, recursive=True) if Path(path).is_file())
        if not paths:
            raise RunError(Problem(key, "fits no file", f"looked for from {Path.cwd()}", pattern))
        return [Local(path, str(path)) for path in paths]

    def _layout(self) -> Layout:
        inputs = dict(self.inputs) or self._from_schema()
        for name in (self.label, *self.columns):
            if name in self.inputs:
                raise RunError(
                    Problem("dataset.inputs", f"'{name}' is the label or a column too", "a model would only copy it")
                )
        return Layout(inputs, self.label, self.names, self.columns, self.group, self.channels, self.labelling)

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
