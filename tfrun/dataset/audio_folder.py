"""A folder of sounds: one folder a class, or an index file that names the label of each."""

from __future__ import annotations

from tfrun.component import setting
from tfrun.config.problems import Problem, RunError
from tfrun.dataset import InputSpec, Skipped, sounds
from tfrun.dataset.folder import Examined, Folder
from tfrun.dataset.wav import decode
from tfrun.dataset.whole import NotReadable, content_of


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

    def examine(self, path):
        try:
            content = content_of(path)
            sound = decode(content)
        except NotReadable as error:
            return Skipped(path, str(error))
        return Examined(sounds.digest(content, self.rate), sounds.facts(sound))

    def reader(self, paths, examined):
        import tensorflow as tf

        expected = [each.digest for each in examined]

        def load(row):
            content = content_of(paths[row])
            if sounds.digest(content, self.rate) != expected[row]:
                raise RunError(Problem(paths[row], "has changed since the data were opened", "start again"))
            return sounds.mono(decode(content), self.rate)

        def read(row):
            return {"audio": tf.ensure_shape(tf.numpy_function(load, [row], tf.float32, stateful=False), [None])}

        return read, (InputSpec("audio", "float32", (None,), "audio", self.rate),), False
