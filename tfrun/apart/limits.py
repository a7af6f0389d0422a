"""How long a child may take, and how much memory."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Limits:
    """seconds: of wall time. memory: bytes that it and what it started hold together; None: no such limit."""

    seconds: float = 3600.0
    memory: int | None = None


def over(limits: Limits, pid: int | None, seconds: float) -> str:
    """A line where a limit is passed, else ''."""
    if seconds > limits.seconds:
        return f"took longer than {limits.seconds:g} s and was stopped"
    if limits.memory is not None and pid is not None and (held := _held(pid)) > limits.memory:
        return f"held {held / 1e9:.2f} GB of memory, more than {limits.memory / 1e9:.2f} GB, and was stopped"
    return ""


def _held(pid: int) -> int:
    """Bytes of its own that it and its children hold; 0 when it has ended. What it shares with the server is not counted."""
    total = 0
    try:
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            memory = each.memory_info()
            total += memory.rss - getattr(memory, "shared", 0)
    except psutil.Error:
        return total
    return total
