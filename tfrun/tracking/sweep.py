"""Sends a sweep's directory to MLflow: one run for the sweep, a nested run a trial. Each call sends what is new."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

from tfrun.component import plain
from tfrun.config.load import from_mapping
from tfrun.disk import write_atomically
from tfrun.provenance.secrets import masked, referring, resolved
from tfrun.sweep import page, summary
from tfrun.tracking.mlflow import MLflow
from tfrun.tracking.store import Store
from tfrun.tracking.sync import Sync, flattened, log_metrics, log_params, metric, read_json, shortened

_LONGEST_TAG = 5000  # characters
_RUN_OF = {"done": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}  # a trial's state, as MLflow calls it
_RUN_OF_SWEEP = {"done": "FINISHED", "stopped": "KILLED"}


class SweepSync:
    """directory: of a sweep; its sweep.json says where to send unless `uri` does.

    Raises RunError where there is none. What MLflow raises for a store that is away passes through.
    """

    def __init__(self, directory: Path, uri: str | None = None):
        self.directory, self._uri = directory, uri
        self.content = summary.read(directory)
        self.experiment = from_mapping(resolved(self.content["experiment"]))
        tracking = self.experiment.tracking
        self.tracking = tracking if isinstance(tracking, MLflow) else MLflow()
        self.state: dict[str, Any] = read_json(directory / "tracking.json")
        self._trials: dict[int, Sync] = {}

    @property
    def uri(self) -> str:
        return self._uri or resolved(self.state.get("uri")) or self.tracking.store(self.experiment.runs)

    def send(self, final: bool = False) -> dict[str, Any]:
        """Sends what is new of the sweep and of its trials; with `final`, the page, the plots and the end. Returns the state."""
        self.content = summary.read(self.directory)
        client = Store(self.uri).client()
        run_id = self.parent(client)
        if not self.state.get("params_sent"):
            log_params(client, run_id, self._params())
            self._keep(params_sent=True)
        self._send_points(client)
        for trial in self.content["trials"]:
            self._send_trial(client, trial)
        self._mark(client)
        stamp = _stamp(self.directory / summary.NAME, self.directory / page.NAME)
        if final and (self.state.get("stamp") != stamp or not self.state.get("done")):
            self._send_end(client)
            self._keep(stamp=stamp, done=self.content["state"] == "done")
        return self.state

    def parent(self, client) -> str:
        """The id of the sweep's run, made where there is none yet. A trial that is sent alone may come first."""
        with (self.directory / ".tracking.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.state = read_json(self.directory / "tracking.json")
            uri = self._uri or self.uri
            if resolved(self.state.get("uri")) != uri:
                experiment_id = Store(uri).experiment(client, self.tracking.experiment or self.experiment.name)
                began = min((int(t["began"] * 1000) for t in self.content["trials"] if t["began"]), default=None)
                run = client.create_run(experiment_id, began, {**self._tags()}, self.directory.name)
                self.state = {}
                self._keep(
                    uri=referring({"uri": uri})["uri"], run_id=run.info.run_id, experiment_id=experiment_id, points=0, trials={}
                )
            return self.state["run_id"]

    def _tags(self) -> dict[str, str]:
        return {
            "mlflow.note.content": masked(self.experiment.description),
            "kind": "sweep",
            "objectives": ", ".join(one["name"] for one in self.content["objectives"]),
            "sweep_directory": str(self.directory.resolve()),
        }

    def _params(self) -> dict[str, str]:
        """The space, the sweep's settings and what all trials share."""
        space = {f"search.{key}": value for key, value in self.content["space"].items()}
        fixed = {"overrides": " ".join(self.content["fixed"])}
        return {key: shortened(v) for key, v in {**space, **flattened(plain(self.experiment.sweep), "sweep."), **fixed}.items()}

    def _send_points(self, client) -> None:
        """The best so far of each objective, a point a trial that has ended, in the order of their ends."""
        ended = [t for t in self.content["trials"] if t["state"] in _RUN_OF]
        ended.sort(key=lambda trial: (trial["ended"], trial["number"]))
        best: dict[str, float] = {}
        points = []
        for step, trial in enumerate(ended, start=1):
            for one in self.content["objectives"] if trial["state"] == "done" else []:
                value = trial["objectives"][one["name"]]
                choose = min if one["lower_is_better"] else max
                best[one["name"]] = choose(best.get(one["name"], value), value)
            if step > self.state["points"]:
                points += [metric(f"best_{name}", value, step, trial["ended"]) for name, value in best.items()]
                for state in _RUN_OF:
                    count = sum(other["state"] == state for other in ended[:step])
                    points.append(metric(f"trials_{state}", count, step, trial["ended"]))
        log_metrics(client, self.state["run_id"], points)
        self._keep(points=len(ended))

    def _send_trial(self, client, trial: dict[str, Any]) -> None:
        """What has changed of it since it was sent last."""
        number, place = trial["number"], self.directory / trial["directory"]
        stamp = f"{trial['state']} {_stamp(place / 'metrics.jsonl', place / 'result.json')}"
        if self._known(number).get("stamp") == stamp:
            return
        if (place / "config.yaml").is_file():
            sync = self._trials.setdefault(number, Sync(place, self.uri))
            if trial["state"] in _RUN_OF:
                sync.state["done"] = False  # the best is gone on with: it ends twice
            run_id = sync.send(final=trial["state"] in _RUN_OF)["run_id"]
        elif trial["state"] == "failed":
            run_id = self._failed_at_once(client, trial)
        else:
            return  # starts just now
        self._tell(client, run_id, trial)
        self._keep(trials={**self.state["trials"], str(number): {"run_id": run_id, "stamp": stamp}})

    def _failed_at_once(self, client, trial: dict[str, Any]) -> str:
        """A run for a trial that left no directory."""
        known = self._known(trial["number"]).get("run_id")
        if known:
            return known
        tags = {"mlflow.parentRunId": self.state["run_id"]}
        name = f"{self.directory.name}/{trial['directory']}"
        run = client.create_run(self.state["experiment_id"], int(trial["began"] * 1000), tags, name)
        log_params(client, run.info.run_id, {key: shortened(value) for key, value in trial["values"].items()})
        return run.info.run_id

    def _tell(self, client, run_id: str, trial: dict[str, Any]) -> None:
        tags = {
            "trial": str(trial["number"]),
            "state": trial["state"],
            "error": trial["error"],
            "traceback": trial["traceback"][-_LONGEST_TAG:],
        }
        for name, value in tags.items():
            if value:
                client.set_tag(run_id, name, value)
        if trial["state"] not in _RUN_OF:
            return
        values = {**{f"objective/{name}": value for name, value in trial["objectives"].items()}, "seconds": trial["seconds"]}
        log_metrics(client, run_id, [metric(name, value, 0, trial["ended"]) for name, value in values.items()])
        client.set_terminated(run_id, _RUN_OF[trial["state"]], int(trial["ended"] * 1000))

    def _mark(self, client) -> None:
        """`best` on the best trial so far, `pareto` on the Pareto set of several objectives; taken off those that were."""
        several = len(self.content["objectives"]) > 1
        wanted = {"best": [self.content["best"]], "pareto": self.content["pareto"] if several else []}
        for tag, numbers in wanted.items():
            now = [self._known(number)["run_id"] for number in numbers if self._known(number)]
            before = self.state.get(tag, [])
            for run_id in before:
                if run_id not in now:
                    client.delete_tag(run_id, tag)
            for run_id in now:
                if run_id not in before:
                    client.set_tag(run_id, tag, "true")
            if now != before:
                self._keep(**{tag: now})

    def _send_end(self, client) -> None:
        run_id = self.state["run_id"]
        for name in (summary.NAME, page.NAME):
            if (self.directory / name).is_file():
                client.log_artifact(run_id, str(self.directory / name))
        if (self.directory / page.PLOTS).is_dir():
            client.log_artifacts(run_id, str(self.directory / page.PLOTS), page.PLOTS)
        if self.content["state"] == "done":
            self._end_paused(client)
        if self.state.get("best"):
            self._send_winner(client, self.content["best"], self.state["best"][0])
        client.set_terminated(run_id, _RUN_OF_SWEEP.get(self.content["state"], "RUNNING"))

    def _end_paused(self, client) -> None:
        """Trials that were not gone on with: a rung had better ones."""
        for trial in self.content["trials"]:
            if trial["state"] == "paused" and self._known(trial["number"]):
                client.set_terminated(self._known(trial["number"])["run_id"], "KILLED", int(trial["ended"] * 1000))

    def _send_winner(self, client, number: int, best: str) -> None:
        """best: its run. Its model becomes an output of the sweep's run too; the bytes are stored once, with its own."""
        from mlflow.entities import LoggedModelOutput

        run_id = self.state["run_id"]
        client.set_tag(run_id, "best_trial", str(number))
        client.set_tag(run_id, "best_run_id", best)
        model = read_json(self.directory / str(number) / "tracking.json").get("model")
        if not model or model == self.state.get("model"):
            return
        outputs = client.get_run(best).outputs
        client.log_outputs(run_id, [LoggedModelOutput(one.model_id, 0) for one in outputs.model_outputs])
        client.set_tag(run_id, "model", model)
        self._keep(model=model)

    def _known(self, number: int | None) -> dict[str, Any]:
        return self.state["trials"].get(str(number), {})

    def _keep(self, **news) -> None:
        self.state = {**self.state, **news}
        write_atomically(self.directory / "tracking.json", json.dumps(self.state, indent=2) + "\n")


def _stamp(*paths: Path) -> str:
    """Changes when one of the files does."""
    found = [path.stat() if path.is_file() else None for path in paths]
    return " ".join("-" if stat is None else f"{stat.st_size}/{stat.st_mtime_ns}" for stat in found)
