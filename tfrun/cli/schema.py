"""`python -m tfrun schema`: the JSON Schema of experiment files, for editors."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tfrun.config.schema import experiment_schema


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun schema", description=__doc__)
    parser.add_argument("--config-dir", type=Path)
    args = parser.parse_args(argv)
    print(json.dumps(experiment_schema(args.config_dir), indent=2, ensure_ascii=False))
    return 0
