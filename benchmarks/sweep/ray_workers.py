"""A trial on a Ray worker: a child of the worker's server, which has imported TensorFlow, or a worker process for this trial alone?

    python benchmarks/sweep/ray_workers.py [--rounds 4]

Printed: seconds until a trial could begin to read its data, of each round, one worker at a time; and megabytes of its own that the
worker, with what it has started, keeps when the trial has ended. Both give all memory of the trial back.
"""

from __future__ import annotations

import argparse
import os
import time

import psutil


def child() -> float:
    from tfrun.apart import apart

    apart("tfrun.apart.process:import_heavy")  # what a trial imports
    return kept()


def alone() -> float:
    from tfrun.apart.process import import_heavy

    import_heavy()
    return kept()


def kept() -> float:
    """Megabytes of its own, and of what it has started."""
    here = psutil.Process()
    return sum(each.memory_full_info().uss for each in [here, *here.children(recursive=True)]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}  # loopback only
    import ray

    ray.init(
        "local", num_cpus=1, include_dashboard=False, object_store_memory=80 * 2**20, logging_level="ERROR", log_to_driver=False
    )
    tasks = {"child of the worker's server": ray.remote(child), "worker of its own": ray.remote(max_calls=1)(alone)}
    for name, task in tasks.items():
        for turn in range(args.rounds):
            began = time.perf_counter()
            held = ray.get(task.remote())
            over = ", given back with the worker" if task is tasks["worker of its own"] else ""
            print(f"{name}, round {turn}: {time.perf_counter() - began:.2f} s, {held:.0f} MB{over}", flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main()
