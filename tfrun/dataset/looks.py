"""Facts of a decoded picture that cost little: brightness, and a hash that near duplicates share."""

from __future__ import annotations

import numpy as np

_ROWS, _COLUMNS, _POINTS = 8, 9, 8  # cells of the hash, and points along each side of one, at the least


def looks(pixels: np.ndarray) -> tuple[float, int]:
    """pixels: uint8 [height, width, 3 or 1]. Returns the mean luminance in [0, 1] (ITU-R BT.601) and the difference hash.

    The hash: 64 bits, cell by cell whether the picture gets brighter to the right, on 9 x 8 cells (Krawetz, "Kind of Like
    That", 2013). Both look at every n-th pixel of every n-th line, so many that a cell has 8 x 8.
    """
    from PIL import Image

    step = max(1, min(pixels.shape[0] // (_ROWS * _POINTS), pixels.shape[1] // (_COLUMNS * _POINTS)))
    points = np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step])
    grey = Image.fromarray(points if points.shape[-1] == 3 else points[..., 0]).convert("L")
    cells = np.asarray(grey.resize((_COLUMNS, _ROWS), Image.Resampling.BOX), np.int16)
    bits = np.packbits(cells[:, 1:] > cells[:, :-1])
    return float(np.asarray(grey).mean()) / 255, int.from_bytes(bits.tobytes(), "big")


def facts_of_pixels(images: np.ndarray) -> dict[str, np.ndarray]:
    """For Split.facts, of uint8 [rows, height, width] or [rows, height, width, 1 or 3]."""
    count, height, width = images.shape[:3]
    seen = [looks(image if image.ndim == 3 else image[..., None]) for image in images]
    return {
        "height": np.full(count, height), "width": np.full(count, width),
        "brightness": np.array([brightness for brightness, _ in seen], np.float32),
        "dhash": np.array([dhash for _, dhash in seen], np.uint64),
    }  # fmt: skip
