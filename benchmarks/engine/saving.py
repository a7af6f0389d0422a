"""What checkpoints cost: stretches of training with one and without take turns in one process.

A way gives `share` of the training time for a checkpoint every 100 steps, by the medians of both kinds of stretches;
`holds`, ms that training waits while its state is copied; `writer`, ms of processor time of the thread that writes it,
beside training; `hundred`, seconds of 100 steps.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from frozen import RATE, imports

from tfrun.training import checkpoint

EVERY = 100


def head(turns: int, steps: int, cache: str, **_) -> dict[str, float]:
    """The head on stored features, by whole trainings."""
    imports()
    from tfrun import load
    from tfrun.model import build
    from tfrun.record import Record
    from tfrun.record.console import Console
    from tfrun.training.trainer import train

    def training(every: int) -> float:
        with tempfile.TemporaryDirectory() as runs:
            experiment = load([
                "dataset=fashion", "backbone=efficientnet_lite0", "transform.image_size=96", f"optimizer.learning_rate={RATE}",
                f"training.epochs={steps * 32 / 1300}", f"training.evaluate_every={steps} steps", "tracking=none",
                f"training.checkpoint_every={every} steps", f"features.folder={cache}", f"runs={runs}",
            ])  # fmt: skip
            record, data, strategy = (
                Record.open(experiment, None, Console(quiet=True)),
                experiment.dataset.open(),
                experiment.strategy.build(),
            )
            model = build(experiment, data, strategy)
            began = time.perf_counter()
            train(experiment, model, data, strategy, record)
            seconds = time.perf_counter() - began
            record.close()
        return seconds

    training(steps)  # fills the store
    return _compared(lambda saves: training(EVERY if saves else 100 * steps), turns, steps, steps // EVERY)


def model(name: str, turns: int, steps: int, **_) -> dict[str, float]:
    """Weights and slots of a whole model, by stretches of the engine."""
    from steps import MODELS, resident, step_of

    from tfrun.training.loop import Pace

    make, size, _, _ = MODELS[name]
    network = make()
    step, pace, done, held = step_of(network, size), Pace(), 0, []
    loop = resident(name, 40)(step)
    variables = [variable.value for variable in network.variables]
    variables += [slot for group in step.groups for slots in group.slots for slot in slots]

    with tempfile.TemporaryDirectory() as folder:
        checkpoints = checkpoint.Checkpoints(Path(folder), 2, print)

        def stretch(saves: bool) -> float:
            nonlocal done
            began = time.perf_counter()
            if saves:
                arrays = {f"{number}": variable.numpy() for number, variable in enumerate(variables)}
                checkpoints.save(done, checkpoint.State(arrays, {}))
                held.append(time.perf_counter() - began)
            for _ in loop.run(done, done + steps, pace, 1.0, lambda: False):
                pass
            done += steps
            seconds = time.perf_counter() - began
            checkpoints.wait()
            return seconds

        stretch(True)
        return _compared(stretch, turns, steps, 1) | {"holds": 1e3 * statistics.median(held)}


def _compared(stretch: Callable[[bool], float], turns: int, steps: int, saves: int) -> dict[str, float]:
    """stretch: with checkpoints or without -> seconds. saves: checkpoints in a stretch that has them."""
    kept: dict[bool, list[float]] = {True: [], False: []}
    with _writing() as written:
        for turn in range(turns):
            for with_saves in (turn % 2 == 0, turn % 2 == 1):
                kept[with_saves].append(stretch(with_saves))
    usual = statistics.median(kept[False])
    hundred = usual / steps * EVERY
    share = (statistics.median(kept[True]) - usual) / saves / hundred
    return {"share": share, "writer": 1e3 * statistics.median(written), "hundred": hundred}


@contextmanager
def _writing() -> Iterator[list[float]]:
    """Seconds of processor time of each checkpoint that is written inside."""
    seconds, write = [], checkpoint.write

    def timed(folder: Path, state: checkpoint.State) -> None:
        began = time.thread_time()
        write(folder, state)
        seconds.append(time.thread_time() - began)

    checkpoint.write = timed
    try:
        yield seconds
    finally:
        checkpoint.write = write


WAYS = {
    "head on stored features": partial(head, steps=2000),
    "cnn": partial(model, "cnn", steps=100),
    "mobilenet": partial(model, "mobilenet", steps=20),
}
