"""Where data are: a path on this machine, or an address in a bucket, which is kept as it was typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs")  # that Arrow opens; `file` is a path
_GLOB = re.compile(r"[*\[]")
_PATIENCE = "retry_limit_seconds=30"  # of Arrow for Google's storage, where the address does not say: its own is 15 minutes


@dataclass(frozen=True)
class Address:
    """`scheme://bucket/key?options`. path: bucket and key as they are, with nothing escaped. options: what Arrow takes."""

    scheme: str
    path: str
    options: str = ""

    @classmethod
    def of(cls, text: str) -> Address:
        """Raises ValueError, which says why it is none, and does not ask whether anything is there."""
        scheme, _, rest = text.partition("://")
        scheme = scheme.lower()
        path, _, options = rest.partition("?")
        bucket = path.partition("/")[0]
        if scheme not in SCHEMES:
            raise ValueError(f"{scheme}:// cannot be read; use {', '.join(f'{name}://' for name in SCHEMES)} or a path")
        if not bucket:
            raise ValueError("names no bucket: give scheme://bucket/path")
        if ":" in bucket.partition("@")[0] and "@" in bucket:
            raise ValueError("holds a secret, which a run would write down: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        return cls(scheme, path.rstrip("/"), options)

    def __str__(self) -> str:
        return self.shown + (f"?{self.options}" if self.options else "")

    @property
    def shown(self) -> str:
        """For people: without options."""
        return f"{self.scheme}://{self.path}"

    @property
    def uri(self) -> str:
        """For Arrow."""
        options = self.options
        if self.scheme in ("gs", "gcs") and "retry_limit_seconds" not in options:
            options = f"{options}&{_PATIENCE}" if options else _PATIENCE
        return f"{self.scheme}://{quote(self.path, safe='/@:')}" + (f"?{options}" if options else "")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> Address:
        return Address(self.scheme, self.path.rpartition("/")[0], self.options)

    @property
    def is_glob(self) -> bool:
        """Stars and brackets count in the last part of the path only; a question mark begins the options."""
        return "/" in self.path and bool(_GLOB.search(self.name))

    def child(self, name: str) -> Address:
        return Address(self.scheme, f"{self.path}/{name}", self.options)


def address_of(place: str) -> Address | None:
    """None: a path on this machine."""
    return Address.of(place) if "://" in place else None


def _text(value: Any) -> Any:
    """A path, a pattern or an address, which `pathlib` would take a slash from."""
    if not isinstance(value, str | Path):
        return value
    cut = re.match(r"(\w+):/(?!/)", str(value))
    if cut and cut[1].lower() in SCHEMES:
        raise ValueError(f"has lost a slash: give it as text, {cut[1]}://…")
    text = str(value).removeprefix("file://")
    return str(address_of(text) or text)


def _place(value: Any) -> Any:
    text = _text(value)
    return Path(text) if isinstance(text, str) and "://" not in text else text


Pattern = Annotated[str, BeforeValidator(_text)]  # a path or a pattern of paths, or an address
Place = Annotated[Path | str, BeforeValidator(_place)]  # a Path, or the text of an address
