"""Writes docs/reference.md and docs/experiment.schema.json from the classes: `python docs/build.py`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

from tfrun.component import target
from tfrun.config.catalogue import Option, keys, options
from tfrun.config.schema import experiment_schema
from tfrun.experiment import Experiment

HERE = Path(__file__).parent
OWN = ("name", "description", "seed", "runs", "debug", "features", "checks", "licences")


def reference() -> str:
    lines = [
        "# Reference",
        "",
        "Every option of every group with its keys. Made from the classes by `python docs/build.py`;",
        "`python -m tfrun show GROUP=OPTION` prints the same.",
        "",
        "## Keys of the experiment itself",
        "",
        *_table([key for key in keys(Experiment) if key.name.partition(".")[0] in OWN]),
    ]
    for group, choices in options().items():
        lines += ["", f"## {group}", "", Experiment.model_fields[group].description or ""]
        for option in choices.values():
            lines += ["", *_option(option)]
    return "\n".join(lines) + "\n"


def _option(option: Option) -> list[str]:
    text = inspect.cleandoc(option.cls.__doc__ or "").split("\n\n")
    lines = [f"### {option.group}={option.name}", "", f"`{target(option.cls)}`. {option.summary}"]
    for paragraph in text[1 if option.summary == text[0].split("\n")[0] else 0 :]:
        lines += ["", " ".join(paragraph.split())]
    rows = keys(option.cls, option.values)
    return [*lines, "", *(_table(rows) if rows else ["No keys."])]


def _table(rows) -> list[str]:
    lines = ["| key | type | unit | default | what it is |", "|---|---|---|---|---|"]
    for key in rows:
        cells = (f"`{key.name}`", key.type, key.unit, f"`{key.default}`", key.help)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def schema() -> str:
    return json.dumps(experiment_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (HERE / "reference.md").write_text(reference(), encoding="utf-8")
    (HERE / "experiment.schema.json").write_text(schema(), encoding="utf-8")
