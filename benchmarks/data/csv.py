"""From a CSV file to training batches: tfrun's `dataset=csv` beside `tf.data.experimental.make_csv_dataset`.

    python benchmarks/data/csv.py [--file FILE] [--label late] [--rounds 5]

A round is one pass over all rows in batches of 512, the file opened anew: what is read of it is decompressed, parsed, shuffled and
handed out as one tensor a column, numbers as float32 and words as strings. tfrun parses the whole file first and then serves
batches by random access, which is a full shuffle; the peer shuffles within a window of 10,000 rows, with its own default
parallelism and prefetching, and once more as its guide recommends (num_parallel_reads=2, sloppy). Rounds alternate; the ratio
is the median of the ratios within rounds. A third line has tfrun's second epoch, for which nothing is parsed again. Before, sums
over all numbers and counts of all words are checked to be the same in both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import Counter

sys.path.pop(0)  # this folder, where this file would hide the module csv
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

BATCH = 512


class Ours:
    def __init__(self, file: str, label: str):
        self.file, self.label, self.data = file, label, None

    def open(self):
        from tfrun.dataset.csv import Csv

        self.data = Csv(file=self.file, label=self.label, ignore=[], split={"validation": 0, "test": 0.001}).open()
        return self.batches()

    def batches(self):
        """All rows of all splits, shuffled."""
        import tensorflow as tf

        splits = self.data.splits.values()
        rows = np.concatenate([split.positions for split in splits])
        order = np.random.default_rng(0).permutation(rows)
        read = next(iter(splits)).read
        return tf.data.Dataset.from_tensor_slices(order).batch(BATCH).map(read, num_parallel_calls=2).prefetch(2)


class Peer:
    def __init__(self, file: str, label: str, parallel: bool):
        from tfrun.dataset.csv import Csv

        header = Csv(file=file, label=label)._header(file)  # both are told the types
        self.file, self.label, self.parallel = file, label, parallel
        self.kinds = {name: kind for name, kind in header.kinds.items()}

    def open(self):
        import tensorflow as tf

        words = {name for name, kind in self.kinds.items() if kind == "category" or name == self.label}
        defaults = [tf.constant([""]) if name in words else tf.constant([np.nan], tf.float32) for name in self.kinds]
        more = {"num_parallel_reads": 2, "sloppy": True} if self.parallel else {}
        return tf.data.experimental.make_csv_dataset(
            self.file, BATCH, column_defaults=defaults, label_name=self.label, num_epochs=1, shuffle=True, shuffle_seed=0,
            compression_type="GZIP" if self.file.endswith(".gz") else None, na_value="", **more,
        ).map(lambda columns, _: columns)  # fmt: skip


def one_pass(batches) -> int:
    count = 0
    for columns in batches:
        count += next(iter(columns.values())).shape[0]
    return count


def content(batches) -> dict:
    """Sums of numbers, missing ones, and counts of words, over all rows."""
    found: dict = {}
    for columns in batches:
        for name, values in columns.items():
            values = values.numpy()
            if values.dtype == object:
                found.setdefault(name, Counter()).update(values.tolist())
            else:
                part = np.array([np.nansum(values.astype(np.float64)), np.isnan(values).sum(), len(values)])
                found[name] = found.get(name, 0) + part
    return found


def same(ours: dict, peer: dict) -> None:
    if set(ours) != set(peer):
        raise SystemExit(f"other columns: {set(ours) ^ set(peer)}")
    for name, value in ours.items():
        equal = value == peer[name] if isinstance(value, Counter) else np.allclose(value, peer[name], rtol=1e-6)
        if not equal:
            raise SystemExit(f"column {name} differs: {value} and {peer[name]}")


def timed(work) -> float:
    """Rows a second."""
    began = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", default="tfrun/samples/flights/flights.csv.gz")
    parser.add_argument("--label", default="late")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    ours, peer, parallel = Ours(args.file, args.label), Peer(args.file, args.label, False), Peer(args.file, args.label, True)
    same(content(ours.open()), content(peer.open()))
    ways = {
        "tfrun, first epoch, with opening": lambda: one_pass(ours.open()),
        "make_csv_dataset": lambda: one_pass(peer.open()),
        "make_csv_dataset, 2 parallel reads": lambda: one_pass(parallel.open()),
        "tfrun, each further epoch": lambda: one_pass(ours.batches()),
    }
    speeds = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, work in ways.items():
            speeds[name].append(timed(work))
    base = speeds["tfrun, first epoch, with opening"]
    print("The same rows in both.\n\n| way | rows a second, median | min … max | tfrun's first epoch is |\n|---|---|---|---|")
    for name, values in speeds.items():
        ratio = statistics.median(own / other for own, other in zip(base, values, strict=True))
        print(f"| {name} | {statistics.median(values):,.0f} | {min(values):,.0f} … {max(values):,.0f} | {ratio:.2f} x |")


if __name__ == "__main__":
    main()
