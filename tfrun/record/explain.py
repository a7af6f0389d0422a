"""An error that nobody foresaw, in one line a person can act on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfrun.config.problems import Problem, RunError, TfrunError, shorten
from tfrun.dataset.reading import explain_reading

if TYPE_CHECKING:
    from tfrun.record import Record

_OURS = re.compile(r"\bRunError: (.+)")
_DISK = re.compile(r"No space left on device|File too large|Disk quota exceeded|Read-only file system")


def explained(error: Exception, record: Record) -> TfrunError:
    """The traceback stays in the log."""
    way_out = f"the traceback is in {record.log_path}; debug=true shows it here"
    told = _OURS.search(str(error))  # raised where TensorFlow called Python: it comes back as text
    if told:
        key, _, rule = told[1].partition(": ")
        return RunError(Problem(key, rule))
    reading = explain_reading(error)
    if reading:
        return reading
    ours = isinstance(error, OSError) and str(error.filename or "").startswith(str(record.directory))
    if ours or _DISK.search(str(error)):  # TensorFlow's own file errors are no OSError
        found = _DISK.search(str(error))
        reason = found[0] if found else error.strerror or shorten(error, 200)
        return RunError(
            Problem(
                "runs", f"cannot be written ({reason})", f"make room, or choose another folder; {way_out}", record.directory
            )
        )
    return RunError(Problem("run", f"{type(error).__name__}: {shorten(error, 300)}", way_out))
