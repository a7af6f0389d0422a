"""Is the advice good? Every choice is trained, and the advised one held against the best of them on the test rows.

    python benchmarks/advise/validity.py [--tuxpaint DIR] [--splits N] [--data fashion|sentiment|tuxpaint]

Data that ship with tfrun, and Tux Paint's stamps where their folder is given. Choices: each backbone that fits, with each `training` that
its weights allow. Prints Markdown tables. A split takes 4 minutes of fashion, 2 of Tux Paint and 1 of sentiment on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tfrun import load, run
from tfrun.advise import advise

PLAIN = ("export=[]", "gate=none", "tracking=none")
FROZEN, FINETUNE = ("training=frozen", "training.epochs=30"), ("training=finetune", "training.epochs=8")
BOTH = ("training=frozen_then_finetune", "training.frozen_epochs=30", "training.epochs=8")
PICTURES = {
    "efficientnet_lite0, frozen": ("backbone=efficientnet_lite0", *FROZEN),
    "efficientnet_lite0, finetune": ("backbone=efficientnet_lite0", *FINETUNE),
    "efficientnet_lite0, frozen_then_finetune": ("backbone=efficientnet_lite0", *BOTH),
    "none, frozen": ("backbone=none", *FROZEN),
}
TEXTS = {
    "glove_50d, frozen": ("backbone=glove_50d", *FROZEN),
    "glove_50d, finetune": ("backbone=glove_50d", *FINETUNE, "training.backbone_learning_rate=1.0"),
    "glove_50d, frozen_then_finetune": ("backbone=glove_50d", *BOTH, "training.backbone_learning_rate=1.0"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuxpaint", type=Path)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--data", help="only these")
    args = parser.parse_args()
    works = {"fashion": (["+experiment=quickstart"], PICTURES), "sentiment": (["+experiment=sentiment"], TEXTS)}
    if args.tuxpaint:
        stamps = [
            "+experiment=tuxpaint",
            f"dataset.directory={args.tuxpaint}",
            "dataset.index=index.csv",
            "transform.image_size=96",
        ]
        works["tuxpaint"] = (stamps, PICTURES)
    works = works if args.data is None else {args.data: works[args.data]}
    with tempfile.TemporaryDirectory() as runs:
        for name, (overrides, choices) in works.items():
            print(f"\n| {name}, split | advised | {' | '.join(choices)} |\n|---|---|{'---|' * len(choices)}")
            advised, scores = [], {choice: [] for choice in choices}
            for split in range(args.splits):
                some = [*overrides, f"dataset.split.seed={split}", f"runs={runs}"]
                advised.append(name_of(advise(some, quiet=True).advice, choices))
                for choice, more in choices.items():
                    scores[choice].append(score([*some, *PLAIN, *more]))
                shown = " | ".join(f"{found[-1]:.4f}" for found in scores.values())
                print(f"| {split} | {advised[-1]} | {shown} |", flush=True)
            told(name, advised, scores)


def told(name: str, advised: list[str], scores: dict[str, list[float]]) -> None:
    """One split's test rows are few: what counts is the mean over splits, of what was advised in each and of the best choice."""
    means = {choice: statistics.mean(found) for choice, found in scores.items()}
    got = statistics.mean(scores[choice][split] for split, choice in enumerate(advised))
    best = max(means, key=means.get)
    each = [max(found[split] for found in scores.values()) - scores[choice][split] for split, choice in enumerate(advised)]
    print(f"| mean | {got:.4f} | {' | '.join(f'{mean:.4f}' for mean in means.values())} |\n")
    print(
        f"{name}: behind the best choice, {best}: {means[best] - got:.4f} in the mean (bar 0.01); behind the best of each split: {each_of(each)}"
    )


def each_of(values: list[float]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def name_of(advice: dict, choices: dict[str, tuple[str, ...]]) -> str:
    """The choice that is meant. Without a backbone in it, the experiment's own: the first."""
    training = advice["overrides"][-1].partition("=")[2]
    backbone = next((text.partition("=")[2] for text in advice["overrides"] if text.startswith("backbone=")), None)
    return f"{backbone or next(iter(choices)).partition(',')[0]}, {training}"


def score(overrides: list[str]) -> float:
    return run(load(overrides), quiet=True).metrics["test"]["accuracy"]


if __name__ == "__main__":
    main()
