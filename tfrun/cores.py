"""How many processor cores there are for this process, which may be fewer than the machine has."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path


def cores(control_groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """The least of its affinity and the quotas of its control groups (version 2, cpu.max), rounded up; at least 1.

    control_groups: where they are mounted. own: names the one that this process is in.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError):  # another system, or groups of version 1
        group = next((line[3:] for line in own.read_text().splitlines() if line.startswith("0::")), "/")
        inner = control_groups / group.strip("/")
        for folder in (inner, *inner.parents):
            if folder.is_relative_to(control_groups) and (folder / "cpu.max").is_file():
                quota, period = (folder / "cpu.max").read_text().split()
                allowed = allowed if quota == "max" else min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, allowed)
