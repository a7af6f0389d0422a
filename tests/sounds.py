"""Sounds for tests: WAV files of all kinds, and four classes that a person could tell apart."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np

CLASSES = ("chirp", "click", "hum", "tone")


def write_pcm(path: Path, samples: np.ndarray, rate: int = 16_000, bits: int = 16) -> None:
    """samples: float [n] or [n, channels] in [-1, 1], written by the wave module."""
    frames = np.atleast_2d(samples.T).T
    if bits == 8:
        raw = (np.round(frames * 127) + 128).astype(np.uint8).tobytes()
    else:
        whole = np.round(frames.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i4")
        raw = np.ascontiguousarray(whole).view(np.uint8).reshape(*whole.shape, 4)[..., : bits // 8].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(frames.shape[1])
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(raw)


def write_float(path: Path, samples: np.ndarray, rate: int = 16_000, dtype: str = "<f4") -> None:
    """Format 3, which the wave module has not."""
    frames = np.atleast_2d(samples.T).T.astype(dtype)
    size, channels = frames.dtype.itemsize, frames.shape[1]
    form = struct.pack("<HHIIHH", 3, channels, rate, rate * channels * size, channels * size, 8 * size)
    data = frames.tobytes()
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def sound(name: str, random: np.random.Generator, seconds: float = 1.0, rate: int = 16_000, noise: float = 0.1) -> np.ndarray:
    """float [samples]: a tone, a rising chirp, clicks, or a hum with overtones, in noise; pitch, place and loudness vary."""
    time = np.arange(int(seconds * rate)) / rate
    pitch = random.uniform(300, 1500)
    if name == "tone":
        made = np.sin(2 * np.pi * pitch * time)
    elif name == "chirp":
        made = np.sin(2 * np.pi * (pitch + random.uniform(800, 1600) * time / seconds) * time)
    elif name == "click":
        made = np.zeros_like(time)
        made[random.integers(0, len(time) - 40, 12)[:, None] + np.arange(40)] = random.choice([-1, 1], (12, 40))
    else:
        made = sum(np.sin(2 * np.pi * pitch / 4 * order * time) / order for order in range(1, 8)) / 2
    return (random.uniform(0.2, 0.7) * made + random.normal(0, noise, len(time))).clip(-1, 1)


def folder_of_sounds(
    folder: Path, each: int = 24, rates: tuple[int, ...] = (16_000, 8_000, 44_100), noise: float = 0.1
) -> Path:
    """folder/CLASS/DEVICE_NUMBER.wav, `each` a class, and an index.csv with the device of each, which sets the rate."""
    random, rows = np.random.default_rng(0), ["file,label,device"]
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            device = number % 6
            rate = rates[device % len(rates)]
            path = folder / name / f"{device}_{number:03}.wav"
            write_pcm(path, sound(name, random, random.uniform(0.7, 1.2), rate, noise), rate)
            rows.append(f"{path.relative_to(folder)},{name},d{device}")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")
    return folder
