"""One measurement in a process of its own: nothing that another one left can help or hinder it.

The process that starts them imports no TensorFlow, because a child's peak memory begins at what its parent has.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def measured(module: str, way: str, **options: Any) -> dict[str, float]:
    """What `WAYS[way](**options)` of `module` gives, and `peak`, the largest memory of its process in MB.

    Raises RuntimeError with the end of what the process wrote where it failed.
    """
    command = [sys.executable, __file__, module, way, json.dumps(options)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{module}, {way}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    module, way, options = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parent))
    figures = import_module(module).WAYS[way](**json.loads(options))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("\n" + json.dumps(figures | {"peak": peak}), flush=True)


if __name__ == "__main__":
    _main()
