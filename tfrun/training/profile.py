"""What bounds the speed of a phase: its input, the host, or its arithmetic. Measured on its first steps, which then are done again."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from tfrun.training.loop import ArrayLoop, Loop, Pace, StreamLoop

if TYPE_CHECKING:
    from tfrun.training.phase import PhaseRun

_STEPS = 24


@dataclass(frozen=True)
class Profile:
    """Milliseconds a step. whole: as trained. compute: of one batch over and over, already there. input: what making a batch
    costs by itself, while nothing trains. waits: whole less compute and host. host: Python between two calls.
    """

    phase: str
    whole: float
    compute: float
    input: float
    waits: float
    host: float
    trace: str

    @property
    def bound_by(self) -> str:
        parts = {"input": self.waits, "host": self.host, "compute": self.compute}
        return max(parts, key=parts.get)

    @property
    def verdict(self) -> str:
        return (
            f"{self.phase}: bound by {self.bound_by}: a step takes {self.whole:.2f} ms, of which {self.compute:.2f} compute, "
            f"{self.waits:.2f} waiting for input, {self.host:.2f} host; a batch alone is made in {self.input:.2f} ms"
        )

    def as_dict(self) -> dict:
        return {**asdict(self), "bound_by": self.bound_by, "verdict": self.verdict}


def profile(run: PhaseRun, first: int, last: int, folder: Path) -> Profile:
    """first, last: steps of the phase that one compiled loop serves. folder: for the TensorBoard trace.

    Leaves the state of `run` as it was.
    """
    before, begin, steps = run.saved(), run.progress.step, min(_STEPS, last - first)
    loop, resident = run.loop(first, last), run.loop(first, last, resident=True)
    for each in (loop, resident):
        each.advance(begin, steps, 1.0)  # traces
    whole, inside = _walked(loop, begin, steps)
    compute = resident.advance(begin, steps, 1.0).seconds * 1e3 / steps
    making = _making(run, loop, begin, steps)
    tf.profiler.experimental.start(str(folder))
    try:
        loop.advance(begin, steps, 1.0)
    finally:
        tf.profiler.experimental.stop()
    run.restore(before.arrays)
    host = max(0.0, whole - inside)
    return Profile(run.phase.name, whole, min(compute, inside), making, max(0.0, inside - compute), host, folder.name)


def _walked(loop: Loop, first: int, steps: int) -> tuple[float, float]:
    """Milliseconds a step: of the whole walk, and inside of calls."""
    began = time.perf_counter()
    inside = sum(stretch.seconds for stretch in loop.run(first, first + steps, Pace(max(1, steps // 3)), 1.0, lambda: False))
    return (time.perf_counter() - began) * 1e3 / steps, inside * 1e3 / steps


def _making(run: PhaseRun, loop: Loop, first: int, steps: int) -> float:
    """Milliseconds that a batch takes by itself."""
    began = time.perf_counter()
    if isinstance(loop, ArrayLoop):
        loop.read(first, steps)
    elif isinstance(loop, StreamLoop):
        batches = iter(run.feed.stream(first, run.from_features))
        next(batches)
        began = time.perf_counter()
        for _ in range(steps):
            next(batches)
    return (time.perf_counter() - began) * 1e3 / steps
