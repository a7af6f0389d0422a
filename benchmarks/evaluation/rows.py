"""300,000 labels and scores, and four columns of ten values."""

import sys

import numpy as np

ROWS, COLUMNS, VALUES = 300_000, 4, 10

generator = np.random.default_rng(0)
scores = generator.random(ROWS).astype(np.float32)
labels = (generator.random(ROWS) < 0.1 + 0.8 * scores**2).astype(np.int64)
columns = {f"c{number}": generator.integers(0, VALUES, ROWS) for number in range(COLUMNS)}
np.savez(sys.argv[1], scores=scores, labels=labels, **columns)
