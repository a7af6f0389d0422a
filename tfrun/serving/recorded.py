"""Recorded requests and their answers, from a `contract.json`: what a server is compared with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.config.problems import Problem, RunError


@dataclass(frozen=True)
class Example:
    """One row of a signature. inputs: {name: [1, ...]}, strings as objects. answer: float32 [1, classes]. output: its name."""

    signature: str
    inputs: dict[str, np.ndarray]
    output: str
    answer: np.ndarray

    def times(self, rows: int) -> dict[str, np.ndarray]:
        """The row over and over: {name: [rows, ...]}."""
        return {name: np.repeat(value, rows, axis=0) for name, value in self.inputs.items()}


@dataclass(frozen=True)
class Contract:
    """dtypes: TensorFlow's name of each input's and output's type, by signature. examples: one a signature."""

    dtypes: dict[str, dict[str, dict[str, str]]]
    examples: tuple[Example, ...]


def read(path: Path) -> Contract:
    """Raises RunError where the file is not there or not a contract."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        signatures = content["signatures"]
        recorded = {name: signatures[name].get("example") for name in signatures}
        recorded["serving_default"] = content["example"]
        examples = [_example(name, signatures[name], exchange) for name, exchange in recorded.items() if exchange]
        dtypes = {
            name: {side: {each["name"]: _tensorflow(each["dtype"]) for each in about[side]} for side in ("inputs", "outputs")}
            for name, about in signatures.items()
        }
    except OSError as error:
        raise RunError(
            Problem(str(path), f"cannot be read ({error.strerror})", "name the run's exports/contract.json")
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        rule = f"is no contract ({type(error).__name__}: {error})"
        raise RunError(Problem(str(path), rule, "name the run's exports/contract.json")) from error
    return Contract(dtypes, tuple(examples))


def _example(signature: str, about: dict[str, Any], exchange: dict[str, Any]) -> Example:
    (row,) = exchange["request"]["instances"]
    inputs = {each["name"]: np.asarray(row[each["name"]], _numpy(each["dtype"]))[None] for each in about["inputs"]}
    answer = np.asarray(exchange["response"]["predictions"], np.float32)
    return Example(signature, inputs, about["outputs"][0]["name"], answer)


def _numpy(dtype: str) -> type | str:
    return object if dtype == "string" else dtype


def _tensorflow(dtype: str) -> str:
    return "DT_" + {"float32": "float", "float64": "double", "float16": "half"}.get(dtype, dtype).upper()
