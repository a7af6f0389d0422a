"""Features of the rows asked for: those in the collection, and the rest computed and added to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from tfrun.store.collection import Collection, as_strings, match
from tfrun.store.features import Features
from tfrun.store.segment import Segment

# A killed process loses what it computed since its last segment; a small segment costs a file each.
_SEGMENT_BYTES, _SEGMENT_ROWS = 64 * 2**20, 8192


def extract(
    collection: Collection,
    digests: np.ndarray,
    shape: tuple[int, ...],
    engine: str,
    compute: Callable[[np.ndarray], Iterator[np.ndarray]],
    reach: Callable[[int], None],
) -> Features:
    """digests: uint8 [rows, 32] of the rows asked for. shape: of one row's features.

    compute: positions (int [n]) among them -> batches of their features in that order, float32 [batch, ...].
    reach: told how many rows there are so far.
    """
    began = time.perf_counter()
    found = collection.find(digests)
    added: list[Segment] = []
    if (found.part < 0).any():
        with collection.writing():
            found = collection.find(digests)
            missing = _once(digests, found.part < 0)
            if len(missing):
                for segment in _computed(collection, digests, missing, shape, engine, compute, len(digests), reach):
                    added.append(segment)
    reach(len(digests))
    part, offset = found.part, found.offset
    new = part < 0
    if added:
        new_part, new_offset = match([segment.digests for segment in added], digests[new])
        part[new], offset[new] = new_part + len(found.segments), new_offset
    kept = (*found.segments, *added)
    seconds = time.perf_counter() - began
    extracted = sum(len(segment.digests) for segment in added)
    return Features(kept, part, offset, shape, extracted, len(digests) - extracted, seconds, engine)


def _once(digests: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Positions of the wanted rows in order, the first of each that is there more than once."""
    positions = np.flatnonzero(wanted)
    _, first = np.unique(as_strings(digests[positions]), return_index=True)
    return positions[np.sort(first)]


def _computed(collection, digests, missing, shape, engine, compute, rows, reach) -> Iterator[Segment]:
    """Segments of the missing rows, each kept as soon as it is whole."""
    size = max(1, min(_SEGMENT_ROWS, _SEGMENT_BYTES // (4 * max(1, int(np.prod(shape))))))
    done, repeated = 0, rows - len(missing)
    batches = compute(missing)
    left = np.empty((0, *shape), np.float32)
    while done < len(missing):
        held, count = [left], len(left)
        wanted = min(size, len(missing) - done)
        while count < wanted:
            held.append(next(batches))
            count += len(held[-1])
            reach(min(rows, repeated + done + count))
        features = np.concatenate(held)
        left = features[wanted:]
        yield collection.add(digests[missing[done : done + wanted]], features[:wanted], engine)
        done += wanted
