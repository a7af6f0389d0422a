"""The exported SavedModel as an MLflow model that serves precisely these bytes, and the data as an MLflow dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfrun.experiment import Experiment
from tfrun.gate.none import NoGate
from tfrun.tracking.mlflow import MLflow
from tfrun.tracking.registry import Registry

_DESCRIPTION = 5000  # characters that MLflow's stores take
_CODE = Path(__file__).with_name("served_model.py")


def log_model(directory: Path, experiment: Experiment, tracking: MLflow, result: dict[str, Any], run_id: str) -> str:
    """Logs the model from its code (no pickling, no inspection of packages) and registers it when a gate blessed it.

    Returns `name version N`, or the model's URI where it was not registered, or '' where no SavedModel was exported.
    """
    import mlflow

    saved_model = directory / "exports" / "saved_model"
    if result["status"] != "done" or not saved_model.is_dir():
        return ""
    versions = result["environment"]["packages"]
    with mlflow.start_run(run_id=run_id):
        logged = mlflow.pyfunc.log_model(
            name="model",
            **_parts(directory, saved_model),
            pip_requirements=[f"{name}=={versions[name]}" for name in ("tensorflow", "mlflow", "numpy")],
        )
    judged = not isinstance(experiment.gate, NoGate)  # without a gate, nobody has said that it may ship
    if not (tracking.register_model and judged and result["verdict"]["blessed"]):
        return logged.model_uri
    name = tracking.model or experiment.name
    version = int(mlflow.register_model(logged.model_uri, name).version)
    registry = Registry(mlflow.get_tracking_uri())
    registry.client.update_model_version(name, str(version), (directory / "card.md").read_text(encoding="utf-8")[:_DESCRIPTION])
    registry.challenge(name, version, run_id)
    return f"{name} version {version}"


def save_model(directory: Path, saved_model: Path, target: Path) -> None:
    """The same model as a new folder `target`, without a tracking server. directory: of the run."""
    import mlflow

    mlflow.pyfunc.save_model(str(target), pip_requirements=["tensorflow", "mlflow", "numpy"], **_parts(directory, saved_model))


def _parts(directory: Path, saved_model: Path) -> dict[str, Any]:
    contract, card = directory / "exports" / "contract.json", directory / "card.md"
    about = {"card": str(card)} if card.is_file() else {}
    return {
        "python_model": str(_CODE),
        "artifacts": {"saved_model": str(saved_model), "contract": str(contract), **about},
        "signature": _signature(directory),
    }


def log_data(client, run_id: str, data: dict[str, Any]) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    profile = json.dumps({"rows": data["rows"], "classes": len(data["classes"]), "skipped": data["skipped_count"]})
    source = json.dumps({"uri": data["source"]})
    entity = Dataset(Path(data["source"]).name[:100], data["fingerprint"][:36], "local", source, profile=profile)
    client.log_inputs(run_id, [DatasetInput(entity, [InputTag("mlflow.data.context", "training")])])


def _signature(directory: Path):
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    contract = json.loads((directory / "exports" / "contract.json").read_text())["signatures"]["serving_default"]

    def schema(specs):
        return Schema(
            [TensorSpec(_dtype(s["dtype"]), tuple(-1 if n is None else n for n in s["shape"]), s["name"]) for s in specs]
        )

    return ModelSignature(schema(contract["inputs"]), schema(contract["outputs"]))


def _dtype(name: str) -> np.dtype:
    return np.dtype(object if name == "string" else name)
