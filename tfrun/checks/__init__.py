"""Checks of the data before training: statistics, a schema, and what is wrong. Importing it reads no data library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tfrun.checks.anomaly import Anomaly
from tfrun.checks.roles import Roles
from tfrun.component import Settings, setting
from tfrun.config.problems import Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from tfrun.checks.findings import Findings

__all__ = ["Anomaly", "Checks", "Roles", "check_data"]


class Checks(Settings):
    """What the data must be like before a model is trained on them. Each limit is a figure that the report names too."""

    on_anomaly: Literal["warn", "fail"] = setting("warn", "fail: an anomaly of severity error stops the run (exit code 4)")
    schema_file: Path | None = setting(
        None, "schema.pbtxt that people have edited, enforced to the letter; null: inferred from the training split"
    )
    against: Path | None = setting(
        None, "run directory, or a statistics.pb, of an earlier run: the data are compared with what they were then"
    )
    engine: Literal["local", "beam"] = setting("local", "beam: the same figures by Apache Beam (extra `beam`)")
    beam_options: tuple[str, ...] = setting((), "options of the Beam pipeline, as on its command line: `--runner=…`")
    missing: float = setting(0.5, "largest share of rows without a value in a feature", unit="share", ge=0, le=1)
    missing_rise: float = setting(0.1, "by how much that share may be above the training split's", unit="share", ge=0, le=1)
    new_values: float = setting(
        0.01, "largest share of values that the training split does not have (schema_file: its min_domain_mass)",
        unit="share", ge=0, le=1,
    )  # fmt: skip
    drift_categories: float = setting(
        0.1, "largest difference of one category's share between splits or runs (L-infinity)", unit="share", gt=0, le=1
    )
    drift_numbers: float = setting(
        0.1, "largest Jensen–Shannon divergence of a number's distribution between splits or runs", unit="bits", gt=0, le=1
    )
    drift_embeddings: float = setting(
        0.001,
        "embeddings of two splits differ where the two-sample test gives a p-value below this",
        unit="p-value",
        gt=0,
        lt=1,
    )
    drift_by: str | None = setting(
        None, "column whose values are compared with the training split one by one: a month, a site; what is above is a warning"
    )
    leakage: float = setting(
        0.9, "largest share of the majority guess's errors that one feature alone may take away", unit="share", gt=0, le=1
    )
    rare_class: int = setting(5, "fewest rows of each class in the training split", unit="rows", ge=0)
    duplicates: float = setting(0.05, "largest share of rows of a split that repeat another row", unit="share", ge=0, le=1)
    shared_rows: float = setting(
        0.01, "largest share of rows of a held-out split that the training split has too", unit="share", ge=0, le=1
    )
    near_duplicates: float = setting(
        0.05,
        "largest share of rows that nearly repeat a row, within a split or in the training split",
        unit="share",
        ge=0,
        le=1,
    )
    near_distance: int = setting(
        2, "two pictures are nearly the same up to so many different bits of their perceptual hash", unit="bits", ge=0, le=16
    )
    sample_rows: int = setting(10_000, "rows of each split on which leakage and embeddings are judged", unit="rows", ge=100)

    def problems(self) -> list[Problem]:
        """What can be told before any data are read."""
        found = []
        if self.schema_file and not self.schema_file.is_file():
            found.append(
                Problem("checks.schema_file", "is no file", "start from the data/schema.pbtxt of a run", self.schema_file)
            )
        if self.against and not self.against.exists():
            found.append(Problem("checks.against", "is not there", "name a run directory or a statistics.pb", self.against))
        if self.engine == "beam" and find_spec("apache_beam") is None:
            found.append(Problem("checks.engine", "needs Apache Beam", "pip install 'tfrun[beam]'", self.engine))
        return found


def check_data(
    tables: Mapping[str, Callable[[], Iterator[pa.RecordBatch]]], roles: Roles, checks: Checks | None = None
) -> Findings:
    """Reads each split once (and again where rows have to be named) and says what is wrong.

    tables: by split name; each call starts the stream of record batches anew. One split is called `train`.
    Raises RunError where `checks` names a file that cannot be read, or where there is no training split.
    """
    from tfrun.checks.check import check

    return check(tables, roles, checks or Checks())
