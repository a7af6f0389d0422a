from types import SimpleNamespace

import pytest

from tfrun.dataset.reading import changed
from tfrun.record.explain import explained


def test_what_is_raised_where_tensorflow_calls_python_keeps_its_line(tmp_path):
    import tensorflow as tf

    def broken(row):
        raise changed("folder/a b: c.wav")

    rows = tf.data.Dataset.range(2).map(lambda row: tf.numpy_function(broken, [row], tf.float32))
    with pytest.raises(tf.errors.OpError) as caught:
        list(rows)
    told = explained(caught.value, SimpleNamespace(directory=tmp_path, log_path=tmp_path / "log.txt"))
    assert str(told).startswith("folder/a b: c.wav: changed after it was checked; let nothing write to the data")
    assert "\n" not in str(told)
