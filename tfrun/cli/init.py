"""`python -m tfrun init DIR`: a project of your own, with one experiment to start from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tfrun.config.problems import ConfigError, Problem
from tfrun.config.schema import experiment_schema

_EXPERIMENT = """\
# yaml-language-server: $schema=../experiment.schema.json
# Pictures in one folder a class, on a frozen ImageNet backbone.
#   python -m tfrun +experiment=first dataset.directory=path/to/pictures
# `python -m tfrun list` names all options, `python -m tfrun show dataset=image_folder` the keys of one.
description: My first model
defaults:
  - override /dataset: image_folder
  - override /backbone: efficientnet_lite0
  - override /training: frozen
  - override /gate: thresholds

transform:
  image_size: 96
optimizer:
  learning_rate: 0.003
gate:
  metrics: {accuracy: 0.8}
"""
_README = """\
# A tfrun project

- `experiments/NAME.yaml` is run by `python -m tfrun +experiment=NAME` from this folder.
- `conf/GROUP/OPTION.yaml` adds an option of your own to a group: `_target_: my_module.MyClass`.
- `experiment.schema.json` lets editors complete the YAML; `python -m tfrun schema` prints it anew.
- `runs/` holds what came of it.
"""


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun init", description=__doc__)
    parser.add_argument("directory", type=Path, help="a new or empty folder")
    args = parser.parse_args(argv)
    directory: Path = args.directory
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError(Problem(str(directory), "is not empty", "name a new folder"))
    try:
        for folder in ("experiments", "conf"):
            (directory / folder).mkdir(parents=True)
        (directory / "experiments" / "first.yaml").write_text(_EXPERIMENT)
        (directory / "experiment.schema.json").write_text(json.dumps(experiment_schema(), indent=2) + "\n")
        (directory / "README.md").write_text(_README)
        (directory / ".gitignore").write_text("runs/\n")
    except OSError as error:
        raise ConfigError(
            Problem(str(directory), f"cannot be written ({error.strerror})", "name a folder you can write to")
        ) from error
    print(
        f"{directory}: look at experiments/first.yaml, then: cd {directory} && python -m tfrun +experiment=first dataset.directory=…"
    )
    return 0
