"""Sends a run directory to MLflow: each call sends what is new since the last. `tracking.json` remembers how far it is."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tfrun.component import plain
from tfrun.config.load import load_file
from tfrun.disk import write_atomically
from tfrun.experiment import Experiment
from tfrun.provenance.secrets import masked, referring, resolved
from tfrun.tracking.mlflow import MLflow
from tfrun.tracking.store import Store

_METRICS_A_BATCH, _PARAMS_A_BATCH, _ROWS_A_BATCH = 1000, 100, 100
_LONGEST_PARAM = 500  # characters; the store's own limit is higher, the UI's patience is not
_FILES = ("config.yaml", "result.json", "report.html", "card.md", "card.html", "log.txt", "metrics.jsonl")
_OF_A_FILE = (
    "bytes",
    "retention",
    "max_abs_difference",
    "mean_abs_difference",
    "agreement",
    "rows_per_second",
    "peak_memory_bytes",
)
FORBIDDEN = re.compile(r"[^\w./ -]")  # in names of parameters and metrics
_FINAL = {"train": "final_train", "validation": "final_validation"}  # the plain names are those of the curves
_STATUS = {"done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}


class Sync:
    """directory: of a run; it must hold a whole config.yaml, which says where to send unless `uri` does. A trial is sent as a
    nested run of its sweep's.

    Raises ConfigError where it does not. What MLflow raises for a store that is away passes through.
    """

    def __init__(self, directory: Path, uri: str | None = None):
        self.directory = directory
        self._uri = uri
        self.experiment: Experiment = load_file(directory / "config.yaml")
        tracking = self.experiment.tracking
        self.tracking = tracking if isinstance(tracking, MLflow) else MLflow()
        state = directory / "tracking.json"
        self.state: dict[str, Any] = read_json(state)

    @property
    def uri(self) -> str:
        return self._uri or resolved(self.state.get("uri")) or self.tracking.store(self.experiment.runs)

    def send(self, final: bool = False) -> dict[str, Any]:
        """Sends new metrics; with `final`, all files, the model and the end of the run. Returns the state."""
        client = Store(self.uri).client()
        if resolved(self.state.get("uri")) != self.uri:
            self.state = {}  # sent elsewhere before, or not at all
        if "run_id" not in self.state:
            self._create(client)
        if not self.state.get("params_sent"):
            self._send_params(client)
        self._send_metrics(client)
        result = read_json(self.directory / "result.json")
        if final and not self.state.get("done"):
            if result:
                self._send_end(client, result)
            self._keep(done=result.get("status") == "done")  # others may be resumed
        return self.state

    def _create(self, client) -> None:
        experiment_id = Store(self.uri).experiment(client, self.tracking.experiment or self.experiment.name)
        began = int((self.directory / "config.yaml").stat().st_mtime * 1000)
        trial = self.directory.parent.name != self.experiment.name  # of a sweep: runs/<experiment>/<date_time>/<trial>
        run_name = f"{self.directory.parent.name}/{self.directory.name}" if trial else self.directory.name
        tags = self._tags() | self._nested(client)
        run = client.create_run(experiment_id, start_time=began, run_name=run_name, tags=tags)
        self._keep(run_id=run.info.run_id, experiment_id=experiment_id, uri=referring({"uri": self.uri})["uri"], metric_bytes=0)

    def _send_params(self, client) -> None:
        log_params(client, self.state["run_id"], self._params())
        self._keep(params_sent=True)

    def _nested(self, client) -> dict[str, str]:
        """The tag that makes a trial a nested run of its sweep's, which is made where it is not there yet."""
        from tfrun.sweep.summary import is_sweep

        if not is_sweep(self.directory.parent):
            return {}
        from tfrun.tracking.sweep import SweepSync

        return {"mlflow.parentRunId": SweepSync(self.directory.parent, self.uri).parent(client)}

    def _tags(self) -> dict[str, str]:
        from tfrun.provenance.git import git

        state = git()
        return {
            "mlflow.note.content": masked(self.experiment.description),
            "mlflow.source.git.commit": state["commit"],
            "git_commit": state["commit"],
            "git_dirty": str(state["dirty"]).lower(),
            "seed": str(self.experiment.seed),
            "backbone_handle": masked(str(getattr(self.experiment.backbone, "handle", "none"))),
            "run_directory": str(self.directory.resolve()),
        }

    def _params(self) -> dict[str, str]:
        return {key: shortened(value) for key, value in flattened(referring(plain(self.experiment))).items()}

    def _send_metrics(self, client) -> None:
        path = self.directory / "metrics.jsonl"
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self.state["metric_bytes"])
            whole, _, _ = file.read().rpartition(b"\n")  # a last line without its end is still being written
        lines = whole.splitlines(keepends=True)
        for start in range(0, len(lines), _ROWS_A_BATCH):  # each is remembered: who is ended on the way sends none twice
            part = lines[start : start + _ROWS_A_BATCH]
            log_metrics(client, self.state["run_id"], [point for line in part for point in _points(json.loads(line))])
            size = len(b"".join(part).rstrip(b"\n")) + 1
            self._keep(metric_bytes=self.state["metric_bytes"] + size)

    def _send_end(self, client, result: dict[str, Any]) -> None:
        from tfrun.tracking.mlflow_model import log_data, log_model

        run_id = self.state["run_id"]
        final = {
            f"{_FINAL.get(split, split)}_{name}": value
            for split, metrics in result["metrics"].items()
            for name, value in metrics.items()
        }
        for artifact in result["artifacts"]:
            label = FORBIDDEN.sub("_", f"export/{artifact['target']}/{artifact['variant']}")
            final |= {f"{label}/{key}": artifact[key] for key in _OF_A_FILE}
            final |= {f"{label}/{key}_ms": value for key, value in artifact["latency_ms"].items()}
        final |= {f"duration/{name}": value for name, value in result["durations"].items()}
        final |= {f"throughput/{name}": value for name, value in result["throughput"].items()}
        points = [metric(name, value, 0, None) for name, value in final.items() if value is not None]
        log_metrics(client, run_id, points)
        for name in _FILES:
            if (self.directory / name).exists():
                client.log_artifact(run_id, str(self.directory / name))
        if (self.directory / "exports").is_dir():
            client.log_artifacts(run_id, str(self.directory / "exports"), "exports")
        if (self.directory / "provenance").is_dir():
            client.log_artifacts(run_id, str(self.directory / "provenance"), "provenance")
        if result["data"]:
            log_data(client, run_id, result["data"])
        model = log_model(self.directory, self.experiment, self.tracking, result, run_id) if "model" not in self.state else None
        if model:
            self._keep(model=model)
        if "test" in result["metrics"]:  # a trial is judged when it is the best
            client.set_tag(run_id, "verdict", "blessed" if result["verdict"]["blessed"] else "not blessed")
        client.set_tag(run_id, "weights_sha256", result["weights_sha256"])
        client.set_terminated(run_id, _STATUS.get(result["status"], "FAILED"))

    def _keep(self, **news) -> None:
        self.state = {**self.state, **news}
        write_atomically(self.directory / "tracking.json", json.dumps(self.state, indent=2) + "\n")


def flattened(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings and lists to one level: `dataset.split.test`, `head.units.0`."""
    if isinstance(value, dict) and value:
        items = value.items()
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = enumerate(value)
    else:
        return {prefix.rstrip("."): value}
    flat: dict[str, Any] = {}
    for key, item in items:
        flat |= flattened(item, f"{prefix}{FORBIDDEN.sub('_', str(key))}.")
    return flat


def shortened(value: Any) -> str:
    """A parameter's text; a long one is cut and carries its hash. The whole is in config.yaml."""
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= _LONGEST_PARAM:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{text[: _LONGEST_PARAM - 30]}… sha256:{digest}"


def _points(row: dict[str, Any]) -> list:
    """One line of metrics.jsonl as MLflow metrics: train_loss, validation_accuracy, system/…"""
    values = {f"{split}_{name}": value for split in ("train", "validation") for name, value in row.get(split, {}).items()}
    values |= {f"system/{name}": value for name, value in row.get("system", {}).items()}
    values["epoch"] = row["epoch"]
    return [metric(name, value, row["step"], row["time"]) for name, value in values.items()]


def log_params(client, run_id: str, values: dict[str, str]) -> None:
    params = [_param(*item) for item in values.items()]
    for start in range(0, len(params), _PARAMS_A_BATCH):
        client.log_batch(run_id, params=params[start : start + _PARAMS_A_BATCH])


def log_metrics(client, run_id: str, points: list) -> None:
    for start in range(0, len(points), _METRICS_A_BATCH):
        client.log_batch(run_id, metrics=points[start : start + _METRICS_A_BATCH])


def metric(name: str, value: float, step: int, seconds: float | None):
    import time

    from mlflow.entities import Metric

    return Metric(name, float(value), int((seconds or time.time()) * 1000), step)


def _param(key: str, value: str):
    from mlflow.entities import Param

    return Param(key[:250], value)


def read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
