"""`python -m tfrun analyze DIR`: slices of a finished run by TensorFlow Model Analysis on Beam, also of data beyond one machine.

The run's SavedModel answers in the pipeline. Leaves TFMA's result and analysis.json in DIR/analysis. Needs the extra tfma.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tfrun.analysis import Asked, analyze
from tfrun.analysis.slices import parsed
from tfrun.cli.directory import check_is_run
from tfrun.record.console import Console

_SHOWN = 20  # values of a slice, on the screen


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    check_is_run(args.directory)
    metrics = None if args.metrics is None else [name.strip() for name in args.metrics.strip("[]").split(",") if name.strip()]
    slices = None if args.slices is None else parsed(args.slices)
    found = analyze(args.directory, Asked(args.examples, slices, metrics, args.beam_options, args.out, args.model))
    console = Console()
    for name, values in found.slices.items():
        _show(console, name, values)
    for reason, count in found.left_out.items():
        console.warning(f"{count:,} rows {reason}: left out")
    console.line(f"files   {found.folder}")
    return 0


def _show(console: Console, name: str, values: dict[str, dict[str, float | None]]) -> None:
    columns = list(next(iter(values.values())))
    rows = [[value, *map(_figure, of.values())] for value, of in list(values.items())[:_SHOWN]]
    console.line()
    console.table(name, ["", *columns], rows)
    if len(values) > _SHOWN:
        console.line(f"{len(values) - _SHOWN} more with fewer rows are in analysis.json")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tfrun analyze", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a run directory")
    parser.add_argument(
        "--examples",
        metavar="PATTERN",
        help="TFRecord files of tf.Examples wherever Beam can read (default: the run's own test rows)",
    )
    parser.add_argument(
        "--slices",
        metavar="LIST",
        help="as carrier,origin,carrier×origin or [carrier,[carrier,origin]] (default: evaluation.slices of the run)",
    )
    parser.add_argument(
        "--metrics", metavar="LIST", help="of accuracy, and of two classes precision, recall, f1, auc (default: all)"
    )
    parser.add_argument("--out", metavar="FOLDER", help="or an address (default: DIR/analysis)")
    parser.add_argument(
        "--model", metavar="ADDRESS", help="where workers find a copy of DIR/exports/saved_model, if not in DIR"
    )
    parser.add_argument(
        "--beam-options",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="OPTION",
        help="all that follows goes to the pipeline, as --runner=… --temp_location=…",
    )
    return parser
