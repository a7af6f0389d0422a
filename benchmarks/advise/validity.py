"""Is the advice good? Every choice is trained, and the advised one held against the best of them on the test rows.

    python benchmarks/advise/validity.py [--tuxpaint DIR] [--splits N] [--data fashion|sentiment|tuxpaint]

Data that ship with tfrun, and Tux Paint's stamps where their folder is given. Choices: each backbone that fits, frozen, and fine-tuned where
its weights can be trained. Prints a Markdown table. About 20 minutes a split on two cores.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tfrun import load, run
from tfrun.advise import advise

PLAIN = ("export=[]", "gate=none", "tracking=none")
FROZEN, FINETUNE = ("training=frozen",), ("training=finetune", "training.epochs=8")
PICTURES = {
    "efficientnet_lite0, frozen": ("backbone=efficientnet_lite0", *FROZEN, "training.epochs=30"),
    "efficientnet_lite0, finetune": ("backbone=efficientnet_lite0", *FINETUNE),
    "none, frozen": ("backbone=none", *FROZEN, "training.epochs=30"),
}
TEXTS = {
    "glove_50d, frozen": ("backbone=glove_50d", *FROZEN, "training.epochs=30"),
    "glove_50d, finetune": ("backbone=glove_50d", *FINETUNE, "training.backbone_learning_rate=1.0"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuxpaint", type=Path)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--data", help="only these")
    args = parser.parse_args()
    works = {"fashion": (["+experiment=quickstart"], PICTURES), "sentiment": (["+experiment=sentiment"], TEXTS)}
    if args.tuxpaint:
        stamps = ["+experiment=tuxpaint", f"dataset.directory={args.tuxpaint}", "dataset.index=index.csv", "transform.image_size=96"]
        works["tuxpaint"] = (stamps, PICTURES)
    works = works if args.data is None else {args.data: works[args.data]}
    print("| data | split | advised | its test accuracy | best | its test accuracy | behind |\n|---|---|---|---|---|---|---|")
    behind = []
    with tempfile.TemporaryDirectory() as runs:
        for name, (overrides, choices) in works.items():
            for split in range(args.splits):
                some = [*overrides, f"dataset.split.seed={split}", f"runs={runs}"]
                advised = name_of(advise(some, quiet=True).advice, choices)
                scores = {choice: score([*some, *PLAIN, *more]) for choice, more in choices.items()}
                best = max(scores, key=scores.get)
                behind.append(scores[best] - scores[advised])
                print(f"| {name} | {split} | {advised} | {scores[advised]:.4f} | {best} | {scores[best]:.4f} | {behind[-1]:.4f} |", flush=True)
    print(f"\nBehind the best: mean {statistics.mean(behind):.4f}, largest {max(behind):.4f}; bar: 0.01")


def name_of(advice: dict, choices: dict[str, tuple[str, ...]]) -> str:
    """The choice that is meant. Without a backbone in it, the experiment's own: the first."""
    training = advice["overrides"][-1].partition("=")[2]
    backbone = next((text.partition("=")[2] for text in advice["overrides"] if text.startswith("backbone=")), None)
    return f"{backbone or next(iter(choices)).partition(',')[0]}, {training}"


def score(overrides: list[str]) -> float:
    return run(load(overrides), quiet=True).metrics["test"]["accuracy"]


if __name__ == "__main__":
    main()
