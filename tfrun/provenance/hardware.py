"""The machine: processor, memory, accelerators, drivers, threads, and how TensorFlow was built."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from tfrun.cores import cores

_COUNTS = re.compile(r"^(sse|ssse|avx|fma|f16c|bmi|amx|vaes|gfni|neon|asimd|sve|fphp|bf16|i8mm)")  # what kernels are chosen by
_VARIABLES = re.compile(r"^(TF_|XLA_|OMP_|MKL_|KMP_|KERAS_|CUDA_VISIBLE_DEVICES$|NVIDIA_VISIBLE_DEVICES$|PYTHONHASHSEED$)")


def machine() -> dict[str, Any]:
    """What can be told without TensorFlow. What is missing is left empty: it never raises."""
    import psutil

    about = _processor()
    return {
        "platform": platform.platform(),
        "processor": about.get("model name") or platform.processor(),
        "cpu_flags": sorted(flag for flag in (about.get("flags") or about.get("Features", "")).split() if _COUNTS.match(flag)),
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "variables": {name: value for name, value in sorted(os.environ.items()) if _VARIABLES.match(name)},
    }


def accelerators() -> dict[str, Any]:
    """devices, gpus with what TensorFlow knows of them, drivers, threads and build; TensorFlow has to be imported."""
    import tensorflow as tf

    gpus = [tf.config.experimental.get_device_details(device) for device in tf.config.list_physical_devices("GPU")]
    build = {key: value for key, value in tf.sysconfig.get_build_info().items()}
    return {
        "devices": [device.name for device in tf.config.list_physical_devices()],
        "gpus": [{key: str(value) for key, value in details.items()} for details in gpus],
        "drivers": {"nvidia": _nvidia(), "cuda": build.get("cuda_version", ""), "cudnn": build.get("cudnn_version", "")},
        "threads": {
            "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
            "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        },
        "build": {
            **{key: value if isinstance(value, bool | int | str) else list(value) for key, value in build.items()},
            "compile_flags": [flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith("-I")],
            "git_version": tf.version.GIT_VERSION,
            "compiler": tf.version.COMPILER_VERSION,
        },
    }


def _processor() -> dict[str, str]:
    """Of the first processor in Linux's list."""
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}


def _nvidia() -> str:
    """Version of the driver, '' without one."""
    try:
        first = Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return ""
    match = re.search(r"\s(\d+(?:\.\d+)+)\s", first)
    return match[1] if match else first
