"""What is known of a backbone without loading it: its facts, the shape of its features, its converted file.

<store>/backbones/<key>/about.json      facts, and which engines agree with the module; its time of change is that of last use
<store>/backbones/<key>/litert.tflite   the module for LiteRT
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfrun.store.collection import Warn
from tfrun.store.lock import locked

_CONVERTED = "litert.tflite"


class BackboneRecord:
    """root: folder of the store, or None to keep nothing beyond this object. key: of the backbone and its input shape."""

    def __init__(self, root: Path | None, key: str, warn: Warn):
        self.root, self.key, self.warn = root, key, warn
        self._about: dict[str, Any] = {}
        self._converted: bytes | None = None
        try:
            self._about = self._stored()
        except ValueError as error:
            self.warn(
                f"feature store: {self.folder / 'about.json'} is damaged ({error}); the backbone is loaded to write it anew"
            )

    @property
    def folder(self) -> Path:
        return self.root / "backbones" / self.key

    @property
    def about(self) -> dict[str, Any]:
        return dict(self._about)

    def note(self, **facts: Any) -> None:
        """Keeps JSON values beside those there are."""
        if self.root is not None:
            with locked(self.root, self.key):
                with suppress(ValueError):  # told when it was first read
                    self._about |= self._stored()  # another process may have been here
                self._about |= facts
                self._write("about.json", json.dumps(self._about, indent=1).encode())
        self._about |= facts

    def converted(self) -> bytes | None:
        """The LiteRT file; None where there is none, or not the one that was written."""
        wanted = self._about.get("litert", {}).get("crc32")
        if self._converted is None and self.root is not None and wanted is not None:
            with suppress(OSError):  # not there: converted anew
                content = (self.folder / _CONVERTED).read_bytes()
                self._converted = content if zlib.crc32(content) == wanted else None
        return self._converted

    def keep_converted(self, content: bytes, **facts: Any) -> None:
        """The file first: the note is what makes it count."""
        if self.root is not None:
            self._write(_CONVERTED, content)
        self._converted = content
        self.note(litert={"crc32": zlib.crc32(content), **facts})

    def _stored(self) -> dict[str, Any]:
        """What the file says; nothing where there is none. Raises ValueError where it is damaged."""
        if self.root is None:
            return {}
        found: Any = {}
        with suppress(OSError):  # there is no file yet, or, for its time of change, it may not be written
            found = json.loads((self.folder / "about.json").read_bytes())
            os.utime(self.folder / "about.json")
        if not isinstance(found, dict):
            raise ValueError("it holds no mapping")
        return found

    def _write(self, name: str, content: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor, scratch = tempfile.mkstemp(dir=self.folder, prefix=".scratch-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(scratch, self.folder / name)
        except OSError as error:
            self.warn(f"the feature store {self.root} cannot be written ({error.strerror}): the backbone is loaded in each run")
            self.root = None
