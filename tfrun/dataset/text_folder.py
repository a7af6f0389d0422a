"""A folder of texts: one folder a class, or an index file that names the label of each."""

from __future__ import annotations

import hashlib

from tfrun.dataset import InputSpec
from tfrun.dataset.folder import Examined, Folder
from tfrun.dataset.reading import NotReadable


class TextFolder(Folder):
    """Text files in UTF-8, one row a file.

    Without `index`: `directory/CLASS/*.txt`, or `directory/{train,validation,test}/CLASS/*.txt` for given splits.
    With `index`: a CSV with the columns `file` (relative to `directory`) and `label`, optionally `split`, and any
    others, which slices and `group` can name.
    """

    what = ("text", "texts")
    endings = (".txt", ".text", ".md")
    not_read = (".doc", ".docx", ".odt", ".rtf", ".pdf", ".html", ".htm", ".epub")

    def row_kind(self):
        return "text"

    def examine(self, content):
        text = decode(content)
        return Examined(hashlib.sha256(text.encode()).digest(), {"text": text})

    def reader(self, contents, examined):
        import tensorflow as tf

        texts = tf.constant([each.facts["text"] for each in examined])
        return lambda row: {"text": tf.gather(texts, row)}, (InputSpec("text", "string", (), "text"),), True


def decode(content: bytes) -> str:
    """Without a byte order mark. Raises NotReadable where it is no UTF-8, or where there is nothing in it."""
    if not content:
        raise NotReadable("is empty (0 bytes)")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotReadable("is in UTF-16: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise NotReadable(f"is not in UTF-8 (byte {content[error.start]:#04x} in line {line}): save it as UTF-8") from error
    if "\0" in text:
        raise NotReadable("holds NUL bytes, which no text has")
    if not text.strip():
        raise NotReadable("holds nothing but white space")
    return text
