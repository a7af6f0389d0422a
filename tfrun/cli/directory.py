"""The run directory that a verb was given."""

from __future__ import annotations

from pathlib import Path

from tfrun.config.problems import Problem, RunError


def check_is_run(directory: Path) -> None:
    """Raises RunError where it is none."""
    if not (directory / "config.yaml").is_file():
        rule = "is no run directory: it holds no config.yaml"
        raise RunError(Problem(str(directory), rule, "name runs/<experiment>/<date_time>"))
