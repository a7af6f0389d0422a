"""The works that are timed: their ways, how much of each, and the bars."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bars import Ratio, Share

FITS = ("fit", "fit, autotune off")
COLD, WARM, HAND = "tfrun, nothing cached", "tfrun, again", "features cached by hand"
HAND_TUNED = f"{HAND}, tuned"
EPOCH_XLA = tuple(f"fit, an epoch a call, XLA{end}" for end in ("", ", autotune off", ", from arrays"))
EPOCH = ("fit, an epoch a call", "fit, an epoch a call, autotune off")
FOUR = ("fit, defaults", "fit, 4 steps a call, autotune off")
RUN, LOOP, STREAM, BARE = "tfrun, whole run", "tfrun", "tfrun, tf.data stream", "one compiled step, same batch"


@dataclass(frozen=True)
class Work:
    """columns: key of the figures -> heading and format. quick: options that only show that it runs."""

    title: str
    module: str
    ways: tuple[str, ...]
    options: dict[str, Any]
    quick: dict[str, Any]
    rounds: int
    columns: dict[str, tuple[str, str]]
    bars: tuple = field(default=())


def frozen(size: int, cold: float, warm: float, rounds: int) -> Work:
    return Work(
        f"Frozen EfficientNet-Lite0, {size} px, 10 epochs in batches of 32, from data to trained head",
        "frozen", (COLD, WARM, HAND, HAND_TUNED, *FITS), {"size": size, "epochs": 10, "rows": 0}, {"epochs": 2, "rows": 64}, rounds,
        {"seconds": ("seconds", ".2f"), "cpu": ("CPU seconds", ".1f"), "accuracy": ("validation accuracy", ".3f"), "peak": ("peak MB", ",.0f")},
        (
            Ratio(COLD, FITS, cold, "seconds"), Ratio(COLD, (HAND,), 1.3, "seconds"), Ratio(COLD, (HAND_TUNED,), 1.0, "seconds"), Ratio(WARM, FITS, warm, "seconds"),
            Ratio(COLD, FITS, 1.1, "peak", "memory"), Ratio(WARM, FITS, 1.1, "peak", "memory"),
        ),
    )  # fmt: skip


def steps(title: str, name: str, ways: tuple[str, ...], count: int, epochs: int, rounds: int, bars: tuple) -> Work:
    columns = {
        "ms": ("ms a step", ".3f"), "first": ("seconds, first epoch", ".2f"), "loss": ("loss, second epoch", ".3f"), "peak": ("peak MB", ",.0f"),
    }  # fmt: skip
    return Work(
        title, "steps", ways, {"name": name, "steps": count, "epochs": epochs}, {"steps": 4, "epochs": 3}, rounds, columns, bars
    )


WORKS = {
    "frozen96": frozen(96, cold=6, warm=20, rounds=2),
    "frozen224": frozen(224, cold=12, warm=80, rounds=1),
    "mlp": steps(
        "MLP 784-128-10, batch 32, epochs of 640 steps", "mlp", (RUN, "fit, defaults", *EPOCH, *EPOCH_XLA), 640, 8, 3,
        (
            Ratio(RUN, (*EPOCH_XLA, *EPOCH), 1.5, "ms"), Ratio(RUN, ("fit, defaults",), 3, "ms"),
            Ratio(RUN, ("fit, defaults", *EPOCH, *EPOCH_XLA), 1.1, "peak", "memory"),
        ),
    ),
    "cnn": steps(
        "CNN of two convolutions, 28 px, batch 64, epochs of 160 steps", "cnn", (LOOP, "fit, defaults", *EPOCH), 160, 7, 3,
        (Ratio(LOOP, ("fit, defaults", *EPOCH), 1.25, "ms"), Ratio(LOOP, ("fit, defaults", *EPOCH), 1.1, "peak", "memory")),
    ),
    "mobilenet": steps(
        "MobileNetV2 from scratch, 96 px, batch 32, epochs of 12 steps", "mobilenet", (LOOP, STREAM, BARE, *FOUR), 12, 3, 2,
        (
            Ratio(LOOP, FOUR, 1.0, "ms"), Ratio(LOOP, (BARE,), 1.05, "ms", "time"), Ratio(STREAM, (BARE,), 1.05, "ms", "time"),
            Ratio(LOOP, FOUR, 1.1, "peak", "memory"),
        ),
    ),
    "checkpoints": Work(
        "A checkpoint every 100 steps", "saving", ("cnn", "head on stored features", "mobilenet"),
        {"turns": 6}, {"turns": 2}, 1,
        {
            "share": ("share of training time", ".1%"), "hundred": ("seconds of 100 steps", ".2f"),
            "holds": ("training waits, ms", ".1f"), "writer": ("writer's CPU, ms", ".1f"),
        },
        tuple(Share(way, 0.02) for way in ("cnn", "head on stored features", "mobilenet")),
    ),
}  # fmt: skip
