"""The command line of tfrun, timed and weighed from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

BASE = ["export=[]", "gate=none", "tracking=none"]
QUICKSTART = "+experiment=quickstart"
HEADS = ["head=mlp", "training.epochs=10", "transform.image_size=96"]
SPACE = [
    "optimizer.learning_rate=tag(log,interval(1e-4,1e-1))", "head.units=choice([64],[128],[256],[512])", "head.dropout=interval(0,0.5)",
    "head.l2=tag(log,interval(1e-6,1e-2))",
]  # fmt: skip
_ENDED = re.compile(r"^trial +\d+ +(done|failed|pruned) ")
_POLL = 0.1  # seconds between two looks at the memory


@dataclass
class Ran:
    """seconds: of the whole command. memory: [(trials ended, bytes of parent and server, bytes of all processes)], as time went by."""

    seconds: float
    output: str
    memory: list[tuple[int, int, int]] = field(default_factory=list)


def tfrun(folder: Path, cache: Path, *arguments: str) -> Ran:
    """`python -m tfrun …` in `folder`, with the feature store in `cache`. Raises SystemExit where it fails."""
    environment = {**os.environ, "TFRUN_CACHE": str(cache), "TF_CPP_MIN_LOG_LEVEL": "3"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tfrun", *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    lines, memory = [], []

    def read() -> None:
        lines.extend(iter(process.stdout.readline, ""))

    reader = threading.Thread(target=read)
    reader.start()
    while process.poll() is None:
        ended = sum(bool(_ENDED.match(line)) for line in list(lines))
        memory.append((ended, *_held(process.pid)))
        try:
            process.wait(_POLL)
        except subprocess.TimeoutExpired:
            continue
    reader.join()
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}\n{''.join(lines)[-3000:]}")
    return Ran(time.perf_counter() - began, "".join(lines), memory)


def _held(pid: int) -> tuple[int, int]:
    """Resident bytes of the process and its server, and with all that they started."""
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
        own = sum(process.memory_info().rss for process in processes[:2])
        return own, own + sum(process.memory_info().rss for process in processes[2:])
    except psutil.Error:
        return 0, 0
