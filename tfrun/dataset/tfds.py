"""Datasets of TensorFlow Datasets, as they were prepared on disk."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Literal

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import Data, Dataset, Kind
from tfrun.dataset.examples import Layout, open_examples
from tfrun.dataset.records import RecordFile
from tfrun.dataset.splitting import split_name

_INSTALL = "pip install 'tfrun[tfds]'"


class TFDS(Dataset):
    """A dataset of TensorFlow Datasets by name, or a folder that it prepared. Rows are read from its TFRecord files.

    The pair (input, label) is that of `as_supervised`; names of the classes are the dataset's own. Splits are the dataset's
    where it has train and test; one split alone is shared out.
    """

    name: str | None = setting(
        None, "as in the catalogue, `tf_flowers` or `mnist:3.0.1`; it has to be prepared, or download=true"
    )
    directory: Path | None = setting(
        None, "a prepared dataset: the folder that holds dataset_info.json; in the place of a name"
    )
    data_dir: Path | None = setting(None, "where prepared datasets are; null: ~/tensorflow_datasets")
    download: bool = setting(False, "fetch and prepare what is not there; needs the internet")
    columns: list[str] = setting(list, "further features, which slices and `group` can name")
    group: str | None = setting(None, "column that must not straddle splits (a patient, a device)")
    channels: Literal[1, 3] = setting(3, "of pictures; 1: grey, 3: RGB")
    on_corrupt: Literal["fail", "skip"] = setting("fail", "what to do with a damaged record")

    def problems(self) -> list[Problem]:
        found = []
        if (self.name is None) == (self.directory is None):
            found.append(Problem("dataset.name", "or dataset.directory has to be given, and not both", "", self.name))
        if self.directory is not None and not (self.directory / "dataset_info.json").is_file():
            way_out = "give the folder of a version, as ~/tensorflow_datasets/mnist/3.0.1"
            found.append(Problem("dataset.directory", "holds no dataset_info.json", way_out, self.directory))
        if self.group is not None and self.group not in self.columns:
            found.append(Problem("dataset.group", "is none of dataset.columns", "name it there too", self.group))
        if importlib.util.find_spec("tensorflow_datasets") is None:
            found.append(Problem("dataset", "needs the package tensorflow-datasets", _INSTALL, "tfds"))
        return found

    def slice_columns(self) -> list[str]:
        return list(self.columns)

    def open(self) -> Data:
        problems = self.problems()
        if problems:
            raise RunError(*problems)
        builder = self._builder()
        info = builder.info
        if not info.splits:
            way_out = "set dataset.download=true, or prepare it with `tfds build`"
            raise RunError(Problem("dataset.name", "is not prepared on this machine", way_out, self.name))
        if info.file_format.value != "tfrecord":
            way_out = "prepare it with `tfds build --file_format=tfrecord`"
            raise RunError(
                Problem(
                    "dataset", f"is prepared as {info.file_format.value}, which has no TFRecord files", way_out, info.full_name
                )
            )
        layout = self._layout(info)
        files = {name: [RecordFile(Path(path), 0) for path in paths] for name, paths in self._paths(info).items()}
        licence = self.licence if self.licence != "unknown" else info.redistribution_info.license or "unknown"
        return open_examples(files, layout, self.split, f"tfds {info.full_name}", licence, self.on_corrupt == "skip")

    def _builder(self) -> Any:
        import tensorflow_datasets as tfds

        try:
            if self.directory is not None:
                return tfds.builder_from_directory(self.directory)
            builder = tfds.builder(self.name, data_dir=self.data_dir, try_gcs=False)
            if self.download:
                builder.download_and_prepare(file_format="tfrecord")
            return builder
        except Exception as error:  # whatever a dataset's own code raises
            first = str(error).strip().split("\n")[0][:200]
            rule = f"cannot be opened ({type(error).__name__}: {first})"
            raise RunError(Problem("dataset", rule, "see its page in the catalogue", self.name or self.directory)) from error

    def _paths(self, info) -> dict[str, list[str]]:
        """By split; all under '' where the dataset has one split only, or none that is called as ours are."""
        known = {name: split_name(name) for name in info.splits}
        if len({name for name in known.values() if name}) > 1:
            return {name: list(info.splits[name].filepaths) for name, standard in known.items() if standard}
        return {"": [path for name in info.splits for path in info.splits[name].filepaths]}

    def _layout(self, info) -> Layout:
        if not isinstance(info.supervised_keys, tuple) or not all(isinstance(key, str) for key in info.supervised_keys):
            rule = "names no pair of input and label (supervised_keys)"
            raise RunError(Problem("dataset", rule, "read its files with dataset=tfrecord", info.full_name))
        given, label = info.supervised_keys
        for column in self.columns:
            if column not in info.features:
                raise RunError(
                    Problem("dataset.columns", "is no feature of the dataset", nearest(column, info.features), column)
                )
        kind = _kind(info.features[given])
        if kind is None:
            rule = f"has '{given}' of the kind {type(info.features[given]).__name__}, which is no picture, text or vector"
            raise RunError(Problem("dataset", rule, "read its files with dataset=tfrecord", info.full_name))
        names = getattr(info.features[label], "names", None) or ()
        return Layout({given: kind}, label, list(names), self.columns, self.group, self.channels)


def _kind(feature) -> Kind | None:
    import numpy as np
    import tensorflow_datasets as tfds

    if isinstance(feature, tfds.features.Image):
        return "image" if feature.np_dtype == np.uint8 else None
    if isinstance(feature, tfds.features.Text):
        return "text"
    if isinstance(feature, tfds.features.Tensor) and len(feature.shape) <= 1:
        return "number" if np.dtype(feature.np_dtype).kind in "iuf" else None
    return None
