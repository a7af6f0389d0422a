"""A folder of sounds: one folder a class, or an index file that names the label of each."""

from __future__ import annotations

import numpy as np

from tfrun.component import setting
from tfrun.dataset import InputSpec, sounds
from tfrun.dataset.folder import Examined, Folder
from tfrun.dataset.wav import decode


class AudioFolder(Folder):
    """WAV files of integers or floats, of any rate and number of channels; read as mono at one rate.

    Without `index`: `directory/CLASS/*.wav`, or `directory/{train,validation,test}/CLASS/*.wav` for given splits.
    With `index`: a CSV with the columns `file` (relative to `directory`) and `label`, optionally `split`, and any
    others, which slices and `group` can name.
    """

    what = ("sound", "sounds")
    endings = (".wav", ".wave")
    not_read = (".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aif", ".aiff", ".au", ".wma", ".caf")

    rate: int = setting(
        16_000, "all sounds are brought to this rate; the exported model takes it", unit="Hz", ge=1000, le=192_000
    )

    def row_kind(self):
        return "audio"

    def examine(self, content):
        return Examined(sounds.digest(content, self.rate), sounds.facts(decode(content)))

    def reader(self, contents, examined):
        import tensorflow as tf

        def samples(content):
            content = content.item() if isinstance(content, np.ndarray) else content  # as it comes outside of a graph
            return sounds.mono(decode(content), self.rate)

        def read(row):
            return {"audio": tf.ensure_shape(tf.numpy_function(samples, [contents(row)], tf.float32, stateful=False), [None])}

        return read, (InputSpec("audio", "float32", (None,), "audio", self.rate),), False
