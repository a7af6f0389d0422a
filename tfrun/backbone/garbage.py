"""Python's collector off while a module is loaded or converted."""

from __future__ import annotations

import gc
from contextlib import contextmanager


@contextmanager
def no_collection():
    """Loading makes a million objects and drops none: looking for garbage among them is a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
