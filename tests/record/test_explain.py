from types import SimpleNamespace

import pytest

from tfrun.config.problems import Problem, RunError
from tfrun.record.explain import explained


def test_what_is_raised_where_tensorflow_calls_python_keeps_its_line(tmp_path):
    import tensorflow as tf

    def broken(row):
        raise RunError(Problem("folder/a b: c.wav", "has changed since the data were opened", "start again"))

    rows = tf.data.Dataset.range(2).map(lambda row: tf.numpy_function(broken, [row], tf.float32))
    with pytest.raises(tf.errors.OpError) as caught:
        list(rows)
    told = explained(caught.value, SimpleNamespace(directory=tmp_path, log_path=tmp_path / "log.txt"))
    assert str(told) == "folder/a b: c.wav: has changed since the data were opened; start again"
