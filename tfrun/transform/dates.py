"""Times of a table: year, month, weekday, hour, as points on a circle or one-hot."""

from __future__ import annotations

import numpy as np

from tfrun.dataset import InputSpec
from tfrun.transform.layout import Block
from tfrun.transform.numbers import NumberPart
from tfrun.transform.part import Part

# first value and number of values; Monday is weekday 0
PERIODS = {"month": (1, 12), "day": (1, 31), "weekday": (0, 7), "hour": (0, 24)}


class DatePart(Part):
    """float64 [n], seconds since 1970 (UTC), NaN where missing, to calendar parts.

    names: which of year, month, day, weekday, hour. The year is standardised; the others are sine and cosine of their place in
    the period (`cyclic`), else one-hot. A missing time gives zeros, and 1 in a column of its own where training rows lacked it.
    As numbers: int32 each, -1 where missing.
    """

    def __init__(self, spec, names: list[str], cyclic: bool, taken=()):
        super().__init__(spec, taken)
        self._names, self._cyclic, self._lacks = names, cyclic, False
        self.numeric = tuple(InputSpec(self.made(name), "int32", (), "number", column=spec.column) for name in names)
        self._year = NumberPart(spec, standardise=True, buckets=0)

    def see(self, values):
        import tensorflow as tf

        missing = np.isnan(values)
        self._lacks |= bool(missing.any())
        if "year" in self._names and not missing.all():
            self._year.see(calendar(tf.constant(values[~missing]))["year"].numpy().astype(np.float32))

    def settle(self):
        name = (self.spec.name,)
        self._year.settle()
        self.fitted = {"year": self._year.fitted, "lacks": self._lacks}
        for part in self._names:
            if part == "year":
                self.blocks.append(Block(name, "number", 1))
            elif self._cyclic:
                self.blocks.append(Block(name, "cyclic", 2))
            else:
                self.blocks.append(Block(name, "date", PERIODS[part][1]))
        self.blocks += [Block(name, "missing", 1)] if self._lacks else []
        self.layers = self._year.layers if "year" in self._names else []
        first = {part: PERIODS[part][0] for part in self._names if part in PERIODS}
        note = "of the calendar in UTC; -1: missing" + ("; Monday is 0" if "weekday" in first else "")
        self.explained = {self.made(part): {"note": f"{part} {note}"} for part in self._names}

    def to_numeric(self, raw):
        import tensorflow as tf

        missing = tf.not_equal(raw, raw)
        found = calendar(tf.where(missing, tf.zeros_like(raw), raw))
        return {self.made(part): tf.where(missing, -1, tf.cast(found[part], tf.int32)) for part in self._names}

    def encode(self, numeric):
        import tensorflow as tf

        columns = []
        for part in self._names:
            value = numeric[self.made(part)]
            known = tf.cast(value >= 0, tf.float32)[:, None]
            if part == "year":
                filled = tf.where(value >= 0, tf.cast(value, tf.float32), tf.constant(self._year.fitted["mean"], tf.float32))
                columns += self._year.encode({self.spec.name: filled})
            elif self._cyclic:
                first, length = PERIODS[part]
                angle = tf.cast(value - first, tf.float32)[:, None] * (2 * np.pi / length)
                columns.append(tf.concat([tf.sin(angle), tf.cos(angle)], axis=1) * known)
            else:
                first, length = PERIODS[part]
                columns.append(tf.one_hot(value - first, length) * known)
        if self._lacks:
            value = numeric[self.made(self._names[0])]
            columns.append(tf.cast(value < 0, tf.float32)[:, None])
        return columns


def calendar(seconds):
    """seconds: float64 [n] since 1970, UTC. int64 [n] each of year, month, day, weekday, hour.

    Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms" (civil_from_days): years begin in March, so that the leap
    day is the last.
    """
    import tensorflow as tf

    whole = tf.cast(tf.floor(seconds), tf.int64)
    days, rest = whole // 86400, whole % 86400
    shifted = days + 719468
    era, of_era = shifted // 146097, shifted % 146097
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_based = (5 * of_year + 2) // 153
    month = tf.where(march_based < 10, march_based + 3, march_based - 9)
    return {
        "year": year_of_era + era * 400 + tf.cast(month <= 2, tf.int64),
        "month": month,
        "day": of_year - (153 * march_based + 2) // 5 + 1,
        "weekday": (days + 3) % 7,
        "hour": rest // 3600,
    }
