"""Keys of the store: a hash over everything that decides what is kept under it, code included."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import linecache
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

FORMAT = 1  # of the store's files and of what the engines compute: a new number makes all features anew

_PACKAGES = ("tensorflow", "keras", "ai-edge-litert")  # a new version may compute otherwise
_FOREIGN = ("builtins", "abc", "typing", "pydantic", "tensorflow", "keras", "tfrun.component")


def key_of(**parts: Any) -> str:
    """32 hexadecimal digits. parts: plain values, in any order."""
    text = json.dumps({"format": FORMAT, "packages": _versions(), **parts}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in _PACKAGES}


def code_of(cls: type) -> str | None:
    """sha256 over the source of a class, of those it is derived from, and of what they import from their own folder.

    Comments and layout do not count. None where there is no source to be had, as for a class that was typed into a prompt.
    """
    pending = []
    for each in cls.__mro__:
        if not each.__module__.startswith(_FOREIGN):
            source = getattr(sys.modules.get(each.__module__), "__file__", None)
            if source is None:
                return _typed_in(each)
            pending.append(Path(source))
    trees: dict[Path, str] = {}
    while pending:
        path = pending.pop()
        if path not in trees:
            state = path.stat()
            trees[path], beside = _read(path, state.st_mtime_ns, state.st_size)
            pending += beside
    digest = hashlib.sha256()
    for path in sorted(trees):
        digest.update(f"{path.name}\0{trees[path]}\0".encode())
    return digest.hexdigest()


@cache
def _read(path: Path, changed: int, size: int) -> tuple[str, list[Path]]:
    """What the file says, and the files beside it that it imports. changed, size: as long as they are the same, it is read once."""
    tree = ast.parse(path.read_bytes())
    return ast.dump(tree), _beside(path, tree)


def _typed_in(cls: type) -> str | None:
    """Notebooks keep the source of their cells; a prompt keeps none."""
    linecache.checkcache()
    try:
        return hashlib.sha256(inspect.getsource(cls).encode()).hexdigest()
    except (OSError, TypeError):
        return None


def _beside(path: Path, tree: ast.AST) -> list[Path]:
    """Files in the folder of `path` that it imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.name.rpartition(".")[2] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.rpartition(".")[2])
    return [path.parent / f"{name}.py" for name in sorted(names) if (path.parent / f"{name}.py").is_file()]
