"""From a folder of JPEG files to shuffled batches: tfrun's training stream beside `image_dataset_from_directory`.

    python benchmarks/pictures.py [--directory FOLDER] [--size 224] [--rounds 7]

Both decode, resize (bilinear), shuffle and batch by 32; tfrun also scales to [0, 1]. A round is one pass over the files;
rounds alternate, and the last column is the median of the ratios within a round. The peer's iterator is dropped at the
end of each pass, as `fit` does; with autotune that waits for the tuner's next tick (0.63, 1.27, 2.55, 5.11 s …), so what
it costs depends on how long a pass takes. Prints a Markdown table, the largest difference of pixels, and how memory grows.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
BATCH = 32


def make_folder(folder: Path, pictures: int) -> Path:
    """JPEG files of 300 to 500 pixels from the fashion sample, with grain, so that they have the size of photos."""
    from PIL import Image

    from tfrun.dataset.fashion import Fashion

    random = np.random.default_rng(0)
    data = Fashion().open()
    split = data.splits["train"].first(pictures)
    for number, (row, label) in enumerate(zip(split.inputs(), split.labels, strict=True)):
        width, height = map(int, random.integers(300, 501, 2))
        large = np.asarray(Image.fromarray(row["image"]).resize((width, height), Image.Resampling.BICUBIC), np.float32)
        grain = random.normal(0, 6, large.shape)
        path = folder / data.classes[label] / f"{number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((large + grain).clip(0, 255).astype(np.uint8)).save(path, quality=90)
    return folder


class Ours:
    """One iterator for all rounds, as in a run."""

    def __init__(self, folder: Path, size: int):
        from tfrun.augment.none import NoAugment
        from tfrun.dataset.image_folder import ImageFolder
        from tfrun.training.stream import input_batches
        from tfrun.transform.image import Image

        data = ImageFolder(directory=folder, split={"validation": 0, "test": 0.02}).open()
        self.folder, self.split = folder, data.splits["train"]
        self.model = SimpleNamespace(transform=Image(image_size=size).build(data, None))
        self.batches = iter(input_batches(self.model, self.split, NoAugment(), BATCH, seed=0))

    def __call__(self) -> float:
        for _ in range(4):  # what was made ready during the pause is not timed
            next(self.batches)
        count, began = len(self.split) // BATCH, time.perf_counter()
        for _ in range(count):
            next(self.batches)
        return count * BATCH / (time.perf_counter() - began)

    def pixels(self, count: int) -> dict[str, np.ndarray]:
        """Of the first `count` examples, by file, in [0, 255]."""
        from tfrun.augment.none import NoAugment
        from tfrun.training.order import order
        from tfrun.training.stream import input_batches

        inputs, *_ = next(iter(input_batches(self.model, self.split, NoAugment(), count, seed=0)))
        names = self.split.ids[order(len(self.split), 0, 0, count)]
        return {str(self.folder / name): image * 255 for name, image in zip(names, inputs.numpy(), strict=True)}


class Peer:
    def __init__(self, folder: Path, size: int, autotune: bool):
        import keras
        import tensorflow as tf

        read = keras.utils.image_dataset_from_directory
        common = {"image_size": (size, size), "batch_size": BATCH, "verbose": False}
        self.dataset, self.in_order = read(folder, seed=0, **common), read(folder, shuffle=False, **common)
        if not autotune:
            options = tf.data.Options()
            options.autotune.enabled = False
            self.dataset = self.dataset.with_options(options)

    def __call__(self) -> float:
        rows, began = 0, time.perf_counter()
        for _, labels in self.dataset:
            rows += len(labels)
        return rows / (time.perf_counter() - began)

    def difference(self, pixels: dict[str, np.ndarray]) -> float:
        """The largest absolute difference from `pixels`, in levels of 255."""
        files, largest = iter(self.in_order.file_paths), 0.0
        for images, _ in self.in_order:
            for image in images.numpy():
                found = pixels.get(next(files))
                largest = largest if found is None else max(largest, float(np.abs(found - image).max()))
        return largest


def resident() -> float:
    """Memory of this process in MB."""
    import psutil

    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


def measure(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    speeds = {name: [] for name in ways}
    for number in range(rounds + 1):  # the first round warms up
        for name, one_pass in ways.items():
            speed = one_pass()
            if number:
                speeds[name].append(speed)
            time.sleep(0.3)  # lets background work of one end before the next begins
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="folder of JPEG files, one folder a class; default: one is made")
    parser.add_argument("--pictures", type=int, default=1200, help="files of the folder that is made, at most 1,300")
    parser.add_argument("--size", type=int, default=224, help="side of the resized pictures in pixels")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.directory or make_folder(Path(temporary), args.pictures)
        ours = Ours(folder, args.size)
        usual, tuned = Peer(folder, args.size, autotune=True), Peer(folder, args.size, autotune=False)
        ways = {"tfrun": ours, "image_dataset_from_directory": usual, "the same, autotune off": tuned}
        speeds = measure(ways, args.rounds)
        print(f"{len(ours.split):,} JPEG files to {args.size} x {args.size}, batches of {BATCH}, {args.rounds} rounds\n")
        print("| way | images a second, median | min … max | tfrun is |\n|---|---|---|---|")
        for name, values in speeds.items():
            ratio = statistics.median(own / other for own, other in zip(speeds["tfrun"], values, strict=True))
            print(f"| {name} | {statistics.median(values):,.0f} | {min(values):,.0f} … {max(values):,.0f} | {ratio:.2f} x |")
        count = min(256, len(ours.split))
        print(f"\nLargest difference over {count} pictures: {usual.difference(ours.pixels(count)):.2g} of 255 levels")
        before = resident()
        after = [(ours(), resident())[1] for _ in range(5)]
        print(f"Memory over 5 more passes: {before:.0f} MB, then " + ", ".join(f"{value - before:+.0f}" for value in after))


if __name__ == "__main__":
    main()
