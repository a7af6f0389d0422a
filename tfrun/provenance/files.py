"""The folder `provenance/` of a run directory: bill of materials, uncommitted changes, licence texts, test predictions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfrun.disk import write_atomically
from tfrun.evaluation.slices import slicing
from tfrun.provenance.git import diff
from tfrun.provenance.licences import licence_file
from tfrun.provenance.sbom import sbom
from tfrun.provenance.secrets import masked, masked_values

if TYPE_CHECKING:
    from tfrun.experiment import Experiment
    from tfrun.export.held import Held
    from tfrun.record import Record
    from tfrun.record.result import Result

FOLDER = "provenance"
_PREDICTIONS = 4_000_000  # bytes that are kept, of the first test rows


def keep_diff(record: Record, result: Result) -> None:
    """What was not committed when the run began, in `git.diff`; its hash goes into the environment."""
    if not result.environment["git"]["dirty"]:
        return
    text = masked(diff())
    result.environment["git"]["diff_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    write_atomically(_folder(record.directory) / "git.diff", text)


def write(experiment: Experiment, held: Held, result: Result) -> None:
    """sbom.json, predictions.npy (float32 [rows, classes], the first test rows), rows.npz (their labels, names and slices) and
    backbone-licence.txt where there is one.
    """
    folder = _folder(result.directory)
    text = _backbone_licence(experiment)
    if text:
        write_atomically(folder / "backbone-licence.txt", text)
    write_atomically(folder / "sbom.json", json.dumps(masked_values(sbom(result, text)), indent=1, ensure_ascii=False) + "\n")
    rows = max(1, _PREDICTIONS // max(1, 4 * held.probabilities.shape[1]))
    np.save(folder / "predictions.npy", held.probabilities[:rows].astype(np.float32))
    named = [
        slicing(held.split, columns).largest(experiment.evaluation.slice_values)
        for columns in experiment.evaluation.slices
        if columns != "auto"
    ]
    slices = {f"slice {one.name}": np.array([*one.values, ""])[one.codes[:rows]] for one in named}
    np.savez_compressed(
        folder / "rows.npz", labels=held.split.labels[:rows], ids=held.split.ids[:rows].astype(str), **slices
    )


@dataclass(frozen=True)
class Answers:
    """What a run said of its first test rows. labels: int32 [rows]; ids: strings [rows]; slices: {name: strings [rows]}."""

    probabilities: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    slices: dict[str, np.ndarray]

    def same_rows(self, other: Answers) -> bool:
        same = np.array_equal(self.labels, other.labels) and np.array_equal(self.ids, other.ids)
        return same and self.probabilities.shape == other.probabilities.shape


def answers(directory: Path) -> Answers | None:
    """None where the run kept none."""
    path, probabilities = directory / FOLDER / "rows.npz", predictions(directory)
    if probabilities is None or not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        slices = {name.removeprefix("slice "): stored[name] for name in stored.files if name.startswith("slice ")}
        return Answers(probabilities, stored["labels"], stored["ids"], slices)


def predictions(directory: Path) -> np.ndarray | None:
    """What the run in `directory` said of its first test rows; None where it kept nothing."""
    path = directory / FOLDER / "predictions.npy"
    return np.load(path, allow_pickle=False) if path.is_file() else None


def _folder(directory: Path) -> Path:
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    return folder


def _backbone_licence(experiment: Experiment) -> str:
    from tfrun.backbone import handles

    handle = getattr(experiment.backbone, "handle", None)
    file = licence_file(handles.resolve(handle)) if handle is not None else None
    return file.read_text(encoding="utf-8", errors="replace") if file else ""
