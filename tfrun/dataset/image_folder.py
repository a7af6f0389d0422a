"""A folder of pictures: one folder a class, or an index file that names the label of each."""

from __future__ import annotations

from typing import Literal

from tfrun.component import setting
from tfrun.dataset import InputSpec
from tfrun.dataset.folder import Folder
from tfrun.dataset.pictures import ENDINGS, NOT_READ, examine


class ImageFolder(Folder):
    """JPEG, PNG, BMP, WebP and GIF (first frame) files.

    Without `index`: `directory/CLASS/*.jpg`, or `directory/{train,validation,test}/CLASS/*.jpg` for given splits.
    With `index`: a CSV with the columns `file` (relative to `directory`) and `label`, optionally `split`, and any
    others, which slices and `group` can name.
    """

    what = ("picture", "pictures")
    endings, not_read = ENDINGS, NOT_READ

    channels: Literal[1, 3] = setting(3, "1: grey, 3: RGB")

    def examine(self, path):
        return examine(path)

    def reader(self, paths, examined):
        import tensorflow as tf

        files = tf.constant(paths)

        def read(row):
            contents = tf.io.read_file(tf.gather(files, row))
            image = tf.ensure_shape(tf.io.decode_image(contents, channels=3, expand_animations=False), [None, None, 3])
            return {"image": image if self.channels == 3 else tf.image.rgb_to_grayscale(image)}

        return read, (InputSpec("image", "uint8", (None, None, self.channels)),), False
