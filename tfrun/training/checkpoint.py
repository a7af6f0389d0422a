"""Checkpoints: whole states of a training on disk, each written at once or not at all, and checked when it is read.

`checkpoints/step-00000123.0/` (step and phase) holds `state.npz` (arrays by name, and `facts`, a JSON text) and `state.sha256`, in the format of
sha256sum. Files are written and synced under a name that begins with a dot, then the folder is renamed: what has its
name is whole. Writing goes on beside training, in a thread of its own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.disk import settle, sync_folder, write_synced

_PREFIX = "step-"


@dataclass(frozen=True)
class State:
    """arrays: by name. facts: what JSON can hold."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


class Damaged(Exception):
    """A checkpoint that is not what was written."""


class Checkpoints:
    """The newest `keep` checkpoints in `directory`. warn: told in a line what could not be written or read."""

    def __init__(self, directory: Path, keep: int, warn: Callable[[str], None]):
        self.directory, self.keep, self._warn = directory, keep, warn
        self._pending: tuple[str, State] | None = None
        self._busy = False
        self._changed = threading.Condition()
        self._writer: threading.Thread | None = None
        self._told = False

    def save(self, step: int, state: State, order: int = 0) -> None:
        """Hands `state` to the writer. order: of states of the same step.

        Where the disk is slower than training, the newest state takes the place of one that waits.
        """
        with self._changed:
            self._pending = (f"{_PREFIX}{step:08d}.{order}", state)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_all, name="checkpoints", daemon=True)
                self._writer.start()
            self._changed.notify_all()

    def wait(self) -> None:
        """Until all is on disk."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending is None and not self._busy)

    def newest(self) -> State | None:
        """The newest sound checkpoint; a damaged one is told of and passed over. None where there is none."""
        self.wait()
        for folder in reversed(self._folders()):
            try:
                return read(folder)
            except Damaged as damage:
                self._warn(f"checkpoint {folder.name} {damage}: going back to the one before")
                folder.rename(folder.with_name(f".damaged-{folder.name}"))
        return None

    def _folders(self) -> list[Path]:
        return sorted(folder for folder in self.directory.glob(f"{_PREFIX}*") if folder.is_dir())

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending is not None)
                (name, state), self._pending, self._busy = self._pending, None, True
            try:
                write(self.directory / name, state)
                for old in self._folders()[: -self.keep]:
                    shutil.rmtree(old)
            except OSError as error:
                self._tell(name, error)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _tell(self, name: str, error: OSError) -> None:
        if not self._told:
            whole = self._folders()
            last = f"the last whole one is {whole[-1].name}" if whole else "there is none yet"
            self._warn(f"checkpoint {name} cannot be written ({error.strerror or error}); training goes on, {last}")
        self._told = True


def write(folder: Path, state: State) -> None:
    """Raises OSError where it cannot be written; nothing is left of it then."""
    scratch = folder.with_name(f".{folder.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir(parents=True)
        with (scratch / "state.npz").open("wb") as file:
            hashed = _Hashed(file)
            text = np.frombuffer(json.dumps(state.facts).encode(), np.uint8)
            np.savez(hashed, facts=text, **{f"array/{name}": value for name, value in state.arrays.items()})
            settle(file)
        write_synced(scratch / "state.sha256", f"{hashed.digest.hexdigest()}  state.npz\n".encode())
        old = folder.with_name(f".old-{folder.name}")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        scratch.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        sync_folder(folder.parent)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def read(folder: Path) -> State:
    """Raises Damaged where a bit of it is not what was written."""
    try:
        with (folder / "state.npz").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if (folder / "state.sha256").read_text(errors="replace").split()[:1] != [found]:
            raise Damaged("does not match its checksum")
        with np.load(folder / "state.npz", allow_pickle=False) as stored:
            arrays = {name.removeprefix("array/"): stored[name] for name in stored.files if name.startswith("array/")}
            return State(arrays, json.loads(stored["facts"].tobytes()))
    except OSError as error:
        raise Damaged(f"cannot be read ({error.strerror})") from error


class _Hashed:
    """A file that hashes what is written to it; it cannot seek, so nothing is written twice."""

    def __init__(self, file):
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data) -> int:
        self.digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def read(self, *_):
        raise OSError("is written only")
