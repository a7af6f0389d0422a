"""The README of an exported `serving` folder."""

from __future__ import annotations

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from tfrun.serving.kubernetes import GRPC, REST, Needs


def text(needs: Needs, version: int, contract: dict[str, Any], warmup_rows: int) -> str:
    """contract: content of `exports/contract.json`."""
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    environment.filters["shape"] = lambda shape: f"[{', '.join('?' if side is None else str(side) for side in shape)}]"
    template = environment.from_string(Path(__file__).with_name("readme.md.j2").read_text(encoding="utf-8"))
    signature = contract["signatures"]["serving_default"]
    return template.render(
        needs=needs, version=version, warmup_rows=warmup_rows, rest=REST, grpc=GRPC, memory_mb=round(needs.memory / 1e6),
        inputs=signature["inputs"], outputs=signature["outputs"], tensorflow=version_of("tensorflow"),
    )  # fmt: skip
