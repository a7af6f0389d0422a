"""What the checks found, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from tfrun.checks import schema as schemas
from tfrun.checks.anomaly import KINDS, Anomaly
from tfrun.checks.drift_by import Step
from tfrun.checks.roles import Roles
from tfrun.config.problems import DataError, Problem

if TYPE_CHECKING:
    from tfrun.checks import Checks

FOLDER = "data"
_SHOWN = 10  # errors on the screen


@dataclass(frozen=True)
class Findings:
    """statistics: one dataset a split. schema: what was enforced. anomalies: errors first. steps: of `checks.drift_by`."""

    statistics: statistics_pb2.DatasetFeatureStatisticsList
    schema: schema_pb2.Schema
    anomalies: tuple[Anomaly, ...]
    checks: Checks
    roles: Roles
    steps: tuple[Step, ...] = ()

    @property
    def failed(self) -> bool:
        """There is an error, and `checks.on_anomaly` says that this stops the run."""
        return self.checks.on_anomaly == "fail" and any(anomaly.severity == "error" for anomaly in self.anomalies)

    def error(self) -> DataError:
        """The errors, one line each, as far as they fit on a screen."""
        errors = [anomaly for anomaly in self.anomalies if anomaly.severity == "error"]
        problems = [Problem(anomaly.feature or "dataset", f"({anomaly.split}) {anomaly.text}") for anomaly in errors[:_SHOWN]]
        if len(errors) > _SHOWN:
            problems.append(
                Problem("dataset", f"{len(errors) - _SHOWN} more errors are in {FOLDER}/data.html of the run directory")
            )
        return DataError(*problems)

    def plain(self) -> dict[str, Any]:
        """For result.json."""
        return {
            "failed": self.failed,
            "rows": {dataset.name: dataset.num_examples for dataset in self.statistics.datasets},
            "features": {dataset.name: len(dataset.features) for dataset in self.statistics.datasets},
            "anomalies": [anomaly.plain() for anomaly in self.anomalies],
            "drift_by": {step.value: {"rows": step.rows, "figures": step.figures} for step in self.steps},
        }

    def proto(self) -> anomalies_pb2.Anomalies:
        """As TFDV has them: all that is wrong with a feature under its name, each as a reason."""
        result = anomalies_pb2.Anomalies(baseline=self.schema)
        for anomaly in self.anomalies:
            info = result.anomaly_info[anomaly.feature] if anomaly.feature else result.dataset_anomaly_info
            if anomaly.feature:
                info.path.step[:] = [anomaly.feature]
            kind = anomalies_pb2.AnomalyInfo.Type.Value(KINDS[anomaly.kind])
            line = f"{anomaly.split}: {anomaly.text}"
            info.reason.add(type=kind, short_description=f"{anomaly.split}: {anomaly.kind.replace('_', ' ')}", description=line)
            info.short_description = "Multiple errors" if len(info.reason) > 1 else info.reason[0].short_description
            info.description = " ".join(reason.description for reason in info.reason)
            level = anomalies_pb2.AnomalyInfo.ERROR if anomaly.severity == "error" else anomalies_pb2.AnomalyInfo.WARNING
            info.severity = max(info.severity, level)
        return result

    def write(self, folder: Path) -> Path:
        """`data/` in `folder`, with schema.pbtxt, statistics.pb, anomalies.pbtxt and data.html. Raises OSError."""
        from tfrun.checks.page import page

        target = folder / FOLDER
        target.mkdir(parents=True, exist_ok=True)
        (target / "statistics.pb").write_bytes(self.statistics.SerializeToString(deterministic=True))
        (target / "schema.pbtxt").write_text(schemas.write(self.schema), encoding="utf-8")
        anomalies = text_format.MessageToString(self.proto(), as_utf8=True)
        (target / "anomalies.pbtxt").write_text(anomalies, encoding="utf-8")
        (target / "data.html").write_text(page(self), encoding="utf-8")
        return target
