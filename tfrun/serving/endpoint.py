"""What is asked of a server, whatever it is asked through."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from tfrun.config.problems import ConfigError, Problem, RunError

Outputs = dict[str, np.ndarray]
_MODEL = re.compile(r"(?P<before>.*)/v1/models/(?P<name>[^/:]+)(/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?/?")


class Refused(RunError):
    """The server cannot be reached, or answers that it will not."""

    def __init__(self, where: str, what: str, way_out: str = ""):
        super().__init__(Problem(where, what, way_out))


@dataclass(frozen=True)
class Model:
    """The address of one model, by the URL of TensorFlow Serving's REST interface.

    version, label: one of them, or neither: the server's highest version.
    """

    scheme: str
    host: str
    port: int
    before: str
    name: str
    version: int | None = None
    label: str | None = None

    @property
    def path(self) -> str:
        chosen = f"/versions/{self.version}" if self.version is not None else f"/labels/{self.label}" if self.label else ""
        return f"{self.before}/v1/models/{self.name}{chosen}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"


def model(url: str) -> Model:
    """url: `http://HOST:PORT/v1/models/NAME`, with `/versions/N` or `/labels/LABEL` where that is meant.

    Raises ConfigError for any other.
    """
    rule = "must look like http://HOST:PORT/v1/models/NAME, with /versions/N or /labels/LABEL behind it where that is meant"
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise ConfigError(Problem("URL", rule, "", url)) from error
    found = _MODEL.fullmatch(parts.path)
    if not parts.hostname or not found:
        raise ConfigError(Problem("URL", rule, "", url))
    version = int(found["version"]) if found["version"] else None
    return Model(parts.scheme, parts.hostname, port, found["before"], found["name"], version, found["label"])


class Endpoint(Protocol):
    """One way to a server. Each method raises Refused."""

    way: str  # for people: REST or gRPC
    where: str

    def versions(self) -> dict[int, str]:
        """State by version: AVAILABLE and others."""

    def dtypes(self) -> dict[str, dict[str, dict[str, str]]]:
        """See recorded.Contract."""

    def caller(self, signature: str, batch: dict[str, np.ndarray], output: str) -> Callable[[], Outputs]:
        """A request that is made once and can be sent again and again, through a connection of its own.

        output: the name of the answer where the server gives only one, without its name.
        """
