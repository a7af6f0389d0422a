"""Sounds of any length to one length, and to the pictures of them that networks like: log-mel spectrograms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import ValidationInfo, field_validator

from tfrun.backbone.none import NoBackbone
from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.transform import Transform

if TYPE_CHECKING:
    from tfrun.backbone import Backbone
    from tfrun.dataset import Data

_HIGHEST = 7500.0  # Hz


class Audio(Transform):
    """float32 samples [batch, any number] to samples [batch, n], or to log-mel [batch, frames, mels, 1].

    The first `seconds` count; shorter sounds are followed by silence. Windows, bands and the offset of the logarithm are
    those of Hershey et al., "CNN Architectures for Large-Scale Audio Classification", 2017.
    """

    kinds = ("audio",)

    mode: Literal["auto", "log_mel", "waveform"] = setting(
        "auto", "waveform: samples, as audio modules take them; auto: that, and log_mel with backbone=none"
    )
    seconds: float = setting(1.0, "length that every sound is brought to", unit="s", gt=0, le=600)
    window: float = setting(0.025, "length of one frame, in a Hann window", unit="s", gt=0, le=1)
    hop: float = setting(0.010, "from the begin of one frame to that of the next", unit="s", gt=0, le=1)
    mels: int = setting(64, "bands of the mel scale", ge=1, le=512)
    low: float = setting(125.0, "lower edge of the lowest band", unit="Hz", ge=0)
    high: float | None = setting(
        None, "upper edge of the highest band; null: 7500, or half the rate if that is less", unit="Hz", gt=0
    )
    offset: float = setting(0.001, "added to each band before the logarithm: what is much softer does not count", gt=0)

    @field_validator("window")
    @classmethod
    def _fits(cls, value: float, info: ValidationInfo) -> float:
        if value > info.data.get("seconds", value):
            raise ValueError(f"must not be longer than transform.seconds = {info.data['seconds']:g}")
        return value

    @field_validator("high")
    @classmethod
    def _is_above_low(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and value <= info.data.get("low", 0):
            raise ValueError(f"must be above transform.low = {info.data['low']:g}")
        return value

    def build(self, data: Data, backbone: Backbone):
        (sound,) = data.inputs
        high = self.high or min(_HIGHEST, sound.rate / 2)
        if not self.low < high <= sound.rate / 2:
            rule = f"must lie above transform.low = {self.low:g} and not above {sound.rate / 2:g}, half of the sounds' rate"
            raise RunError(Problem("transform.high", rule, "change one of them, or dataset.rate", high))
        mode = ("log_mel" if isinstance(backbone, NoBackbone) else "waveform") if self.mode == "auto" else self.mode
        samples = round(self.seconds * sound.rate)
        bands = Bands(samples, max(1, round(self.window * sound.rate)), max(1, round(self.hop * sound.rate)), self.mels)
        return _module(sound.name, sound.rate, samples, bands if mode == "log_mel" else None, (self.low, high), self.offset)


@dataclass(frozen=True)
class Bands:
    """Sizes of a spectrogram, in samples: of the whole sound, of a window, and from one window to the next."""

    samples: int
    window: int
    hop: int
    mels: int

    @property
    def frames(self) -> int:
        return 1 + (self.samples - self.window) // self.hop

    @property
    def transform(self) -> int:
        """Points of the Fourier transform: the next power of two."""
        return 2 ** math.ceil(math.log2(self.window))

    @property
    def piece(self) -> int:
        """Samples that windows begin and end at multiples of."""
        return math.gcd(self.window, self.hop)

    @property
    def pieces(self) -> np.ndarray:
        """int32 [frames, pieces of a window]."""
        starts = np.arange(self.frames) * (self.hop // self.piece)
        return (starts[:, None] + np.arange(self.window // self.piece)).astype(np.int32)


def _module(name: str, rate: int, samples: int, bands: Bands | None, edges: tuple[float, float], offset: float):
    import tensorflow as tf

    class AudioTransform(tf.Module):
        """Every op of it exists in TensorFlow Lite; `tf.signal.stft` as a whole does not."""

        output_shape, output_dtype = (bands.frames, bands.mels, 1) if bands else (samples,), "float32"
        says = (
            f"send mono samples in [-1, 1] at {rate:,} Hz; the first {samples / rate:g} s count, silence is added to shorter ones"
            + ("; the log-mel spectrogram is part of the graph" if bands else "")
        )

        def __call__(self, raw):
            sound = raw[name]
            filled = tf.concat([sound, tf.zeros([tf.shape(sound)[0], samples])], axis=1)
            fixed = tf.reshape(filled[:, :samples], [-1, samples])
            return self._log_mel(fixed) if bands else fixed

        def _log_mel(self, fixed):
            """float32 [batch, frames, mels, 1]: natural logarithm of bands of the magnitudes."""
            whole = samples // bands.piece * bands.piece
            cut = tf.reshape(fixed[:, :whole], [-1, whole // bands.piece, bands.piece])
            frames = tf.reshape(tf.gather(cut, bands.pieces, axis=1), [-1, bands.frames, bands.window])
            padded = tf.pad(frames * hann(bands.window), [[0, 0], [0, 0], [0, bands.transform - bands.window]])
            magnitudes = tf.reshape(tf.abs(tf.signal.rfft(padded)), [-1, bands.transform // 2 + 1])
            mel = tf.matmul(magnitudes, mel_bands(bands.mels, bands.transform, rate, *edges))
            return tf.math.log(tf.reshape(mel, [-1, bands.frames, bands.mels, 1]) + offset)

    return AudioTransform(name="transform")


# In float64 and once: computed in float32 in a graph, they differ between eager execution, graphs and exported files.


def hann(samples: int) -> np.ndarray:
    """float32 [samples]: the periodic Hann window (Harris, "On the Use of Windows for Harmonic Analysis", 1978)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / samples)).astype(np.float32)


def mel_bands(mels: int, points: int, rate: int, low: float, high: float) -> np.ndarray:
    """float32 [points / 2 + 1, mels]: triangles, evenly spaced and straight on the mel scale (Young et al., "The HTK Book")."""

    def mel(hertz):
        return 1127.0 * np.log1p(np.asarray(hertz, float) / 700.0)

    edges = np.linspace(mel(low), mel(high), mels + 2)
    bins = mel(np.arange(points // 2 + 1) * rate / points)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0  # what does not swing is no sound
    return weights.astype(np.float32)
