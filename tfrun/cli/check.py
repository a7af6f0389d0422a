"""`python -m tfrun check +experiment=NAME [key=value …]`: compose and check, without TensorFlow and without a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.config.check import check
from tfrun.config.load import load
from tfrun.config.problems import ConfigError
from tfrun.provenance.licences import foreseen


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun check", description=__doc__)
    parser.add_argument("overrides", nargs="+", help="as for a run")
    parser.add_argument("--config-dir", type=Path)
    args = parser.parse_args(argv)
    experiment = load(args.overrides, args.config_dir)
    problems = check(experiment)
    if problems:
        raise ConfigError(*problems)
    print(f"{experiment.name}: no problem found")
    if experiment.dataset.says():
        print(f"  {experiment.dataset.says()}")
    for finding in foreseen(experiment):
        print(f"  warning: {finding.text}")
    return 0
