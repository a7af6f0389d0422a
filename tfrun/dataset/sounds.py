"""A sound file as a row has it: mono, at one rate; and what the data checks want to know of it."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np

from tfrun.dataset.wav import Sound

_SILENT = 10 ** (-60 / 20)  # -60 dBFS
_BLOCK = 0.02  # seconds over which silence is told


def mono(sound: Sound, rate: int) -> np.ndarray:
    """float32 [samples] in [-1, 1] at `rate`: the mean of all channels, resampled by a band-limited filter.

    Polyphase: Crochiere & Rabiner, "Multirate Digital Signal Processing", 1983.
    """
    samples = sound.samples.mean(axis=1, dtype=np.float32) if sound.samples.shape[1] > 1 else sound.samples[:, 0]
    if sound.rate != rate:
        from scipy.signal import resample_poly

        common = math.gcd(sound.rate, rate)
        up, down = rate // common, sound.rate // common
        samples = resample_poly(samples, up, down, window=_low_pass(max(up, down)))
    return np.clip(samples, -1.0, 1.0).astype(np.float32)


@lru_cache(8)
def _low_pass(factor: int) -> np.ndarray:
    """float32 [20 · factor + 1]: a sinc in a Kaiser window of shape 5, as resample_poly makes one in each call."""
    from scipy.signal import firwin

    return firwin(20 * factor + 1, 1 / factor, window=("kaiser", 5.0)).astype(np.float32)


def digest(content: bytes, rate: int) -> bytes:
    """sha256 over the file and the rate that its samples are brought to."""
    return hashlib.sha256(hashlib.sha256(content).digest() + str(rate).encode()).digest()


def facts(sound: Sound) -> dict[str, float]:
    """seconds; rate in Hz; channels; peak in [0, 1]; loudness: root mean square in dB of full scale; silent: share of
    stretches of 20 ms that stay below -60 dB of full scale."""
    samples = sound.samples
    squares = np.square(samples, dtype=np.float64).mean(axis=1)
    block = max(1, round(_BLOCK * sound.rate))
    starts = np.arange(0, len(squares), block)
    powers = np.add.reduceat(squares, starts) / np.diff(np.append(starts, len(squares)))
    power = max(float(squares.mean()), 1e-20)  # -200 dB stands for no sound at all
    return {
        "seconds": len(samples) / sound.rate, "rate": sound.rate, "channels": samples.shape[1],
        "peak": float(np.abs(samples).max()), "loudness": 10 * math.log10(power), "silent": float((powers < _SILENT**2).mean()),
    }  # fmt: skip
