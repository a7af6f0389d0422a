"""`card.md` and `card.html`: the model card (after Mitchell et al., "Model Cards for Model Reporting", 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.component import Settings, setting
from tfrun.disk import write_atomically
from tfrun.provenance.secrets import masked
from tfrun.record.mistakes import counts
from tfrun.record.result import Result
from tfrun.task import TASKS

if TYPE_CHECKING:
    from tfrun.dataset import Data, InputSpec
    from tfrun.experiment import Experiment


_ROWS = {"image": "pictures", "text": "texts", "audio": "recordings", "table": "table rows", "vector": "vectors of numbers"}


class Card(Settings):
    """What only people know, for the model card."""

    intended_use: str = setting("", "who shall use the model, and what for")
    not_for: str = setting("", "what it must not be used for")
    limits: str = setting("", "what is known of where it fails")
    contact: str = setting("", "whom to ask")


def write(experiment: Experiment, data: Data, says: str, result: Result, numeric: Sequence[InputSpec] = ()) -> None:
    """says: what the exported model does to its inputs by itself. numeric: inputs of the signature without strings."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True)
    text = environment.get_template("card.md.j2").render(
        experiment=experiment, card=experiment.card, data=data, result=result, rarest=_rarest_classes(data), says=says,
        what=_ROWS[data.kind], output=TASKS[data.task].output, inputs=[spec.name for spec in data.inputs], numeric=[spec.name for spec in numeric],
        call=_call(data.inputs), numeric_call=_call(numeric),
    )  # fmt: skip
    text = masked(text)
    write_atomically(result.directory / "card.md", text)
    page = environment.get_template("card.html.j2").render(title=f"{result.name} · model card", body=_as_html(text))
    write_atomically(result.directory / "card.html", page)


def _as_html(text: str) -> str:
    """HTML in the text is shown as it is written: names of classes come from data."""
    from markdown import Markdown

    renderer = Markdown(extensions=["tables", "fenced_code"], output_format="html")
    renderer.preprocessors.deregister("html_block")
    renderer.inlinePatterns.deregister("html")
    return renderer.convert(text)


def _call(specs: Sequence[InputSpec]) -> str:
    return ", ".join(f"{spec.name}={spec.name}s" for spec in specs)


def _rarest_classes(data: Data) -> list[str]:
    """Classes with fewer than 30 test rows: what is measured on them is hardly more than an anecdote."""
    rows = counts(data)["splits"]["test"]
    return [name for name, count in zip(data.classes, rows, strict=False) if count < 30]
