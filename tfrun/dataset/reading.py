"""What goes wrong when an input is read again, long after it was checked."""

from __future__ import annotations

import re

from tfrun.config.problems import Problem, RunError

CHANGED = "changed after it was checked"  # in an assertion of a graph, before the name of the input
_NAMED = re.compile(rf"\[{CHANGED}\] \[(.*?)\]")
_GONE = re.compile(r"(?:.*(?:\}\} |Iterator::[\w:\[\]]*: ))?(.*?); No such file or directory")


def explain_reading(error: Exception) -> RunError | None:
    """TensorFlow's error of an input that changed or went away, by the input's name; None: it is another error."""
    text = str(error)
    changed, gone = _NAMED.search(text), _GONE.search(text)
    if changed:
        return RunError(Problem(changed[1], CHANGED, "let nothing write to the data during a run, and start again"))
    if gone:
        return RunError(Problem(gone[1].strip(), "went away after it was checked", "bring it back, and start again"))
    return None
