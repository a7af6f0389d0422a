"""The bars of a sweep: each part runs its commands and gives rows for the table."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from commands import BASE, HEADS, QUICKSTART, SPACE, tfrun

from tfrun.sweep.store import Trial, store_of

Row = tuple[str, str, str]  # what, figure, bar
_PLAIN = 2  # trials of the whole Keras model that are made; the rest is extrapolated


def trials_of(directory: Path) -> list[Trial]:
    store = store_of(directory, None)
    try:
        return store.trials()
    finally:
        store.close()


def sweep(folder: Path, cache: Path, *overrides: str, experiment: str = QUICKSTART):
    """Returns the command, run, and its trials."""
    name = f"sweep-{len(list(folder.glob('sweep-*')))}"
    ran = tfrun(folder, cache, "-m", experiment, *BASE, "sweep.finish=none", f"hydra.sweep.dir={name}", *overrides)
    return ran, trials_of(folder / name)


def heads(folder: Path, peers: bool = True) -> list[Row]:
    """32 heads against one run, each from an empty feature store; and against KerasTuner."""
    one = tfrun(folder, folder / "one", QUICKSTART, *BASE, *HEADS, "hydra.run.dir=one-run")
    many, trials = sweep(folder, folder / "many", *HEADS, *SPACE, "sweep=random", "sweep.trials=32")
    assert [trial.state for trial in trials] == ["done"] * 32
    rows = [
        ("one run, s", f"{one.seconds:.1f}", ""), ("32 trials, s", f"{many.seconds:.1f}", ""),
        ("32 trials / one run", f"{many.seconds / one.seconds:.2f}", "<= 3"),
        ("overhead a trial, s", f"{overhead(folder / 'sweep-0', trials):.2f}", "<= 0.3"),
    ]  # fmt: skip
    if not peers:
        return rows
    by_hand, plain = peer("by_hand", 32), peer("plain", _PLAIN) * 32 / _PLAIN
    return [
        *rows,
        ("KerasTuner, features cached by hand, 32 trials, s", f"{by_hand:.1f}", ""),
        ("32 trials / KerasTuner by hand", f"{many.seconds / by_hand:.2f}", ""),
        (f"KerasTuner, whole Keras model, s (extrapolated from {_PLAIN} trials)", f"{plain:.0f}", ""),
        ("32 trials / KerasTuner, whole model", f"{many.seconds / plain:.3f}", ""),
    ]


def peer(way: str, trials: int) -> float:
    command = [sys.executable, str(Path(__file__).with_name("peers.py")), way, str(trials)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return float(done.stdout.splitlines()[-1])


def overhead(directory: Path, trials: list[Trial]) -> float:
    """Seconds of a trial, from its start to its end as the sweep sees them, that are no stage of a run: the fork, the record, the
    wait until the end is seen. Without the trials that began together with the server, which wait for TensorFlow.
    """
    spent = []
    for trial in sorted(trials, key=lambda trial: trial.began)[2:]:
        result = json.loads((directory / str(trial.number) / "result.json").read_text())
        spent.append(trial.ended - trial.began - sum(result["durations"].values()))
    return statistics.median(spent)


def memory(folder: Path) -> list[Row]:
    """Parent and server, and all processes at their largest, after 5 trials and after 50."""
    ran, _ = sweep(folder, folder / "cache", *HEADS, *SPACE, "sweep=random", "sweep.trials=56")
    own, largest = {}, {}
    for ended in (5, 50):
        window = [(held, together) for count, held, together in ran.memory if ended <= count < ended + 5 and held]
        own[ended], largest[ended] = statistics.median(held for held, _ in window), max(together for _, together in window)
    rows = [
        ("parent and server after 5 trials, MB", f"{own[5] / 1e6:.0f}", ""),
        ("all processes after 5 trials, MB", f"{largest[5] / 1e6:.0f}", ""),
    ]
    for name, held in (("parent and server", own), ("all processes", largest)):
        rows.append((f"{name}, after 50 trials / after 5", f"{held[50] / held[5]:.3f}", "<= 1.05"))
    return rows


def idle(folder: Path) -> list[Row]:
    """Trials of 2 to 60 epochs. While there are trials to be begun, a place is idle from the end of one to the start of the next."""
    epochs = "training.epochs=2,60,5,40,3,30,4,50,2,25,6,35,3,45,8,20"
    _, trials = sweep(folder, folder / "cache", *HEADS, epochs, "head.l2=0,0.001", "sweep=grid", "sweep.workers=2")
    begun = sorted(trial.began for trial in trials)
    first, last = begun[0], begun[-1]
    busy = sum(max(0.0, min(trial.ended, last) - trial.began) for trial in trials)
    whole = max(trial.ended for trial in trials)
    all_of_it = sum(trial.ended - trial.began for trial in trials) / (2 * (whole - first))
    return [
        ("idle share of two places, until the last trial begins", f"{1 - busy / (2 * (last - first)):.1%}", "<= 10 %"),
        ("idle share with the end, when nothing is left to begin", f"{1 - all_of_it:.1%}", ""),
    ]


def rungs(folder: Path, seeds: int = 3, epochs: int = 27) -> list[Row]:
    """Training until the score that both reach, by hyperband and by random search, on a space of fine-tuning: that of the text
    module, whose epochs take half a second. Those of EfficientNet-Lite0 take half a minute on two cores, and a seed hours.

    In epochs, which other work on the machine does not change, and in seconds.
    """
    space = [
        "training=finetune", f"training.epochs={epochs}", "optimizer.learning_rate=tag(log,interval(1e-5,1e-1))",
        "training.backbone_learning_rate=tag(log,interval(1e-3,10))", "head.dropout=interval(0,0.5)", "training.batch_size=16,32,64",
    ]  # fmt: skip
    ratios, rows = [], []
    for seed in range(seeds):
        _, quick = _texts(folder, *space, "sweep=hyperband", f"sweep.seed={seed}")
        _, chance = _texts(folder, *space, "sweep=random", f"sweep.trials={len(quick)}", f"sweep.seed={seed}")
        score = min(max(_reached(trials)) for trials in (quick, chance))
        (fast, fast_seconds), (slow, slow_seconds) = (_spent_until(score, trials) for trials in (quick, chance))
        ratios.append((slow / fast, slow_seconds / fast_seconds))
        bests = " and ".join(f"{max(_reached(trials)):.4f}" for trials in (quick, chance))
        told = f"seed {seed}, {len(quick)} trials each, best {bests}: epochs until {score:.4f}, by hyperband {fast:.0f}, by chance {slow:.0f}"
        rows.append((told, f"{slow / fast:.2f}", ""))
        print(rows[-1], flush=True)
    passes, seconds = (statistics.median(column) for column in zip(*ratios, strict=True))
    rows.append(
        (f"epochs trained, random / hyperband at an equal best score, median of {seeds} seeds", f"{passes:.2f}", ">= 2")
    )
    return [*rows, ("the same in seconds", f"{seconds:.2f}", ">= 2")]


def _texts(folder: Path, *overrides: str):
    return sweep(folder, folder / "cache", *overrides, experiment="+experiment=sentiment")


def _reached(trials: list[Trial]) -> list[float]:
    return [trial.objectives[0] for trial in trials if trial.objectives]


def _spent_until(score: float, trials: list[Trial]) -> tuple[float, float]:
    """Epochs and seconds of all trials that had ended by then."""
    epochs = seconds = 0.0
    for trial in sorted((trial for trial in trials if trial.objectives), key=lambda trial: trial.ended):
        epochs, seconds = epochs + trial.epochs, seconds + trial.seconds
        if trial.objectives[0] >= score:
            break
    return epochs, seconds


PARTS = {"heads": heads, "memory": memory, "idle": idle, "rungs": rungs}
