"""What folders of pictures, sounds and texts share: layouts, index, files that are broken, splits."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ValidationInfo, field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.cores import cores
from tfrun.dataset import Data, Dataset, InputSpec, Skipped
from tfrun.dataset.address import Place
from tfrun.dataset.index import read_index
from tfrun.dataset.listing import Listing, list_folder
from tfrun.dataset.local import is_here, local, wrong_folder
from tfrun.dataset.reading import NotReadable, content_of, contents, fingerprint
from tfrun.dataset.splitting import assign
from tfrun.dataset.table import split_rows
from tfrun.task import TASKS

_SHOWN = 10  # broken files in one message


@dataclass(frozen=True)
class Examined:
    """One sound file. digest: sha256 over all that its row is made from. facts: see Split. content: whatever `reader` wants."""

    digest: bytes
    facts: dict[str, Any] = field(default_factory=dict)
    content: Any = None


class Folder(Dataset):
    """Base of the folder data sets.

    Without `index`: `directory/CLASS/FILE`, or `directory/{train,validation,test}/CLASS/FILE` for given splits.
    With `index`: a CSV with the columns `file` (relative to `directory`) and `label`, optionally `split`, and any
    others, which slices and `group` can name.
    """

    tasks: ClassVar = tuple(TASKS)
    what: ClassVar[tuple[str, str]]  # "picture", "pictures"
    endings: ClassVar[tuple[str, ...]]  # of files that are read, in lower case
    not_read: ClassVar[tuple[str, ...]] = ()  # of files of the same sort that cannot be read: these are named

    directory: Place = setting(
        help="folder with one folder a class; an archive of it (.zip, .tar.gz …), a gs:// or s3:// address"
    )
    index: Path | None = setting(None, "CSV with file, label and any other columns; relative to directory")
    group: str | None = setting(None, "column of the index that must not straddle splits (a patient, a device)")
    on_corrupt: Literal["fail", "skip"] = setting("fail", "what to do with a file that cannot be read")
    scratch_gb: float = setting(20, "most room on disk for a copy of a bucket, or an unpacked archive", unit="GB", gt=0)

    def examine(self, content: bytes) -> Examined:
        """content: of one file. Called in several threads. Raises NotReadable."""
        raise NotImplementedError

    def reader(self, contents: Callable, examined: list[Examined]) -> tuple[Callable, tuple[InputSpec, ...], bool]:
        """Split.read of these files, what it gives, and Split.reads_batches. contents: int64 row -> bytes of a file, in a graph."""
        raise NotImplementedError

    def facts(self, examined: list[Examined]) -> dict[str, np.ndarray]:
        """See Split: of all files."""
        return _columns(examined)

    def notes(self, names: np.ndarray, examined: list[Examined]) -> tuple[str, ...]:
        """See Data. names: of the files, in their order."""
        return ()

    @field_validator("directory")
    @classmethod
    def _is_folder(cls, value: Path | str) -> Path | str:
        wrong = wrong_folder(value, "one folder a class")
        if wrong:
            raise ValueError(wrong)
        return value

    @field_validator("index")
    @classmethod
    def _is_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        directory = info.data.get("directory")
        if value is not None and directory is not None and is_here(directory) and not (directory / value).is_file():
            raise ValueError(f"does not exist in {directory}")
        return value

    @functools.cached_property
    def _listed_before(self) -> Listing:
        """For what is told before the run, however often it is asked; `open` lists anew."""
        return self._listing(self.directory)

    def problems(self) -> list[Problem]:
        """Of a bucket or an archive nothing is told before it is opened."""
        return self._problems_before if is_here(self.directory) else self._problems_of_keys()

    @functools.cached_property
    def _problems_before(self) -> list[Problem]:
        try:
            return self._problems_of(self._listed_before)
        except RunError as error:
            return error.problems
        except OSError as error:
            return [Problem("dataset.directory", f"cannot be read ({error.strerror})", "mend its permissions", self.directory)]

    def _problems_of(self, listing: Listing) -> list[Problem]:
        rows = listing.rows
        if not len(rows.ids):
            way_out = f"put {', '.join(self.endings)} files into one folder a class"
            first = f" that can be read ({listing.left_out[0].file}: {listing.left_out[0].reason})" if listing.left_out else ""
            return [Problem("dataset.directory", f"holds no {self.what[0]}{first}", way_out, self.directory)]
        labels = rows.encoded
        if self.task == "classification" and len(labels.classes) == 1:
            way_out = "a classifier needs two; put one folder a class"
            return [Problem("dataset.directory", f"holds one class only, '{labels.classes[0]}'", way_out, self.directory)]
        assign(labels.strata, self.split, rows.given, rows.groups, rows.columns)
        return []

    def slice_columns(self) -> list[str] | None:
        return list(self._listed_before.rows.columns) if is_here(self.directory) else None

    def open(self) -> Data:
        place = local(self.directory, int(self.scratch_gb * 1e9), "dataset.directory")
        with place.told():
            data = self._opened(place.path)
        return replace(data, skipped=tuple(replace(item, file=place.called(item.file)) for item in data.skipped))

    def _opened(self, folder: Path) -> Data:
        listing = self._listing_to_open(folder)
        paths = [os.path.join(folder, name) for name in listing.rows.ids]
        with ThreadPoolExecutor(max_workers=cores()) as pool:
            results = list(pool.map(self._examined, paths))
        skipped = [result for result in results if isinstance(result, Skipped)] + list(listing.left_out)
        if skipped and self.on_corrupt == "fail":
            raise self._broken(skipped)
        sound = np.array([position for position, result in enumerate(results) if not isinstance(result, Skipped)], int)
        examined, rows = [results[position][0] for position in sound], listing.rows.keep(sound)
        if self.task == "classification" and len(set(rows.labels)) < 2:
            rule = f"holds fewer than two classes of sound {self.what[1]}"
            raise RunError(Problem("dataset.directory", rule, "", self.directory))
        rows = replace(rows, facts=self.facts(examined))
        again = contents([paths[position] for position in sound], [results[position][1] for position in sound])
        read, inputs, batches = self.reader(again, examined)
        digests = (each.digest for each in examined)
        data = split_rows(rows, self.split, read, inputs, digests, str(self.directory), self.licence, tuple(skipped), batches)
        return replace(data, notes=self.notes(rows.ids, examined))

    def _examined(self, path: str) -> tuple[Examined, int] | Skipped:
        """And the file's fingerprint."""
        try:
            content = content_of(path)
            return self.examine(content), fingerprint(content)
        except NotReadable as error:
            return Skipped(path, str(error))

    def _broken(self, skipped: list[Skipped]) -> RunError:
        way_out = "mend or remove it, or set dataset.on_corrupt=skip"
        shown = [Problem(item.file, item.reason, way_out) for item in skipped[:_SHOWN]]
        if len(skipped) > _SHOWN:
            shown.append(Problem("dataset.directory", f"{len(skipped) - _SHOWN} more files are no {self.what[1]}"))
        return RunError(*shown)

    def _listing_to_open(self, folder: Path) -> Listing:
        try:
            listing = self._listing(folder)
        except OSError as error:
            rule = f"cannot be read ({error.strerror})"
            raise RunError(Problem("dataset.directory", rule, "mend its permissions", self.directory)) from error
        problems = self._problems_of(listing)
        if problems:
            raise RunError(*problems)
        return listing

    def _listing(self, folder: Path) -> Listing:
        if self.index is not None:
            return Listing(read_index(folder, self.index, self.group, self.labelling))
        if self._problems_of_keys():
            raise RunError(*self._problems_of_keys())
        return list_folder(folder, self.endings, self.not_read, self.what[1])

    def _problems_of_keys(self) -> list[Problem]:
        if self.task != "classification" and self.index is None:
            rule = "needs labels that are no names of folders"
            return [Problem("dataset.task", rule, "set dataset.index to a CSV with the columns file and label", self.task)]
        if self.group and self.index is None:
            return [Problem("dataset.group", "needs an index that has this column", "set dataset.index", self.group)]
        return []


def _columns(examined: list[Examined]) -> dict[str, np.ndarray]:
    """Facts of all files, by name."""
    names = examined[0].facts if examined else {}
    columns = {name: [each.facts[name] for each in examined] for name in names}
    return {
        name: np.array(values, object if any(isinstance(value, str) for value in values) else float)
        for name, values in columns.items()
    }
