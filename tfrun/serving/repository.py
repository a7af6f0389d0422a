"""A repository of versions for TensorFlow Serving: `<repository>/<name>/<version>/`, and which of them is stable.

A command is decided by its line in `history.jsonl`; what follows from the line is done after it, and done by the next
command where this one was killed. Readers see whole versions and whole configs only.

<repository>/<name>/<version>/    SavedModel, warm-up requests, contract
<repository>/<name>/.incoming-…   a version on its way
<repository>/history.jsonl        who did what, when, from which run
<repository>/models.config        for a server of all models and labels
<repository>/<name>/stable.config for a server of this model's stable version; canary.config: of its canary
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfrun.config.problems import ConfigError, Problem, RunError, nearest
from tfrun.disk import copy_folder, sync_folder, write_atomically
from tfrun.export.size import hash_of, size_of
from tfrun.serving import configs
from tfrun.serving.evidence import Evidence
from tfrun.serving.history import History, Model
from tfrun.serving.lock import alone

WAIT = 600.0  # seconds for another process to be done
_INCOMING, _GONE = ".incoming-", ".gone-"
_ROOMLESS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
_HEAD = "# Written by tfrun from history.jsonl: labels are moved with `push`, `promote` and `rollback`.\n"


@dataclass(frozen=True)
class Done:
    """What a command did. labels: version by label, after it. removed: versions that were pruned."""

    name: str
    version: int
    labels: dict[str, int]
    changed: bool = True
    removed: tuple[int, ...] = ()


class Repository:
    """folder: its root. wait: seconds for another process that is writing it.

    Every command raises RunError in one line where the folder cannot be read, written or locked.
    """

    def __init__(self, folder: Path, wait: float = WAIT):
        self.folder, self.wait = folder, wait
        self.history = History(folder)

    def push(self, run: Evidence, name: str | None = None, label: str = "canary", keep: int | None = None) -> Done:
        """Copies the run's `serving` export in as a new version with that label.

        keep: versions to leave there; labelled ones and the one a rollback goes to always stay. Raises NotBlessed,
        RunError where the export is not what was measured, ConfigError where `name` cannot name a model.
        """
        artifact = run.artifact("serving")
        run.demand_passed(artifact)
        run.demand_same_bytes(artifact)
        source = run.path(artifact)
        name = _sound(name or source.parent.name)
        if self.folder.resolve().is_relative_to(run.directory.resolve()):
            raise RunError(Problem(str(self.folder), "is inside the run itself", "name a folder of its own"))
        with self._writing(size_of(source), create=True):
            version = max([*self._numbers(name), *self._model(name).pushed, 0]) + 1
            staged = self._staged(run, artifact, self.folder / name, version)
            labels = {**self._labels(name), label: version}
            more = {"staged": staged.name, "sha256": artifact.sha256, "run": run.about()}
            try:
                self.history.append("push", name, version, labels, **more)
            except OSError:  # there is no such line: it was not pushed
                shutil.rmtree(staged, ignore_errors=True)
                raise
            self._follow()
            removed = self._prune(name, keep) if keep else ()
        return Done(name, version, labels, removed=removed)

    def _staged(self, run: Evidence, artifact, parent: Path, version: int) -> Path:
        """A whole copy that no reader sees; nothing is left where it cannot be made."""
        staged = parent / f"{_INCOMING}{version}-{secrets.token_hex(4)}"
        try:
            parent.mkdir(exist_ok=True)
            copy_folder(run.path(artifact), staged)
            run.demand_same_bytes(artifact, staged)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        return staged

    def promote(self, name: str, version: int | None = None, why: str = "") -> Done:
        """Moves `stable` to that version; None: to the canary's. why: for the history."""
        with self._writing():
            model = self._known(name)
            if version is None and "canary" not in model.labels:
                raise RunError(Problem(name, "has no canary", "`push … --label canary` brings one; or name a --version"))
            version = model.labels["canary"] if version is None else version
            return self._move("promote", name, model, version, why)

    def rollback(self, name: str, why: str = "") -> Done:
        """Moves `stable` back to the version that was stable before. why: for the history."""
        with self._writing():
            model = self._known(name)
            if model.before is None:
                stable = model.labels.get("stable", "none")
                raise RunError(
                    Problem(name, f"has no earlier stable version (stable: {stable})", "`promote … --version N` names one")
                )
            return self._move("rollback", name, model, model.before, why)

    def _move(self, action: str, name: str, model: Model, version: int, why: str) -> Done:
        if model.labels.get("stable") == version:
            return Done(name, version, model.labels, changed=False)
        self._demand_whole(name, model, version)
        labels = {**model.labels, "stable": version}
        self.history.append(action, name, version, labels, before=model.labels.get("stable"), why=why)
        self._follow()
        return Done(name, version, labels)

    def _demand_whole(self, name: str, model: Model, version: int) -> None:
        folder = self.folder / name / str(version)
        way_out = f"choose from {', '.join(map(str, self._numbers(name)))} with `promote … --version N`"
        if version in model.pruned or not folder.is_dir():
            raise RunError(Problem(f"{name} {version}", "is not in the repository", way_out))
        if not (folder / "saved_model.pb").is_file():
            raise RunError(Problem(str(folder), "is no whole version: it holds no saved_model.pb", way_out))
        pushed = model.pushed.get(version)
        if pushed and hash_of(folder) != pushed["sha256"]:
            raise RunError(Problem(str(folder), "is damaged: it is not what was pushed", way_out))

    def _prune(self, name: str, keep: int) -> tuple[int, ...]:
        """Versions that nothing needs, oldest first."""
        model = self._model(name)
        needed = {*model.labels.values(), model.before}
        there = self._numbers(name)
        oldest = there[: max(0, len(there) - keep)]
        removed = [version for version in oldest if version in model.pushed and version not in needed]
        for version in removed:
            self.history.append("prune", name, version, model.labels)
        self._follow()
        self._sweep()
        return tuple(removed)

    @contextmanager
    def _writing(self, needed: int = 0, create: bool = False) -> Iterator[None]:
        """Alone, with what a killed command left put in order. needed: bytes, for the message when there is no room."""
        if not create and not self.folder.is_dir():
            raise RunError(Problem(str(self.folder), "is no folder", "name the repository that versions are pushed to"))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with alone(self.folder, self.wait, self._say_waiting):
                self._follow()
                self._sweep()
                yield
        except OSError as error:
            room = f"make room: a version needs {needed / 1e6:.1f} MB" if needed else "make room"
            way_out = f"{room}; what is there is whole" if error.errno in _ROOMLESS else "mend it, or name another repository"
            rule = f"cannot be written ({error.strerror or error})"
            raise RunError(Problem(str(self.folder), rule, way_out)) from error

    def _follow(self) -> None:
        """What the history decided: a pushed version becomes visible, a pruned one hidden, the configs say the labels."""
        models = self.history.models()
        for name, model in models.items():
            for version, line in model.pushed.items():
                visible = self.folder / name / str(version)
                if version in model.pruned and visible.exists():
                    visible.rename(visible.with_name(f"{_GONE}{version}-{secrets.token_hex(4)}"))
                elif (staged := visible.with_name(line["staged"])).is_dir() and not visible.exists():
                    staged.rename(visible)
                    sync_folder(visible.parent)
        if models:
            self._configure(models)

    def _configure(self, models: dict[str, Model]) -> None:
        labels = {name: model.labels for name, model in models.items()}
        also = {name: [model.before] for name, model in models.items() if model.before in self._numbers(name)}
        path = self._config
        text = configs.models(labels, also, configs.read(path), str(path))
        bases = configs.base_paths(text)
        texts = {path: text}
        for name, each in labels.items():
            for label in configs.LABELS:
                texts[self.folder / name / f"{label}.config"] = configs.track(name, each, label, bases[name])
        for file, content in texts.items():
            if configs.read(file) != _HEAD + content:
                write_atomically(file, _HEAD + content)

    def _sweep(self) -> None:
        """Hidden folders of commands that were killed."""
        for folder in [*self.folder.glob(f"*/{_INCOMING}*"), *self.folder.glob(f"*/{_GONE}*")]:
            shutil.rmtree(folder)

    def _numbers(self, name: str) -> list[int]:
        """Of the versions in the folder, smallest first."""
        folder = self.folder / name
        return sorted(int(entry) for entry in os.listdir(folder) if entry.isdecimal()) if folder.is_dir() else []

    @property
    def _config(self) -> Path:
        return self.folder / "models.config"

    def _labels(self, name: str) -> dict[str, int]:
        """Of a model that was never pushed here: those that somebody wrote by hand."""
        models = self.history.models()
        return (
            models[name].labels
            if name in models
            else configs.labels(configs.read(self._config), str(self._config)).get(name, {})
        )

    def _model(self, name: str) -> Model:
        return self.history.models().get(name, Model())

    def _known(self, name: str) -> Model:
        models = self.history.models()
        if name not in models:
            raise RunError(Problem(name, f"is no model of {self.folder}", nearest(name, models)))
        return models[name]

    def _say_waiting(self, who: str) -> None:
        print(f"waiting: {self.folder} is being written by {who}", file=sys.stderr, flush=True)


def _sound(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(Problem("--name", "must be letters, digits, '_', '-' and '.', and not begin with '.'", "", name))
    return name
