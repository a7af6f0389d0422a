"""How processes that train together agree: what the leading one decides, all of them get.

Whatever steers the training and could come out different elsewhere (a measured value, a checkpoint, a clock) goes through
here, since a process that goes another way leaves all others waiting. Where there is one process only, nothing is sent.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from tfrun.training.checkpoint import State

_Value = TypeVar("_Value")


def processes(strategy: tf.distribute.Strategy) -> int:
    """How many processes run the same training; 1 also where others only compute what this one tells them to."""
    extended = strategy.extended
    return extended._num_workers if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) else 1


def leads(strategy: tf.distribute.Strategy) -> bool:
    """Is this the process that measures, records and saves?"""
    return processes(strategy) == 1 or strategy.extended._is_chief


def agreed(strategy: tf.distribute.Strategy, make: Callable[[], Any]) -> Any:
    """The value that `make` gives in the leading process, the only one that calls it: anything that JSON can hold."""
    if processes(strategy) == 1:
        return make()
    return json.loads(_sent(strategy, json.dumps(make()).encode() if leads(strategy) else b""))


def agreed_state(strategy: tf.distribute.Strategy, make: Callable[[], State | None]) -> State | None:
    """As `agreed`, of a state of the training."""
    if processes(strategy) == 1:
        return make()
    from tfrun.training.checkpoint import State

    state = make() if leads(strategy) else None
    content = _sent(strategy, _packed(state) if state else b"")
    if not content:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name.removeprefix("array/"): stored[name] for name in stored.files if name != "facts"}
        return State(arrays, json.loads(stored["facts"].tobytes()))


def leader_first(strategy: tf.distribute.Strategy, work: Callable[[], _Value]) -> _Value:
    """Everybody does the work, the leading process before all others: what it leaves on disk, they find."""
    if processes(strategy) == 1:
        return work()
    done = work() if leads(strategy) else None
    _summed(strategy, np.zeros(1, np.int32))
    return done if leads(strategy) else work()


def _packed(state: State) -> bytes:
    file = io.BytesIO()
    np.savez(
        file, facts=np.frombuffer(json.dumps(state.facts).encode(), np.uint8),
        **{f"array/{name}": value for name, value in state.arrays.items()},
    )  # fmt: skip
    return file.getvalue()


def _sent(strategy: tf.distribute.Strategy, content: bytes) -> bytes:
    """The leading process's content, in all: a sum to which the others add zeros."""
    size = int(_summed(strategy, np.array([len(content)], np.int32))[0])
    words = np.zeros(-(-size // 4), np.int32)
    words.view(np.uint8)[: len(content)] = np.frombuffer(content, np.uint8)
    return _summed(strategy, words).tobytes()[:size] if size else b""


def _summed(strategy: tf.distribute.Strategy, values: np.ndarray) -> np.ndarray:
    """values: int32 [n], the same n everywhere."""

    def one(value):
        context = tf.distribute.get_replica_context()
        first = tf.reduce_all(tf.equal(context.replica_id_in_sync_group % _local(strategy), 0))
        return context.all_reduce("SUM", tf.where(first, value, tf.zeros_like(value)))

    answer = tf.function(lambda value: strategy.run(one, args=(value,)), autograph=False)
    summed = answer.get_concrete_function(tf.TensorSpec(values.shape, tf.int32))
    return strategy.experimental_local_results(summed(tf.constant(values)))[0].numpy()


def _local(strategy: tf.distribute.Strategy) -> int:
    """Replicas of one process."""
    return strategy.num_replicas_in_sync // processes(strategy)
