"""What there is in a bucket, by Arrow's file systems; credentials are those that Arrow finds in the environment."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tfrun.config.problems import Problem, RunError
from tfrun.dataset.address import Address

_REASONS = (  # in Arrow's message: the rule, the way out
    ("NO_SUCH_BUCKET", "there is no such bucket", "mend the address"),
    ("ACCESS_DENIED", "access is denied", "who are you? See AWS_ACCESS_KEY_ID, AWS_PROFILE, and the bucket's policy"),
    ("INVALID_ACCESS_KEY_ID", "access is denied", "who are you? See AWS_ACCESS_KEY_ID, AWS_PROFILE, and the bucket's policy"),
    ("SIGNATURE_DOES_NOT_MATCH", "access is denied", "who are you? See AWS_SECRET_ACCESS_KEY"),
    ("PERMISSION_DENIED", "access is denied", "who are you? See GOOGLE_APPLICATION_CREDENTIALS, or use gs://anonymous@bucket"),
    ("OAuth2 access token", "no credentials for it", "see GOOGLE_APPLICATION_CREDENTIALS, or use gs://anonymous@bucket"),
    ("Transferred a partial file", "the transfer broke off", "start again: files that are here already are not fetched again"),
    ("NETWORK_CONNECTION", "cannot be reached", "is the network up, and ?endpoint_override=host:port&scheme=http right?"),
    ("UNAVAILABLE", "cannot be reached", "is the network up, and ?endpoint_override=host:port&scheme=http right?"),
)


@dataclass(frozen=True)
class Object:
    """name: relative to the folder that was listed. size: bytes. modified: ns since 1970, as the bucket says."""

    name: str
    size: int
    modified: int


def listed(address: Address, key: str) -> tuple[Address, list[Object]]:
    """A folder, and files in it by name: the one file, those that a glob fits, or all in and below it.

    key: of the config, for messages.
    A bucket that takes another file of the same size in the same second does not show it here.
    Raises RunError where there is nothing, or it may not be looked at.
    """
    from pyarrow import fs

    system, path = file_system(address.parent if address.is_glob else address, key)
    with told(address, key):
        found = system.get_file_info(path)
        if found.type == fs.FileType.Directory:
            selector = fs.FileSelector(path, recursive=not address.is_glob)
            infos = [info for info in system.get_file_info(selector) if info.is_file]
        else:
            infos = [found] if found.is_file else []
    start = len(path.rstrip("/")) + 1 if found.type == fs.FileType.Directory else len(path) - len(address.name)
    objects = [Object(info.path[start:], info.size, info.mtime_ns or 0) for info in infos]
    if address.is_glob:
        objects = [item for item in objects if fnmatch.fnmatchcase(item.name, address.name)]
    if not objects:
        rule = "no file has a name like this" if address.is_glob else "does not exist, or is an empty folder"
        raise RunError(Problem(key, rule, "mend the address", address))
    base = address if found.type == fs.FileType.Directory and not address.is_glob else address.parent
    return base, sorted(objects, key=lambda item: item.name)


def file_system(address: Address, key: str):
    """Arrow's file system, and the path in it that `address` means. Raises RunError."""
    from pyarrow import fs

    with told(address, key):
        return fs.FileSystem.from_uri(address.uri)


@contextmanager
def told(address: Address, key: str) -> Iterator[None]:
    """Arrow's errors as a RunError of one line."""
    import pyarrow as pa

    try:
        yield
    except (OSError, UnicodeError, pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise explained(error, address, key) from error


def explained(error: Exception, address: Address, key: str) -> RunError:
    """What Arrow says, by the reasons that people meet."""
    text = " ".join(str(error).split())
    for mark, rule, way_out in _REASONS:
        if mark in text:
            return RunError(Problem(key, rule, way_out, address))
    if isinstance(error, FileNotFoundError):
        return RunError(Problem(key, "does not exist", "mend the address", address))
    return RunError(Problem(key, f"cannot be read ({text[:200]})", "mend the address", address))
