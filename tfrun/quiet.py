"""TensorFlow without its start-up chatter, and native output where it belongs: in the log, not on the screen."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def native_output_to(log: Path):
    """What libraries write to file descriptor 2 goes to the end of `log`."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with log.open("ab") as target:
            os.dup2(target.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


_only_imported = False  # TensorFlow is here for the children of this process; no longer so where it is used


def imported_only() -> None:
    """This process has imported TensorFlow, and leaves its use to its children."""
    global _only_imported
    _only_imported = True


def import_tensorflow(loaded: Callable[[], object] = lambda: None) -> None:
    """Imports TensorFlow and Keras and finds the devices, silently. Raises what the import raises, and prints its chatter then.

    loaded: called in between, as long as no op has been run: where TensorFlow was not imported before, or only imported.
    """
    global _only_imported
    if "tensorflow" in sys.modules:
        if _only_imported:
            loaded()
        _only_imported = False
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    descriptor, name = tempfile.mkstemp(prefix="tfrun-")
    os.close(descriptor)
    chatter = Path(name)
    try:
        with native_output_to(chatter):
            import keras  # noqa: F401
            import tensorflow as tf

            loaded()
            tf.config.list_physical_devices()
    except Exception:
        sys.stderr.write(chatter.read_text(errors="replace"))
        raise
    finally:
        chatter.unlink()
