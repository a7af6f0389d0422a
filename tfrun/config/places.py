"""Where configs are found: the user's folders first, then those of the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def packaged(name: str) -> Path:
    """`conf` or `experiments`: inside the package when installed from a wheel, beside it in a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def conf_folders(config_dir: Path | None = None) -> list[Path]:
    """`--config-dir D` may hold groups itself or, like a project, in `D/conf/`."""
    own = [config_dir, config_dir / "conf"] if config_dir else []
    return _existing(*own, Path("conf"), packaged("conf"))


def experiment_folders(config_dir: Path | None = None) -> list[Path]:
    """`--config-dir D` may hold `D/experiments/` or, as in any Hydra app, `D/experiment/`."""
    own = [config_dir / "experiments", config_dir / "experiment"] if config_dir else []
    return _existing(*own, Path("experiments"), packaged("experiments"))


def _existing(*folders: Path | None) -> list[Path]:
    found: dict[Path, None] = {}
    for folder in folders:
        if folder is not None and folder.is_dir():
            found[folder.resolve()] = None
    return list(found)
