"""Trying a server: is it up, does it serve this model, are its answers the recorded ones, how fast is it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfrun.config.problems import Problem
from tfrun.serving.endpoint import Endpoint
from tfrun.serving.load import load
from tfrun.serving.recorded import Contract, Example

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """tolerance: largest difference of an answer. rows: of one request. seconds: of load; 0 for none. connections: at once."""

    tolerance: float = 1e-4
    rows: int = 1
    seconds: float = 2.0
    connections: int = 1


def probe(endpoint: Endpoint, contract: Contract | None, asked: Asked, say: Say) -> list[Problem]:
    """What is wrong. contract: None: answers are not compared. say: told each result. Raises Refused."""
    problems = _status(endpoint, say)
    if contract is None:
        say("answers     not compared: no --contract was given")
        return problems
    dtypes = endpoint.dtypes()
    for example in contract.examples:
        found = _signature(endpoint, contract, example, dtypes) or _answer(endpoint, example, asked, say)
        if not found and asked.seconds and example.signature == "serving_default":
            _load(endpoint, example, asked, say)
        problems += found
    return problems


def _status(endpoint: Endpoint, say: Say) -> list[Problem]:
    versions = endpoint.versions()
    states = ", ".join(f"version {version} {state}" for version, state in sorted(versions.items()))
    say(f"status      {endpoint.way}: {states or 'no version'}")
    if "AVAILABLE" in versions.values():
        return []
    return [Problem(endpoint.where, f"has no version that is available ({states or 'none at all'})")]


def _signature(endpoint: Endpoint, contract: Contract, example: Example, dtypes: dict) -> list[Problem]:
    """Another model under the same name would show here."""
    wanted, found = contract.dtypes[example.signature], dtypes.get(example.signature)
    if found == wanted:
        return []
    has = f"{found}" if found else f"not there (but {', '.join(dtypes)})"
    return [Problem(endpoint.where, f"{endpoint.way}: signature {example.signature} is {has}, and {wanted} in the contract")]


def _answer(endpoint: Endpoint, example: Example, asked: Asked, say: Say) -> list[Problem]:
    answer = endpoint.caller(example.signature, example.times(asked.rows), example.output)()[example.output]
    what = f"{endpoint.way}, {example.signature}"
    wanted = np.repeat(example.answer, asked.rows, axis=0)
    if answer.shape != wanted.shape:
        return [Problem(endpoint.where, f"{what}: gives {list(answer.shape)} instead of {list(wanted.shape)}")]
    difference = float(np.abs(answer - wanted).max())
    say(f"answer      {what}: largest difference {difference:.2g} (allowed {asked.tolerance:g})")
    if difference <= asked.tolerance:  # not so for NaN
        return []
    rule = f"{what}: differs by {difference:.2g} from the recorded answer, more than {asked.tolerance:g}"
    return [Problem(endpoint.where, rule, "is it the version that the contract is of?")]


def _load(endpoint: Endpoint, example: Example, asked: Asked, say: Say) -> None:
    batch = example.times(asked.rows)
    callers = [endpoint.caller(example.signature, batch, example.output) for _ in range(asked.connections)]
    result = load(callers, asked.seconds)
    say(
        f"load        {endpoint.way}: {result.rate:.1f} requests/s of {asked.rows} row(s) through {asked.connections} connection(s), "
        f"p50 {result.p50_ms:.2f} ms, p99 {result.p99_ms:.2f} ms ({result.requests} requests in {result.seconds:.1f} s)"
    )
