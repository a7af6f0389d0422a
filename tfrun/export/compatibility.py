"""What a new contract would break for callers of an old one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrun.config.problems import ConfigError, Problem
from tfrun.evaluation.threshold import by_class
from tfrun.task import task_in


@dataclass(frozen=True)
class Change:
    """breaks: somebody who calls the model as the old contract says would get an error or a wrong answer."""

    breaks: bool
    where: str
    what: str

    def __str__(self) -> str:
        return f"{'BREAKS' if self.breaks else 'fine'}  {self.where}: {self.what}"


def read(path: Path) -> dict[str, Any]:
    """path: of a contract.json, or of a folder with exports or a run. Raises ConfigError."""
    places = [path, path / "contract.json", path / "exports" / "contract.json"]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise ConfigError(Problem(str(path), "holds no contract.json", "name the file, or the run directory that holds it"))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {key: content[key] for key in ("signatures", "labels", "normalisation")} | {
            "task": task_in(content),
            "decision": content.get("decision", {}),  # files of old have none
        }
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(Problem(str(file), f"is no contract ({type(error).__name__}: {error})", "is it whole?")) from error


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """All changes, those that break first."""
    found = [
        *_task(task_in(old), task_in(new)),
        *_labels(old["labels"], new["labels"]),
        *_normalisation(old["normalisation"], new["normalisation"]),
    ]
    found += _decision(old.get("decision", {}), new.get("decision", {}))
    for name, signature in old["signatures"].items():
        if name not in new["signatures"]:
            found.append(Change(True, f"signature {name}", "is gone"))
            continue
        found += _tensors(f"{name}, input", signature["inputs"], new["signatures"][name]["inputs"], given=True)
        found += _tensors(f"{name}, output", signature["outputs"], new["signatures"][name]["outputs"], given=False)
    found += [Change(False, f"signature {name}", "is new") for name in new["signatures"] if name not in old["signatures"]]
    return sorted(found, key=lambda change: not change.breaks)


def _task(old: str, new: str) -> list[Change]:
    return [Change(True, "task", f"was {old} and is {new}")] if old != new else []


def _labels(old: list[str], new: list[str]) -> list[Change]:
    if old == new:
        return []
    if sorted(old) == sorted(new):
        first = next(number for number, (a, b) in enumerate(zip(old, new, strict=True)) if a != b)
        return [Change(True, "labels", f"are in another order: number {first} was '{old[first]}' and is '{new[first]}'")]
    gone, come = [name for name in old if name not in new], [name for name in new if name not in old]
    parts = [f"{what}: {', '.join(names[:5])}" for what, names in (("gone", gone), ("new", come)) if names]
    return [Change(True, "labels", f"{len(old)} became {len(new)}; {'; '.join(parts)}")]


def _normalisation(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    if old["inside"] != new["inside"]:
        where = ("in the model", "with the caller") if old["inside"] else ("with the caller", "in the model")
        return [Change(True, "normalisation", f"was {where[0]} and is {where[1]}")]
    return [
        Change(not old["inside"], "normalisation", f"{key} was {old.get(key)} and is {new.get(key)}")
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def _decision(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Of thresholds by class; which classes have one is part of the contract, their values have to be read."""
    before, after = by_class(old), by_class(new)
    gone = [name for name in before if name not in after]
    now = f"is about {new['class']}" if "class" in new else "is gone" if not new else "has no threshold for it"
    found = [Change(True, "decision", f"was about {name} and {now}") for name in gone]
    more = [name for name in after if name not in before]
    if more and not gone:
        found.append(Change(False, "decision", f"is new: {new['rule']}" if not before else f"is about {', '.join(more)} too"))
    found += [
        Change(
            False, "decision", f"the threshold of {name} was {before[name]:g} and is {after[name]:g}: callers have to read it"
        )
        for name in before
        if name in after and before[name] != after[name]
    ]
    return found


def _tensors(where: str, old: list[dict], new: list[dict], given: bool) -> list[Change]:
    """given: by the caller, who gives no more than he did; else got."""
    before, after = ({spec["name"]: spec for spec in specs} for specs in (old, new))
    found = [Change(True, f"{where} {name}", "is gone") for name in before if name not in after]
    found += [
        Change(given, f"{where} {name}", "is new" + (", and has to be given" if given else ""))
        for name in after
        if name not in before
    ]
    for name in before:
        if name in after:
            found += _tensor(f"{where} {name}", before[name], after[name], given)
    return found


def _tensor(where: str, old: dict, new: dict, given: bool) -> list[Change]:
    found = []
    if old["dtype"] != new["dtype"]:
        found.append(Change(True, where, f"dtype was {old['dtype']} and is {new['dtype']}"))
    if old["shape"] != new["shape"]:
        fits = given and _takes(new["shape"], old["shape"])
        found.append(Change(not fits, where, f"shape was {old['shape']} and is {new['shape']}"))
    for key in sorted({*old, *new} - {"name", "dtype", "shape"}):
        if old.get(key) != new.get(key):
            found.append(_described(where, key, old.get(key), new.get(key)))
    return found


def _takes(wide: list, narrow: list) -> bool:
    """Whether a tensor of the one shape is one of the other too; None: any size."""
    return len(wide) == len(narrow) and all(a is None or a == b for a, b in zip(wide, narrow, strict=True))


def _described(where: str, key: str, old: Any, new: Any) -> Change:
    """rate, vocabulary and the like. A list of words may grow at its end."""
    if key == "note":
        return Change(False, where, "is described in other words")
    if isinstance(old, list) and isinstance(new, list):
        grown = new[: len(old)] == old
        return Change(not grown, where, f"{key}: {len(new) - len(old)} added at the end" if grown else f"{key} has changed")
    return Change(True, where, f"{key} was {old} and is {new}")
