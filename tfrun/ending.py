"""The end of a process that has used TensorFlow."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn


def end(code: int) -> NoReturn:
    """Waits for threads that are no daemons, does what is registered for the end (`atexit`), and ends the process at once.

    Python's own end would look for garbage in all that TensorFlow holds, which takes 1.5 s, and take TensorFlow's objects down one
    by one, which can wait for ever for a cluster that has lost a process. Under a profiler or a debugger it is Python's own end:
    they write what they have seen after it has begun.
    """
    if _watched():
        sys.exit(code)
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _watched() -> bool:
    tools = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return bool(
        sys.getprofile()
        or sys.gettrace()
        or (tools and (tools.get_tool(tools.PROFILER_ID) or tools.get_tool(tools.DEBUGGER_ID)))
    )
