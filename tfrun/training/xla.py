"""Should a phase's steps be compiled with XLA? Where it pays: both are timed on the first batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tfrun.training.loop import ArrayLoop, Loop

if TYPE_CHECKING:
    from tfrun.training.phase import PhaseRun

_WORTH = 6.0  # seconds of training, below which compiling costs more than it can save
_STEP, _FLOPS = 3e-4, 2e10  # seconds a step beside its arithmetic; operations a second. Rough, but the same on every machine
_PROBE = 64  # steps
_FASTER = 0.8
_CONVOLUTIONS = frozenset({"Conv2D", "DepthwiseConv2dNative", "Conv3D", "Conv2DBackpropFilter"})


def choose(
    asked: bool | str, make: Callable[[bool], Loop], run: PhaseRun, steps: int, work: float, strict: bool
) -> tuple[Loop, bool]:
    """asked: `training.xla`, or what was chosen before this run was stopped. make: xla -> loop. steps: that are left.
    work: floating point operations a step. Returns the loop and whether it uses XLA; the state of `run` stays as it is.
    """
    tell = run.feed.record.log
    if asked != "auto":
        return make(asked), asked
    loop = make(False)
    reason = _not_even_tried(loop, steps, work, strict)
    if reason:
        tell(f"xla: no: {reason}")
        return loop, False
    before, first, probe = run.saved(), run.progress.step, min(_PROBE, steps)
    plain = _timed(loop, first, probe)
    if convolves(loop):
        tell("xla: no: convolutions, which XLA runs several times slower on a CPU")
        run.restore(before.arrays)
        return loop, False
    compiled = make(True)
    fast = _timed(compiled, first, probe)
    run.restore(before.arrays)
    chosen = fast < _FASTER * plain
    tell(f"xla: {'yes' if chosen else 'no'}: {fast * 1e3:.3f} ms a step with it, {plain * 1e3:.3f} without")
    return (compiled, True) if chosen else (loop, False)


def _not_even_tried(loop: Loop, steps: int, work: float, strict: bool) -> str:
    seconds = steps * (_STEP + work / _FLOPS)
    if strict:
        return "determinism=strict leaves nothing to timing"
    if not isinstance(loop, ArrayLoop):
        return "batches come from a pipeline, which one XLA program cannot hold"
    if seconds < _WORTH:
        return f"about {seconds:.1f} s of training are too short to pay for compiling"
    return ""


def _timed(loop: Loop, first: int, steps: int) -> float:
    """Seconds a step, of the second of two calls: the first one traces and compiles."""
    loop.advance(first, steps, 1.0)
    return min(loop.advance(first, steps, 1.0).seconds for _ in range(2)) / steps


def convolves(loop: ArrayLoop) -> bool:
    graph = loop.graph.as_graph_def()
    names = {node.op for node in graph.node} | {node.op for function in graph.library.function for node in function.node_def}
    return bool(names & _CONVOLUTIONS)
