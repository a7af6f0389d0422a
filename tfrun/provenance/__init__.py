"""Where a run came from and what it is made of: code, packages, machine, licences; and whether it can be made again."""

from __future__ import annotations

import platform
import sys
from typing import Any


def surroundings() -> dict[str, Any]:
    """Versions, machine, command and git, as far as they can be told without TensorFlow. Never raises for what is missing."""
    from tfrun.provenance.git import git
    from tfrun.provenance.hardware import machine
    from tfrun.provenance.packages import versions

    return {"python": platform.python_version(), "packages": versions(), **machine(), "command": sys.argv, "git": git()}


def environment() -> dict[str, Any]:
    """The same with devices, drivers, threads and TensorFlow's build."""
    from tfrun.provenance.hardware import accelerators

    return {**surroundings(), **accelerators()}
