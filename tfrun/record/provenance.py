"""Where a run came from: code, packages, machine."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib import metadata
from typing import Any

from tfrun.cores import cores

_PACKAGES = ("tfrun", "tensorflow", "keras", "tensorflow-hub", "hydra-core", "omegaconf", "mlflow", "ai-edge-litert", "numpy")


def environment() -> dict[str, Any]:
    """Versions, machine, thread counts, command and git commit. Never raises for what is missing: it says so."""
    import tensorflow as tf

    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "memory_bytes": _memory(),
        "devices": [device.name for device in tf.config.list_physical_devices()],
        "threads": {
            "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        },
        "command": sys.argv,
        "git": git(),
    }


def git() -> dict[str, Any]:
    """Commit of the folder one stands in, and whether it has changes; `commit: none` outside of a repository."""
    commit = _git("rev-parse", "HEAD")
    return {"commit": commit, "dirty": bool(_git("status", "--porcelain"))} if commit else {"commit": "none", "dirty": False}


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.processor())
    except OSError:
        return platform.processor()


def _memory() -> int:
    import psutil

    return psutil.virtual_memory().total
