"""What a command leaves when it ends: real processes."""

from __future__ import annotations

import os
import pstats
import subprocess
import sys

ENDS = """
import atexit, sys, threading, time
from tfrun.ending import end
atexit.register(lambda: print("registered"))
threading.Thread(target=lambda: (time.sleep(0.3), print("worked"))).start()
class Holds:
    def __del__(self): print("never asked for")
held = Holds()
print("begun")
end(3)
"""


def test_threads_and_what_is_registered_come_to_their_end_and_the_output_is_whole():
    done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (3, "begun\nworked\nregistered\n", "")


def test_a_reader_that_has_gone_is_no_error():
    """As in `tfrun list | head -0`, with the output in a buffer and without one."""
    for unbuffered in ("", "1"):
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        command = [sys.executable, "-m", "tfrun", "list"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
            process.stdout.close()
            assert (process.wait(60), process.stderr.read()) == (0, b"")


def test_a_profiler_gets_its_file(tmp_path):
    profile = tmp_path / "profile"
    command = [sys.executable, "-m", "cProfile", "-o", profile, "-m", "tfrun", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("tfrun ")
    assert pstats.Stats(str(profile)).total_calls > 1000
