"""Where there is no TPU."""

from __future__ import annotations

import pytest

from tfrun import RunError
from tfrun.strategy.tpu import TPU


def test_no_tpu_is_one_line():
    with pytest.raises(RunError, match=r"strategy.tpu = local: no TPU answers \("):
        TPU().build()
