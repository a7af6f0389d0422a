"""Ctrl-C and a scheduler's SIGTERM, heard between two calls of the loop, when the state can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """SIGTERM: somebody wants this process to go, and to be started again."""


class Stop:
    """`requested`: since a signal came. The second one does not wait."""

    def __init__(self):
        self.requested: type[KeyboardInterrupt] | None = None

    def __call__(self, number, frame) -> None:
        kind = Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if self.requested:
            raise kind
        self.requested = kind


@contextmanager
def heard() -> Iterator[Stop]:
    """Signals only ask for a stop while this is open. Elsewhere than in the main thread no signal arrives."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def terminate(number, frame) -> None:
    """The handler of SIGTERM outside of training."""
    raise Terminated
