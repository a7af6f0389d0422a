"""`card.md`: the model card (after Mitchell et al., "Model Cards for Model Reporting", 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.disk import write_atomically
from tfrun.provenance.secrets import masked
from tfrun.record.result import Result

if TYPE_CHECKING:
    from tfrun.dataset import Data, InputSpec
    from tfrun.experiment import Experiment


_ROWS = {"image": "pictures", "text": "texts", "audio": "recordings", "table": "table rows", "vector": "vectors of numbers"}


def write(experiment: Experiment, data: Data, says: str, result: Result, numeric: Sequence[InputSpec] = ()) -> None:
    """says: what the exported model does to its inputs by itself. numeric: inputs of the signature without strings."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True)
    text = environment.get_template("card.md.j2").render(
        experiment=experiment, data=data, result=result, rarest=_rarest_classes(data), says=says, what=_ROWS[data.kind],
        call=_call(data.inputs),
        numeric_call=_call(numeric),
    )  # fmt: skip
    write_atomically(result.directory / "card.md", masked(text))


def _call(specs: Sequence[InputSpec]) -> str:
    return ", ".join(f"{spec.name}={spec.name}s" for spec in specs)


def _rarest_classes(data: Data) -> list[str]:
    """Classes with fewer than 30 test rows: what is measured on them is hardly more than an anecdote."""
    labels = data.splits["test"].labels
    return [name for number, name in enumerate(data.classes) if (labels == number).sum() < 30]
