"""A folder of pictures: one folder a class, or an index file that names the label of each."""

from __future__ import annotations

import csv
import functools
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationInfo, field_validator

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError, nearest
from tfrun.dataset import Data, Dataset, InputSpec, Skipped
from tfrun.dataset.listing import Listing, list_folder
from tfrun.dataset.pictures import ENDINGS, Picture, examine, facts_of, notes_on, reader
from tfrun.dataset.splitting import assign
from tfrun.dataset.table import Rows, split_rows


class ImageFolder(Dataset):
    """JPEG, PNG, BMP, WebP and GIF (first frame) files.

    Without `index`: `directory/CLASS/*.jpg`, or `directory/{train,validation,test}/CLASS/*.jpg` for given splits.
    With `index`: a CSV with the columns `file` (relative to `directory`) and `label`, optionally `split`, and any
    others, which slices and `group` can name.
    """

    directory: Path = setting(help="folder with one folder a class")
    index: Path | None = setting(None, "CSV with file, label and any other columns; relative to directory")
    group: str | None = setting(None, "column of the index that must not straddle splits (a patient, a device)")
    channels: Literal[1, 3] = setting(3, "1: grey, 3: RGB")
    on_corrupt: Literal["fail", "skip"] = setting("fail", "what to do with a file that is no picture")

    @field_validator("directory")
    @classmethod
    def _is_folder(cls, value: Path) -> Path:
        if not value.exists():
            raise ValueError(f"does not exist (looked for from {Path.cwd()}); give the folder that holds one folder a class")
        if not value.is_dir():
            raise ValueError("is no folder")
        return value

    @field_validator("index")
    @classmethod
    def _is_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        directory = info.data.get("directory")
        if value is not None and directory is not None and not (directory / value).is_file():
            raise ValueError(f"does not exist in {directory}")
        return value

    @functools.cached_property
    def _listed_before(self) -> Listing:
        """For what is told before the run, however often it is asked; `open` lists anew."""
        return self._listing()

    def problems(self) -> list[Problem]:
        try:
            return self._problems_of(self._listed_before.rows)
        except RunError as error:
            return error.problems
        except OSError as error:
            return [Problem("dataset.directory", f"cannot be read ({error.strerror})", "mend its permissions", self.directory)]

    def _problems_of(self, rows: Rows) -> list[Problem]:
        names, labels = np.unique(rows.labels, return_inverse=True)
        if not len(rows.ids):
            return [
                Problem(
                    "dataset.directory",
                    "holds no picture",
                    f"put {', '.join(ENDINGS)} files into one folder a class",
                    self.directory,
                )
            ]
        if len(names) == 1:
            return [
                Problem(
                    "dataset.directory",
                    f"holds one class only, '{names[0]}'",
                    "a classifier needs two; put one folder a class",
                    self.directory,
                )
            ]
        assign(labels, self.split, rows.given, rows.groups)
        return []

    def slice_columns(self) -> list[str]:
        return list(self._listed_before.rows.columns)

    def open(self) -> Data:
        listing = self._listing_to_open()
        rows = listing.rows
        paths = [str(self.directory / name) for name in rows.ids]
        found = examine(paths)
        skipped = [item for item in found if isinstance(item, Skipped)] + list(listing.left_out)
        if skipped and self.on_corrupt == "fail":
            shown = [
                Problem(item.file, item.reason, "mend or remove it, or set dataset.on_corrupt=skip") for item in skipped[:10]
            ]
            more = (
                [Problem("dataset.directory", f"{len(skipped) - 10} more files are no pictures")] if len(skipped) > 10 else []
            )
            raise RunError(*shown, *more)
        sound = np.array([position for position, item in enumerate(found) if isinstance(item, Picture)], int)
        pictures = [found[position] for position in sound]
        read = reader([paths[position] for position in sound], pictures, self.channels)
        inputs = (InputSpec("image", "uint8", (None, None, self.channels)),)
        kept = [picture.digest for picture in pictures]
        rows = replace(rows.keep(sound), facts=facts_of(pictures))
        if len(set(rows.labels)) < 2:
            raise RunError(Problem("dataset.directory", "holds fewer than two classes of sound pictures", "", self.directory))
        data = split_rows(rows, self.split, read, inputs, kept, str(self.directory), self.licence, tuple(skipped))
        return replace(data, notes=notes_on(rows.ids, pictures))

    def _listing_to_open(self) -> Listing:
        try:
            listing = self._listing()
        except OSError as error:
            rule = f"cannot be read ({error.strerror})"
            raise RunError(Problem("dataset.directory", rule, "mend its permissions", self.directory)) from error
        problems = self._problems_of(listing.rows)
        if problems:
            raise RunError(*problems)
        return listing

    def _listing(self) -> Listing:
        if self.index is not None:
            return Listing(self._indexed())
        if self.group:
            raise RunError(Problem("dataset.group", "needs an index that has this column", "set dataset.index", self.group))
        return list_folder(self.directory)

    def _indexed(self) -> Rows:
        path = self.directory / self.index
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                header = [name.strip() for name in reader.fieldnames or []]
                reader.fieldnames = header
                records = [
                    {key: value.strip() if isinstance(value, str) else value for key, value in row.items()} for row in reader
                ]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise RunError(Problem("dataset.index", f"cannot be read ({error})", "save it as UTF-8 CSV", path)) from error
        self._check_header(header)
        seen: dict[str, int] = {}
        for number, record in enumerate(records, start=2):
            if None in record or None in record.values():
                raise RunError(Problem("dataset.index", f"line {number} has not {len(header)} fields", "mend the line", path))
            if not record["file"] or not record["label"]:
                raise RunError(Problem("dataset.index", f"line {number} has no file or no label", "mend the line", path))
            if seen.setdefault(record["file"], number) != number:
                rule = f"lines {seen[record['file']]} and {number} name the same file, {record['file']}"
                raise RunError(Problem("dataset.index", rule, "remove one: it could land in train and in test", path))
            if not (self.directory / record["file"]).is_file():
                raise RunError(
                    Problem(
                        "dataset.index", f"line {number} names {record['file']}, which does not exist", "mend the line", path
                    )
                )

        def column(name: str) -> np.ndarray:
            return np.array([record[name] for record in records], object)

        others = {name: column(name) for name in header if name not in ("file", "label", "split")}
        given = column("split") if "split" in header else None
        return Rows(column("file"), column("label"), given, column(self.group) if self.group else None, others)

    def _check_header(self, header: list[str]) -> None:
        for name in ("file", "label"):
            if name not in header:
                raise RunError(
                    Problem(
                        "dataset.index",
                        f"has no column '{name}' (it has {', '.join(header) or 'none'})",
                        "name it so",
                        self.index,
                    )
                )
        if self.group and self.group not in header:
            raise RunError(Problem("dataset.group", "is no column of the index", nearest(self.group, header), self.group))
