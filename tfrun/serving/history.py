"""`history.jsonl`: what was done to a repository, one line each. The labels are what its last lines say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tfrun.config.problems import Problem, RunError
from tfrun.disk import settle
from tfrun.serving.lock import owner


@dataclass(frozen=True)
class Model:
    """What the history says of one model.

    labels: version by label. stables: versions that were stable, the present one last, without those that were rolled
    back. pushed: the line of each pushed version. pruned: versions that were removed.
    """

    labels: dict[str, int] = field(default_factory=dict)
    stables: tuple[int, ...] = ()
    pushed: dict[int, dict[str, Any]] = field(default_factory=dict)
    pruned: frozenset[int] = frozenset()

    @property
    def before(self) -> int | None:
        """Where a rollback goes."""
        return self.stables[-2] if len(self.stables) > 1 else None

    def after(self, line: dict[str, Any]) -> Model:
        labels, stables, pushed = dict(line["labels"]), self.stables, self.pushed
        stable = labels.get("stable")
        if line["action"] == "rollback":
            stables = stables[:-1]
        elif stable is not None and (not stables or stables[-1] != stable):
            stables = (*stables, stable)
        if line["action"] == "push":
            pushed = {**pushed, line["version"]: line}
        pruned = self.pruned | {line["version"]} if line["action"] == "prune" else self.pruned
        return Model(labels, stables, pushed, pruned)


class History:
    """repository: its folder. Only one process may append at a time (see lock.py)."""

    def __init__(self, repository: Path):
        self.path = repository / "history.jsonl"

    def lines(self) -> list[dict[str, Any]]:
        """Oldest first. A last line without its end is of a process that was killed, and does not count.

        Raises RunError where a line is damaged.
        """
        content = self.path.read_bytes() if self.path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1].splitlines()
        return [self._read(number, line) for number, line in enumerate(whole, start=1)]

    def models(self) -> dict[str, Model]:
        models: dict[str, Model] = {}
        for line in self.lines():
            models[line["name"]] = models.get(line["name"], Model()).after(line)
        return models

    def append(self, action: str, name: str, version: int, labels: dict[str, int], **more: Any) -> None:
        """The line is on disk when this returns; where it cannot be written (OSError), the file is as it was."""
        who = {key: value for key, value in owner().items() if key != "pid"}
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, **who, "action": action, "name": name, "version": version, "labels": labels, **more}
        content = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        with self.path.open("ab") as file:
            end = _end_of_last_line(self.path, file.tell())
            file.truncate(end)
            try:
                file.write(content)
                settle(file)
            except OSError:
                os.truncate(self.path, end)
                raise

    def _read(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            return {**_checked(json.loads(line))}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            rule = f"line {number} is damaged"
            raise RunError(
                Problem(str(self.path), rule, "mend it, or take it from a backup: it says what is stable")
            ) from error


def _checked(line: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Callable] = {"action": str, "name": str, "version": int, "labels": dict}
    if any(not isinstance(line[key], kind) for key, kind in rules.items()):
        raise TypeError(line)
    if any(not isinstance(version, int) for version in line["labels"].values()):
        raise TypeError(line)
    return line


def _end_of_last_line(path: Path, size: int) -> int:
    """Length of the file without half a line that a killed process left."""
    if not size:
        return 0
    content = path.read_bytes()
    return content.rfind(b"\n") + 1
