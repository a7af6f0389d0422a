"""One optimizer step, in small parts: forward, loss, gradients, reduce, clip, update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from tfrun.optimizer import Optimizer
from tfrun.training.loss import Batch, Loss
from tfrun.training.moment import Moment, at
from tfrun.training.precision import LossScale, assign, read

TOTALS = 4  # sum of weighted losses, of what `Loss.tells` weighted, of weights, and rows


@dataclass(frozen=True)
class Trained:
    """Variables that learn at one pace.

    slots: of each variable, those that the optimizer asks for. multiplier: of the learning rate. start: step of the run
    at which these variables were unfrozen. constraints: (variable, what it must be projected to after each update).
    """

    variables: list[tf.Variable]
    slots: list[list[tf.Variable]]
    multiplier: float = 1.0
    start: int = 0
    constraints: tuple[tuple[tf.Variable, Callable[[tf.Tensor], tf.Tensor]], ...] = ()


@dataclass(frozen=True)
class Step:
    """Called by each replica with its share of a batch and the number of the step; gives float32 [4], see TOTALS.

    forward: inputs -> float32 logits [rows, classes]. penalties: scalars that are added to the loss. rate: step of the
    run (int32 scalar) -> learning rate. averages: (variable, its moving average), where there are some; decay: of those.
    batch_size: rows over all replicas. parts: micro-batches of a step. compute_gradients: what `optimizer` cannot fuse
    is done by `keras_optimizer`.
    """

    forward: Callable[[tf.Tensor], tf.Tensor]
    loss: Loss
    penalties: Callable[[], list[tf.Tensor]]
    optimizer: Optimizer
    rate: Callable[[tf.Tensor], tf.Tensor]
    groups: list[Trained]
    batch_size: int
    replicas: int = 1
    parts: int = 1
    clip_norm: float | None = None
    loss_scale: LossScale | None = None
    averages: tuple[tuple[tf.Variable, tf.Variable], ...] = ()
    decay: float = 0.0
    keras_updates: Callable[[list[tf.Tensor], tf.Tensor], None] | None = None

    def __call__(self, batch: Batch, number: tf.Tensor, slowdown: tf.Tensor) -> tf.Tensor:
        """number: int32 scalar. slowdown: float32 scalar that multiplies the learning rate."""
        gradients, totals = self._accumulated(batch, number)
        gradients, finite = self._reduced(gradients)
        if self.clip_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self.clip_norm)
        if self.loss_scale is None:
            self._update(gradients, number, slowdown)
            return totals
        # float16: a step whose gradients overflow is left out, and the next ones are scaled less.
        tf.cond(finite, lambda: self._update(gradients, number, slowdown), lambda: tf.constant(True))
        self.loss_scale.update(finite)
        return totals

    @property
    def _variables(self) -> list[tf.Variable]:
        return [variable for group in self.groups for variable in group.variables]

    def _accumulated(self, batch: Batch, number: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Gradients and totals of this replica's rows, computed in `parts`."""
        rows = self.batch_size // self.replicas // self.parts
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group if self.replicas > 1 else 0
        first = tf.cast(replica * (self.batch_size // self.replicas), tf.int32)
        if self.parts == 1:
            return self._gradients(batch, Moment(number, first, self.batch_size))

        def part(index, sums, totals):
            mine = Batch(*(None if column is None else column[index * rows : (index + 1) * rows] for column in batch))
            mine = Batch(*(None if column is None else tf.ensure_shape(column, [rows, *column.shape[1:]]) for column in mine))
            gradients, added = self._gradients(mine, Moment(number, first + index * rows, self.batch_size))
            return index + 1, [total + gradient for total, gradient in zip(sums, gradients, strict=True)], totals + added

        start = (tf.constant(0), [tf.zeros(variable.shape) for variable in self._variables], tf.zeros([TOTALS]))
        _, gradients, totals = tf.while_loop(lambda index, *_: index < self.parts, part, start, parallel_iterations=1)
        return gradients, totals

    def _gradients(self, batch: Batch, moment: Moment) -> tuple[list[tf.Tensor], tf.Tensor]:
        with tf.GradientTape() as tape, at(moment):
            logits = self.forward(batch.inputs)
            losses = self.loss(batch, logits)
            # Replicas' and parts' gradients are added up, so each takes its share of the global batch and of the penalties.
            total = tf.reduce_sum(losses) / self.batch_size
            for penalty in self.penalties():
                total += penalty / (self.replicas * self.parts)
            if self.loss_scale is not None:
                total *= read(self.loss_scale.factor)
        gradients = [
            tf.convert_to_tensor(gradient) for gradient in tape.gradient(total, self._variables, unconnected_gradients="zero")
        ]
        told = self.loss.tells(batch.labels, logits)
        rows = tf.cast(tf.shape(batch.labels)[0], tf.float32)
        weights = tf.reduce_sum(batch.weights)
        return gradients, tf.stack([tf.reduce_sum(losses), tf.reduce_sum(told * batch.weights), weights, rows])

    def _reduced(self, gradients: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Summed over replicas, and whether all of it is finite (told for float16 only)."""
        if self.replicas > 1:
            gradients = list(tf.distribute.get_replica_context().all_reduce("SUM", gradients))
        if self.loss_scale is None:
            return gradients, tf.constant(True)
        factor = read(self.loss_scale.factor)
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients])
        return [gradient / factor for gradient in gradients], finite

    def _update(self, gradients: list[tf.Tensor], number: tf.Tensor, slowdown: tf.Tensor) -> tf.Tensor:
        rate = self.rate(number) * slowdown
        if self.keras_updates is not None:
            self.keras_updates(gradients, rate)
        else:
            rest = iter(gradients)
            for group in self.groups:
                count = tf.cast(number - group.start + 1, tf.float32)
                for variable, slots in zip(group.variables, group.slots, strict=True):
                    self.optimizer.update(variable, slots, next(rest), rate * group.multiplier, count)
                for variable, constraint in group.constraints:
                    assign(variable, constraint(read(variable)))
        self._average(number)
        return tf.constant(True)

    def _average(self, number: tf.Tensor) -> None:
        """The decay starts low, so that the first weights are soon forgotten (as tf.train.ExponentialMovingAverage does)."""
        done = tf.cast(number, tf.float32)
        decay = tf.minimum(self.decay, (1.0 + done) / (10.0 + done))
        for variable, average in self.averages:
            old = read(average)
            assign(average, old - (old - read(variable)) * (1.0 - decay))
