"""One measurement in a process of its own: `python here.py WAY DATA` prints seconds and peak memory in MB."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
from pyarrow import csv

_TIMES = 5
_OPTIONS = csv.ConvertOptions(strings_can_be_null=True)


def batches(data: str) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV as they come."""
    return iter(csv.open_csv(data, convert_options=_OPTIONS))


def statistics(data: str) -> Callable[[], object]:
    """From a table that is in memory, as the other two have it."""
    from tfrun.checks import Roles
    from tfrun.checks.gather import accumulate
    from tfrun.checks.statistics import statistics as protos

    table = csv.read_csv(data, convert_options=_OPTIONS)
    return lambda: protos({"train": accumulate(iter(table.to_batches(max_chunksize=10_000)), Roles("late"), 10_000)})


def streamed(data: str) -> Callable[[], object]:
    """From the file, which is never in memory as a whole."""
    from tfrun.checks import Roles
    from tfrun.checks.gather import accumulate
    from tfrun.checks.statistics import statistics as protos

    return lambda: protos({"train": accumulate(batches(data), Roles("late"), 10_000)})


def fourfold(data: str) -> Callable[[], object]:
    """From the file four times over: memory should not grow."""
    from tfrun.checks import Roles
    from tfrun.checks.gather import accumulate

    return lambda: accumulate((batch for _ in range(4) for batch in batches(data)), Roles("late"), 10_000)


def reading(data: str) -> Callable[[], object]:
    """Only reading the file, block by block."""
    return lambda: sum(batch.num_rows for batch in batches(data))


def checks(data: str) -> Callable[[], object]:
    """All checks, with the schema, leakage and the rest; one split, from the file."""
    from tfrun.checks import Roles, check_data

    return lambda: check_data({"train": lambda: batches(data)}, Roles("late"))


def describe(data: str) -> Callable[[], object]:
    import pandas as pd

    frame = pd.read_csv(data)
    return lambda: frame.describe(include="all")


def timed(work: Callable[[], object], times: int) -> dict[str, float]:
    """The best of several: seconds that passed, and seconds of the processor, which others on the machine change less."""
    found = []
    for _ in range(times):
        start, busy = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - start, time.process_time() - busy))
    return {"seconds": min(passed for passed, _ in found), "busy": min(busy for _, busy in found)}


if __name__ == "__main__":
    figures = timed(globals()[sys.argv[1]](sys.argv[2]), _TIMES)
    print(json.dumps(figures | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
