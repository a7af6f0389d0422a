"""An error that nobody foresaw, in one line a person can act on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tfrun.config.problems import Problem, RunError, TfrunError, shorten

if TYPE_CHECKING:
    from tfrun.record import Record

_OURS = re.compile(r"\bRunError: (.+)")
_GONE = re.compile(r"(?:.*(?:\}\} |Iterator::[\w:\[\]]*: ))?(.*?); No such file or directory")
_DISK = re.compile(r"No space left on device|File too large|Disk quota exceeded|Read-only file system")


def explained(error: Exception, record: Record) -> TfrunError:
    """The traceback stays in the log."""
    way_out = f"the traceback is in {record.log_path}; debug=true shows it here"
    told, gone = _OURS.search(str(error)), _GONE.search(str(error))
    if told:  # raised where TensorFlow called Python: it comes back as text
        key, _, rule = told[1].partition(": ")
        return RunError(Problem(key, rule))
    if gone:
        return RunError(Problem(gone[1].strip(), "went away after it was checked", "bring it back, and start again"))
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
