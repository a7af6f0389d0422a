"""Damaged test rows: what a cheap camera, a bad line, a hurried typist or an empty field would give the model.

The kinds of damage to pictures and their five strengths are those of Hendrycks and Dietterich, Benchmarking Neural Network
Robustness to Common Corruptions and Perturbations (2019), for ImageNet; blurs are scaled to the picture's size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tfrun.dataset import InputSpec, Split

_SEED = 20190401
_SIDE, _LEAST_SIDE = 224.0, 64  # pixels; the widths of blurs are made for the first, and scaled down to the second at most


@dataclass(frozen=True)
class Corruption:
    """kinds: of inputs that it damages. change: (raw input of one row, amount, seed int32 [2], spec) -> the like."""

    kinds: tuple[str, ...]
    amounts: tuple[float, ...]
    change: Callable


def corrupted(split: Split, inputs: tuple[InputSpec, ...], name: str, strength: int) -> Split:
    """The rows of `split`, damaged when they are read; each row in its own way, always the same one. strength: 1 … 5."""
    import tensorflow as tf

    kind, amount = CORRUPTIONS[name], CORRUPTIONS[name].amounts[strength - 1]

    def read(row):
        raw = dict(split.read(row))
        for number, spec in enumerate(inputs):
            if spec.kind in kind.kinds:
                seed = tf.stack([tf.cast(row, tf.int32), _SEED + number])
                raw[spec.name] = kind.change(raw[spec.name], amount, seed, spec)
        return raw

    return replace(split, read=read, reads_batches=False, digests=None)


def damages(name: str, inputs: tuple[InputSpec, ...]) -> bool:
    return any(spec.kind in CORRUPTIONS[name].kinds for spec in inputs)


def _noise(value, amount, seed, spec):
    """Gaussian. amount: standard deviation, of the range of a picture, or of a sound's own effective value."""
    import tensorflow as tf

    drawn = amount * tf.random.stateless_normal(tf.shape(value), seed)
    if spec.kind == "audio":
        return value + drawn * tf.sqrt(tf.reduce_mean(tf.square(value)))
    return _pixels(tf.cast(value, tf.float32) + 255.0 * drawn, value)


def _blur(value, amount, seed, spec):
    """Gaussian. amount: standard deviation in pixels, of a picture with a short side of 224."""
    import tensorflow as tf

    shape = tf.shape(value)
    sigma = amount * tf.cast(tf.maximum(_LEAST_SIDE, tf.minimum(shape[0], shape[1])), tf.float32) / _SIDE
    radius = tf.maximum(1, tf.cast(tf.math.ceil(3 * sigma), tf.int32))
    weights = tf.exp(-0.5 * tf.square(tf.cast(tf.range(-radius, radius + 1), tf.float32) / tf.maximum(sigma, 1e-3)))
    weights /= tf.reduce_sum(weights)
    channels = spec.shape[-1]
    padded = tf.pad(tf.cast(value, tf.float32), [[radius, radius], [radius, radius], [0, 0]], "SYMMETRIC")[None]
    down = tf.tile(weights[:, None, None, None], [1, 1, channels, 1])
    across = tf.tile(weights[None, :, None, None], [1, 1, channels, 1])
    blurred = tf.nn.depthwise_conv2d(tf.nn.depthwise_conv2d(padded, down, [1] * 4, "VALID"), across, [1] * 4, "VALID")
    return _pixels(blurred[0], value)


def _brightness(value, amount, seed, spec):
    """amount: what is added, of the range."""
    import tensorflow as tf

    return _pixels(tf.cast(value, tf.float32) + 255.0 * amount, value)


def _jpeg(value, amount, seed, spec):
    """amount: JPEG's quality."""
    import tensorflow as tf

    encoded = tf.io.encode_jpeg(tf.ensure_shape(value, [None, None, spec.shape[-1]]), quality=int(amount))
    return tf.io.decode_jpeg(encoded, channels=spec.shape[-1])


def _pixels(value, like):
    import tensorflow as tf

    return tf.ensure_shape(tf.cast(tf.round(tf.clip_by_value(value, 0.0, 255.0)), tf.uint8), like.shape)


def _typos(value, amount, seed, spec):
    """amount: share of characters that are left out, doubled or exchanged with the next one."""
    import tensorflow as tf

    return tf.ensure_shape(
        tf.numpy_function(lambda text, numbers: mistyped(text, amount, numbers), [value, seed], tf.string), []
    )


def mistyped(text: bytes, amount: float, seed: np.ndarray) -> bytes:
    generator = np.random.default_rng(seed.tolist())
    letters, typed, at = text.decode("utf-8", errors="replace"), [], 0
    while at < len(letters):
        kind = generator.integers(3) if generator.random() < amount else None
        if kind == 0:  # left out
            at += 1
        elif kind == 1:  # doubled
            typed.append(letters[at] * 2)
            at += 1
        elif kind == 2:  # exchanged
            typed.append(letters[at : at + 2][::-1])
            at += 2
        else:
            typed.append(letters[at])
            at += 1
    return "".join(typed).encode()


def _missing(value, amount, seed, spec):
    """amount: chance of a cell to be empty."""
    import tensorflow as tf

    empty = tf.random.stateless_uniform([], seed) < amount
    return tf.where(empty, tf.constant("" if value.dtype == tf.string else float("nan"), value.dtype), value)


CORRUPTIONS = {
    "noise": Corruption(("image", "audio"), (0.08, 0.12, 0.18, 0.26, 0.38), _noise),
    "blur": Corruption(("image",), (1.0, 2.0, 3.0, 4.0, 6.0), _blur),
    "brightness": Corruption(("image",), (0.1, 0.2, 0.3, 0.4, 0.5), _brightness),
    "jpeg": Corruption(("image",), (25, 18, 15, 10, 7), _jpeg),
    "typos": Corruption(("text",), (0.01, 0.03, 0.06, 0.1, 0.15), _typos),
    "missing": Corruption(("number", "category"), (0.05, 0.1, 0.2, 0.35, 0.5), _missing),
}
