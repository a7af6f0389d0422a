"""The git repository that one stands in: commit, whether it has changes, and which."""

from __future__ import annotations

import subprocess
from typing import Any

_LARGEST = 1_000_000  # bytes of a diff that are kept
_NAMES = 100  # untracked files that are named


def git() -> dict[str, Any]:
    """Commit, `dirty`, and the untracked files; `commit: none` where there is no repository, no commit yet, or no git.

    `runs/` is not looked at: where nobody has told git to ignore it, each run would make the next one dirty.
    """
    status = _git("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", ":/", ":(exclude)runs")
    lines = (status or "").splitlines()
    commit = next((line.split()[-1] for line in lines if line.startswith("# branch.oid")), "none")
    changes = [line for line in lines if not line.startswith("#")]
    untracked = [line[2:] for line in changes if line.startswith("? ")]
    return {
        "commit": "none" if commit == "(initial)" else commit,
        "dirty": bool(changes),
        "untracked": untracked[:_NAMES],
    }


def diff() -> str:
    """What the tracked files differ by from the commit, '' where there is none. What is too long is cut, and says so."""
    text = _git("diff", "HEAD", "--no-color", "--no-ext-diff") or ""
    if len(text.encode()) <= _LARGEST:
        return text
    kept = text.encode()[:_LARGEST].decode(errors="ignore")
    return f"{kept}\n# cut here: the diff has {len(text.encode()):,} bytes, {_LARGEST:,} are kept\n"


def _git(*arguments: str) -> str | None:
    """None: no git, no repository, or no answer within 20 seconds."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")
