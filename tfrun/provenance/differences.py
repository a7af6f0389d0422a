"""What was otherwise when a run was made: packages, machine, code, data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tfrun.config.problems import shorten
from tfrun.provenance.packages import normalised

_NAMED = 8  # packages in one line
_PLAIN = {
    "python": "Python",
    "platform": "platform",
    "processor": "processor",
    "cpu_flags": "CPU flags",
    "cores": "usable cores",
    "command": "command",
}
_WITH_TENSORFLOW = {
    "variables": "environment variables",
    "threads": "threads",
    "drivers": "drivers",
    "build": "TensorFlow's build",
}


@dataclass(frozen=True)
class Difference:
    """what: a few words. then, now: plain values."""

    what: str
    then: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.what}: {shorten(_text(self.then), 200)} → {shorten(_text(self.now), 200)}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def of_surroundings(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """then, now: environments. What an older run did not write down is not compared."""
    return [*_packages(then, now), *_listed(_PLAIN, then, now), *_memory(then, now), *_git(then.get("git"), now["git"])]


def of_devices(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """What only TensorFlow tells."""
    found = list(_listed(_WITH_TENSORFLOW, then, now))
    if "gpus" in then and then["gpus"] != now["gpus"]:
        found.insert(0, Difference("GPUs", _gpus(then["gpus"]), _gpus(now["gpus"])))
    return found


def of_data(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """then, now: `data` of two results."""
    if then.get("fingerprint") == now.get("fingerprint"):
        return []
    rows = [f"{item['fingerprint'][:12]}, rows {' / '.join(map(str, item['rows'].values()))}" for item in (then, now)]
    return [Difference("data, changed since the run", *rows)]


def _packages(then: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
    before = {normalised(name): version for name, version in then.get("packages", {}).items()}
    after = {normalised(name): version for name, version in now["packages"].items()}
    changed = {name: (before[name], after.get(name, "not installed")) for name in before if before[name] != after.get(name)}
    if "cpu_flags" in then:  # an older run wrote down the most important packages only
        changed |= {name: ("not installed", version) for name, version in after.items() if name not in before}
    for name, (old, new) in sorted(changed.items())[:_NAMED]:
        yield Difference(f"package {name}", old, new)
    if len(changed) > _NAMED:
        rest = dict(sorted(changed.items())[_NAMED:])
        yield Difference(
            f"{len(rest)} more packages",
            {name: old for name, (old, _) in rest.items()},
            {name: new for name, (_, new) in rest.items()},
        )


def _listed(names: dict[str, str], then: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
    for key, what in names.items():
        if key == "command" and (now[key] or [""])[1:2] == ["rerun"]:
            continue
        if key in then and then[key] != now[key]:
            yield Difference(what, *_parts_that_differ(then[key], now[key]))


def _parts_that_differ(then: Any, now: Any) -> tuple[Any, Any]:
    """Of mappings and lists, only what is not in both."""
    if isinstance(then, dict) and isinstance(now, dict):
        keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
        return {key: then.get(key) for key in keys}, {key: now.get(key) for key in keys}
    if isinstance(then, list) and isinstance(now, list) and set(then) != set(now):
        return [item for item in then if item not in now], [item for item in now if item not in then]
    return then, now


def _memory(then: dict[str, Any], now: dict[str, Any]) -> Iterator[Difference]:
    """Of one machine the figure can waver by some pages: told from a tenth of a GB on."""
    if "memory_bytes" in then and abs(then["memory_bytes"] - now["memory_bytes"]) > 1e8:
        yield Difference("memory", *(f"{item['memory_bytes'] / 1e9:.1f} GB" for item in (then, now)))


def _git(then: dict[str, Any] | None, now: dict[str, Any]) -> Iterator[Difference]:
    if then is None:
        return
    if then["commit"] != now["commit"]:
        yield Difference("git commit", then["commit"][:12], now["commit"][:12])
    if then["dirty"] or now["dirty"]:
        states = ["with uncommitted changes" if state["dirty"] else "clean" for state in (then, now)]
        if states[0] != states[1] or then.get("diff_sha256") != now.get("diff_sha256"):
            yield Difference("git changes", *states)


def _gpus(gpus: list[dict[str, str]]) -> str:
    return ", ".join(gpu.get("device_name", "a GPU") for gpu in gpus) or "none"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "nothing"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "nothing"
    return str(value)
