"""The process beside a run, or a whole sweep, that sends its directory to MLflow while it grows.

The run itself never imports MLflow and never waits for a server. The companion lives in a session of its own: Ctrl-C
does not reach it, and when the run dies its pipe closes, so that it sends what there is and ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path


class Companion:
    """directory: of the run. timeout: seconds to wait for the last transfer."""

    def __init__(self, directory: Path, timeout: float):
        self._directory, self._timeout = directory, timeout
        self._errors = (directory / "log.txt").open("ab")
        command = [sys.executable, "-m", "tfrun", "sync", str(directory), "--follow"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # components of the user's own
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            text=True,
            env=environment,
        )

    def finish(self, record, result) -> None:
        """Tells the companion that all is written, waits for its word, and passes it on."""
        later = f"`python -m tfrun sync {self._directory}` sends it later; nothing is lost"
        timer = threading.Timer(self._timeout, self._process.kill)
        timer.start()
        try:
            answer, _ = self._process.communicate("finished\n")
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
            self._errors.close()
        lines = answer.strip().splitlines()
        if not lines:
            slow = self._process.returncode < 0
            what = (
                f"MLflow did not take everything within {self._timeout:g} s" if slow else "ended without a word (see log.txt)"
            )
            record.warn(f"tracking: {what}; {later}")
            return
        said = json.loads(lines[-1])
        if said["sent"]:
            record.say(f"{'tracking':<11} MLflow run {said['run_id']}" + (f", model {said['model']}" if said["model"] else ""))
        else:
            record.warn(f"tracking: {said['error']}; {later}")
