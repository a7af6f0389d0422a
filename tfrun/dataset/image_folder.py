"""A folder of pictures: one folder a class, or an index file that names the label of each."""

from __future__ import annotations

from typing import Literal

from tfrun.component import setting
from tfrun.dataset import InputSpec
from tfrun.dataset.folder import Examined, Folder
from tfrun.dataset.pictures import ENDINGS, NOT_READ, examine, facts_of, notes_on, reader


class ImageFolder(Folder):
    """JPEG, PNG, BMP, WebP and GIF (first frame) files.

    Without `index`: `directory/CLASS/*.jpg`, or `directory/{train,validation,test}/CLASS/*.jpg` for given splits.
    With `index`: a CSV with the columns `file` (relative to `directory`) and `label`, optionally `split`, and any
    others, which slices and `group` can name.
    """

    what = ("picture", "pictures")
    endings, not_read = ENDINGS, NOT_READ

    channels: Literal[1, 3] = setting(3, "1: grey, 3: RGB")

    def row_kind(self):
        return "image"

    def examine(self, content):
        picture = examine(content)
        return Examined(picture.digest, content=picture)

    def reader(self, contents, examined):
        read = reader(contents, [each.content for each in examined], self.channels)
        return read, (InputSpec("image", "uint8", (None, None, self.channels)),), False

    def facts(self, examined):
        return facts_of([each.content for each in examined])

    def notes(self, names, examined):
        return notes_on(names, [each.content for each in examined])
