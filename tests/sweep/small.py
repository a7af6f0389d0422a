"""Sweeps of seconds, as a user types them."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from tests import started
from tests.conftest import ROOT
from tfrun.sweep.store import Trial, store_of

HERE = Path(__file__).parent


@cache
def few_photos() -> Path:
    """200 real product photos in ten classes, so that an epoch is a matter of milliseconds."""
    path = Path(tempfile.mkdtemp()) / "photos.npz"
    with np.load(ROOT / "tfrun/samples/fashion/fashion.npz") as stored:
        some = slice(None, None, len(stored["labels"]) // 200)  # they are sorted
        np.savez(path, inputs=stored["images"][some], labels=stored["names"][stored["labels"][some]])
    return path


def command(module: Path, *more: str) -> list[str]:
    return [
        "-m", "+experiment=quickstart", "dataset=arrays", f"dataset.path={few_photos()}", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "gate=none",
        "export=[]", "tracking=none", "hydra.sweep.dir=sweep", "sweep.finish=none", "sweep.workers=2", *more,
    ]  # fmt: skip


def with_moods(folder: Path) -> Path:
    """Where a user stands who has a head of his own."""
    shutil.copy(HERE / "own.py", folder)
    (folder / "conf/head").mkdir(parents=True)
    (folder / "conf/head/moody.yaml").write_text("_target_: own.Moody\n")
    return folder


def trials(folder: Path, name: str = "sweep") -> dict[int, Trial]:
    store = store_of(folder / name, None)
    try:
        return {trial.number: trial for trial in store.trials()}
    finally:
        store.close()


def events(folder: Path, name: str = "sweep") -> list:
    store = store_of(folder / name, None)
    try:
        return store.events()
    finally:
        store.close()


def weights(folder: Path, number: int, name: str = "sweep") -> str:
    return json.loads((folder / name / str(number) / "result.json").read_text())["weights_sha256"]


def finished(folder: Path, name: str = "sweep") -> dict[int, tuple]:
    """What a sweep is for, without what hangs on the machine: values, objectives and weights of its trials."""
    return {
        number: (trial.values, trial.objectives, weights(folder, number, name))
        for number, trial in trials(folder, name).items()
        if trial.state == "done"
    }


class Started(started.Started):
    """A sweep that goes on beside the test."""

    def until(self, has_come, seconds: float = 300) -> None:
        """has_come: of the folder of the sweep."""
        super().until(lambda: has_come(self.folder / "sweep"), seconds)

    def interrupt(self) -> tuple[int, str, str]:
        return self.send(signal.SIGINT)


def measured(directory: Path, number: int) -> int:
    """Measurements of a trial so far."""
    path = directory / str(number) / "metrics.jsonl"
    return path.read_text().count("\n") if path.is_file() else 0
