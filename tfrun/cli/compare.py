"""`python -m tfrun compare DIR DIR…`: finished runs, trials, or all trials of a sweep, side by side."""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

from tfrun.config.problems import Problem, RunError, shorten
from tfrun.record.comparison import Comparison, Figure, compared, gather
from tfrun.record.console import Console

_SIDE_BY_SIDE = 5  # columns; of more runs each is a row
_LONGEST = 60  # characters of a cell


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tfrun compare", description=__doc__)
    parser.add_argument("directories", type=Path, nargs="+", help="of runs, trials or sweeps")
    parser.add_argument("--format", choices=["table", "markdown", "csv", "json"], default="table", help="what is printed")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page, too")
    args = parser.parse_args(argv)
    comparison = compared(gather(args.directories))
    if args.html:
        _write(args.html, page(comparison))
    {"table": _show, "markdown": _markdown, "csv": _csv, "json": _json}[args.format](comparison)
    return 0


def laid_out(comparison: Comparison) -> list[tuple[str, list[str], list[list[str]]]]:
    """(title, columns, rows) of each table as text: runs beside each other, or below where there are many."""
    found = []
    for table in comparison.tables:
        cells = [[_text(cell) for cell in row] for row in table.cells]
        if len(comparison.names) <= _SIDE_BY_SIDE:
            found.append((table.title, ["", *comparison.names], [[n, *row] for n, row in zip(table.rows, cells, strict=True)]))
        else:
            turned = [[name, *column] for name, column in zip(comparison.names, zip(*cells, strict=True), strict=True)]
            found.append((table.title, ["run", *table.rows], turned))
    return found


def page(comparison: Comparison) -> str:
    """One file, no network."""
    from jinja2 import Environment, FileSystemLoader

    import tfrun.record

    environment = Environment(
        loader=FileSystemLoader(Path(tfrun.record.__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("comparison.html.j2").render(comparison=comparison, tables=laid_out(comparison))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(Problem("--html", f"cannot be written ({error.strerror})", "choose another file", path)) from error


def _show(comparison: Comparison) -> None:
    console = Console()
    for title, columns, rows in laid_out(comparison):
        for begin in range(1, len(columns), _SIDE_BY_SIDE):
            part = slice(begin, begin + _SIDE_BY_SIDE)
            console.line()
            console.table(title, [columns[0], *columns[part]], [[row[0], *row[part]] for row in rows])
    for note in comparison.notes:
        console.line(note)


def _markdown(comparison: Comparison) -> None:
    for title, columns, rows in laid_out(comparison):
        print(f"### {title}\n\n{_row(columns)}\n|{'---|' * len(columns)}")
        print("\n".join(map(_row, rows)) + "\n")
    print("\n".join(f"- {note}" for note in comparison.notes))


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _csv(comparison: Comparison) -> None:
    """One line a figure: easy to read back, whatever the runs have."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["table", "name", "run", "value", "low", "high"])
    for table in comparison.tables:
        for name, cells in zip(table.rows, table.cells, strict=True):
            for run, cell in zip(comparison.names, cells, strict=True):
                figures = (cell.value, cell.low, cell.high) if isinstance(cell, Figure) else (cell, None, None)
                if cell is not None:
                    writer.writerow([table.title, name, run, *figures])
    print(written.getvalue(), end="")


def _json(comparison: Comparison) -> None:
    print(json.dumps(comparison.plain(), indent=1, ensure_ascii=False))


def _text(cell: Any) -> str:
    if cell is None:
        return "–"
    return shorten(f"{cell:.4g}" if isinstance(cell, float) else cell, _LONGEST)
