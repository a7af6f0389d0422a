"""6,000 departures from New York City in 2013 that ship with the package (US Bureau of Transportation Statistics, CC0)."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.dataset import SplitBy
from tfrun.dataset.csv import Csv

_HALVES = {"train": {"month": [1, 2, 3, 4, 5, 6]}, "test": {"month": [7, 8, 9, 10, 11, 12]}}


class Flights(Csv):
    """Is a flight late, by more than 15 minutes? Trained on January to June, tested on July to December.

    `arr_delay`, the minutes of delay, gives the answer away: it is no feature, but checks and slices see it. `day` and `month`
    are left out, for the later months are others. Any key of `dataset=csv` can be set, also another `file` of the same columns.
    """

    file: str = setting("sample:flights", "the file, several as a glob, or a gs:// or s3:// address")
    label: str = setting("late", "column with the answer")
    ignore: list[str] = setting(lambda: ["arr_delay", "day"], "columns that are no features; checks and slices still see them")
    licence: str = setting("CC0-1.0", "licence of the data, for the model card")
    split: SplitBy = setting(
        lambda: SplitBy(values=_HALVES), "how rows are shared out: by month; validation is drawn from the training months"
    )
