"""Packages that only some options need."""

from __future__ import annotations

import importlib.util

from tfrun.config.problems import UNSET, Problem


def needed(key: str, extra: str, *modules: str, value: object = UNSET) -> list[Problem]:
    """A problem where one of `modules` is not installed; nothing is imported. extra: of pyproject.toml, which has them."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if not missing:
        return []
    return [Problem(key, f"needs {', '.join(missing)}, not installed here", f"pip install 'tfrun[{extra}]'", value)]
