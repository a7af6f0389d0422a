"""A bounded load: the same request again and again, for some seconds, through some connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_MOST = 1_000_000  # requests: a bound on what is remembered


@dataclass(frozen=True)
class Load:
    """requests: answered. seconds: that they took together. p50_ms, p99_ms: of one, from sending to the decoded answer."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def load(callers: list[Callable[[], object]], seconds: float) -> Load:
    """callers: one a connection, each in a thread of its own. Raises what the first of them that fails raises."""
    taken: list[list[float]] = [[] for _ in callers]
    failures: list[Exception] = []
    until = time.perf_counter() + seconds

    def work(call: Callable[[], object], latencies: list[float]) -> None:
        try:
            while not failures and len(latencies) < _MOST and ((began := time.perf_counter()) < until or not latencies):
                call()
                latencies.append(time.perf_counter() - began)
        except Exception as error:  # told where the threads are joined
            failures.append(error)

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=each, daemon=True) for each in zip(callers, taken, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    p50, p99 = np.percentile(np.concatenate(taken), [50, 99]) * 1000
    return Load(sum(map(len, taken)), time.perf_counter() - began, float(p50), float(p99))
