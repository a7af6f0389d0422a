"""The feature store: what a frozen backbone gives is computed once and shared by all runs on the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from tfrun.component import Settings, setting
from tfrun.store.size import in_bytes


def default_folder() -> Path:
    """$TFRUN_CACHE, else `tfrun` in the user's cache folder."""
    return Path(os.environ.get("TFRUN_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfrun")


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_size(value: str) -> str:
    in_bytes(value)
    return value


Size = Annotated[str, BeforeValidator(_text), AfterValidator(_is_size)]


class FeatureStore(Settings):
    """Where the features of a frozen backbone are kept, and how they are computed."""

    keep: bool = setting(True, "false: features are computed anew in each run and held in memory")
    folder: Path | None = setting(None, "null: $TFRUN_CACHE, else `tfrun` in your cache folder (~/.cache)")
    limit: Size = setting(
        "10 GB", "largest size of the store; what was not used for longest goes first", unit="bytes, kB, MB, GB"
    )
    engine: Literal["auto", "litert", "graph", "plain"] = setting(
        "auto",
        "what runs the frozen backbone. litert: LiteRT with XNNPACK; graph: weights frozen into the graph; plain: the module as "
        "it is; auto: on a CPU the first of them that agrees with the plain one within 1e-4",
    )

    @property
    def path(self) -> Path:
        return (self.folder or default_folder()).expanduser()

    @property
    def limit_bytes(self) -> int:
        return in_bytes(self.limit)
