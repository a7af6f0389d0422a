"""Files of a table: a path, a glob, an address (gs://, s3://) that Arrow can open, or `sample:NAME`; compressed or not."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tfrun.config.problems import Problem, RunError
from tfrun.dataset.address import Address, address_of
from tfrun.dataset.bucket import explained, file_system, listed

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
_NOT_READ = (".xz", ".zip", ".7z", ".rar", ".lzma", ".xlsx", ".xls")
_KEY = "dataset.file"
_SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def named(pattern: str) -> list[str]:
    """The files that `pattern` names, in order of their names. Raises RunError where there is none."""
    if pattern.startswith("sample:"):
        pattern = str(_SAMPLES / pattern.removeprefix("sample:") / f"{pattern.removeprefix('sample:')}.csv.gz")
    address = _address(pattern)
    found = _local(pattern) if address is None else _remote(address)
    if not found:
        rule = "no file has a name like this" if glob.has_magic(pattern) else "does not exist"
        raise RunError(Problem(_KEY, f"{rule} (looked for from {os.getcwd()})", "mend the path", pattern))
    for path in found:
        name = name_of(path)
        if name.lower().endswith(_NOT_READ):
            rule = f"{os.path.splitext(name)[1]} files cannot be read"
            raise RunError(Problem(path, rule, f"unpack it, or use {', '.join(COMPRESSED)}"))
    return found


def name_of(path: str) -> str:
    """The last part of a path, or of an address without its options."""
    address = _address(path)
    return os.path.basename(path) if address is None else address.name


def _address(path: str) -> Address | None:
    try:
        return address_of(path)
    except ValueError as error:
        raise RunError(Problem(_KEY, str(error), "", path)) from error


def _local(pattern: str) -> list[str]:
    if os.path.isdir(pattern):
        rule = "is a folder, where a file is wanted"
        raise RunError(Problem(_KEY, rule, f"name the file, or several as {os.path.join(pattern, '*.csv')}", pattern))
    if os.path.lexists(pattern):
        return [pattern]
    return sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))


def _remote(address: Address) -> list[str]:
    base, objects = listed(address, _KEY)
    if base == address:
        rule = "is a folder, where a file is wanted"
        raise RunError(Problem(_KEY, rule, f"name the file, or several as {address.shown}/*.csv", address))
    return [str(base.child(item.name)) for item in objects]


@contextmanager
def opened(path: str, compressed: bool = True) -> Iterator:
    """A stream of bytes, decompressed by its ending where `compressed`, else one that can seek. Raises RunError."""
    import pyarrow as pa
    from pyarrow import fs

    address = _address(path)
    with _told(path, address):
        system, inside = (fs.LocalFileSystem(), os.path.abspath(path)) if address is None else file_system(address, _KEY)
        codec = COMPRESSED.get(PurePosixPath(name_of(path)).suffix.lower()) if compressed else None
        stream = system.open_input_stream(inside, compression=codec) if compressed else system.open_input_file(inside)
        try:
            yield stream
        except pa.ArrowInvalid:
            raise  # about what is in the file: the reader knows more
        finally:
            stream.close()


@contextmanager
def _told(path: str, address: Address | None) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        if address is not None:
            raise explained(error, address, _KEY) from error
        reason = " ".join((getattr(error, "strerror", None) or str(error)).split())[:200]
        raise RunError(Problem(path, f"cannot be read ({reason})", "is it whole, and may you read it?")) from error
