"""Files of a table: a path, a glob, a URI (gs://, s3://) that Arrow can open, or `sample:NAME`; compressed or not."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tfrun.config.problems import Problem, RunError

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
_NOT_READ = (".xz", ".zip", ".7z", ".rar", ".lzma", ".xlsx", ".xls")
_KEY = "dataset.file"
_SAMPLES = Path(__file__).resolve().parent.parent / "samples"


def named(pattern: str) -> list[str]:
    """The files that `pattern` names, in order of their names. Raises RunError where there is none."""
    if pattern.startswith("sample:"):
        pattern = str(_SAMPLES / pattern.removeprefix("sample:") / f"{pattern.removeprefix('sample:')}.csv.gz")
    found = _remote(pattern) if "://" in pattern else _local(pattern)
    if not found:
        where = "" if "://" in pattern else f" (looked for from {os.getcwd()})"
        rule = f"no file has a name like this{where}" if glob.has_magic(pattern) else f"does not exist{where}"
        raise RunError(Problem(_KEY, rule, "mend the path", pattern))
    for path in found:
        if path.lower().endswith(_NOT_READ):
            rule = f"{os.path.splitext(path)[1]} files cannot be read"
            raise RunError(Problem(path, rule, f"unpack it, or use {', '.join(COMPRESSED)}"))
    return found


def _local(pattern: str) -> list[str]:
    if os.path.isdir(pattern):
        rule = "is a folder, where a file is wanted"
        raise RunError(Problem(_KEY, rule, f"name the file, or several as {os.path.join(pattern, '*.csv')}", pattern))
    if os.path.lexists(pattern):
        return [pattern]
    return sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))


def _remote(uri: str) -> list[str]:
    """Stars count in the last part of the path only."""
    from pyarrow import fs

    folder, _, name = uri.rpartition("/")
    if not glob.has_magic(name):
        return [uri]
    with _told(uri):
        system, path = fs.FileSystem.from_uri(folder)
        infos = system.get_file_info(fs.FileSelector(path))
    return sorted(f"{folder}/{info.base_name}" for info in infos if info.is_file and fnmatch.fnmatch(info.base_name, name))


@contextmanager
def opened(path: str, compressed: bool = True) -> Iterator:
    """A stream of bytes, decompressed by its ending where `compressed`, else one that can seek. Raises RunError."""
    import pyarrow as pa
    from pyarrow import fs

    with _told(path):
        system, inside = fs.FileSystem.from_uri(path) if "://" in path else (fs.LocalFileSystem(), os.path.abspath(path))
        codec = COMPRESSED.get(PurePosixPath(path).suffix.lower()) if compressed else None
        stream = system.open_input_stream(inside, compression=codec) if compressed else system.open_input_file(inside)
        try:
            yield stream
        except pa.ArrowInvalid:
            raise  # about what is in the file: the reader knows more
        finally:
            stream.close()


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        reason = " ".join((getattr(error, "strerror", None) or str(error)).split())[:200]
        raise RunError(Problem(path, f"cannot be read ({reason})", "is it whole, and may you read it?")) from error
