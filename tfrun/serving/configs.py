"""The model server's own configuration, as text protos (`tensorflow_serving/config/*.proto`)."""

from __future__ import annotations

from pathlib import Path

from tfrun.config.problems import Problem, RunError

LABELS = ("stable", "canary")
ROOT = "/models"  # where a server finds the repository: the mount point of the manifests

MONITORING = 'prometheus_config {\n  enable: true\n  path: "/monitoring/prometheus/metrics"\n}\n'


def models(
    entries: dict[str, dict[str, int]], also: dict[str, list[int]], present: str = "", where: str = "models.config"
) -> str:
    """Text of a ModelServerConfig. entries: version by label, by model. also: more versions to keep loaded.

    present: the text there is; models in it that are not in `entries` stay, and so does a base path.
    where: that text's file, for the message. Raises RunError where it cannot be read.
    """
    from google.protobuf import text_format

    config = _parsed(present, where)
    listed = config.model_config_list
    if not entries:
        config.model_config_list.SetInParent()
    for name, labels in entries.items():
        entry = next((entry for entry in listed.config if entry.name == name), None) or listed.config.add(name=name)
        entry.base_path = entry.base_path or f"{ROOT}/{name}"
        entry.model_platform = "tensorflow"
        entry.ClearField("version_labels")
        entry.model_version_policy.Clear()
        entry.model_version_policy.specific.versions.extend(sorted({*labels.values(), *also.get(name, [])}))
        for label, version in labels.items():
            entry.version_labels[label] = version
    return text_format.MessageToString(config)


def track(name: str, labels: dict[str, int], label: str, base: str = "") -> str:
    """Text for servers that have this one model, in one label's version only: what they answer without a label is that label's.

    labels: version by label; without the label there is no model in it. base: base path, where it is not the usual one.
    """
    from google.protobuf import text_format
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    config = ModelServerConfig()
    config.model_config_list.SetInParent()
    if label in labels:
        entry = config.model_config_list.config.add(name=name, base_path=base or f"{ROOT}/{name}", model_platform="tensorflow")
        entry.model_version_policy.specific.versions.append(labels[label])
        entry.version_labels[label] = labels[label]
    return text_format.MessageToString(config)


def base_paths(text: str) -> dict[str, str]:
    """Base path by model, of a text that `models` wrote."""
    return {entry.name: entry.base_path for entry in _parsed(text, "").model_config_list.config}


def labels(text: str, where: str) -> dict[str, dict[str, int]]:
    """Version by label, by model. Raises as `models`."""
    return {entry.name: dict(entry.version_labels) for entry in _parsed(text, where).model_config_list.config}


def batching(largest: int, threads: int, timeout_micros: int = 1000) -> str:
    """Text of a BatchingParameters (session_bundle_config.proto). largest: rows of a batch. threads: batches at once."""
    sizes = [size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) if size < largest] + [largest]
    values = {
        "max_batch_size": largest, "batch_timeout_micros": timeout_micros, "num_batch_threads": threads,
        "max_enqueued_batches": 100 * threads,
    }  # fmt: skip
    lines = [f"{key} {{ value: {value} }}" for key, value in values.items()]
    return "\n".join([*lines, *(f"allowed_batch_sizes: {size}" for size in sizes), "pad_variable_length_inputs: false"]) + "\n"


def _parsed(text: str, where: str):
    from google.protobuf import text_format
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    try:
        return text_format.Parse(text, ModelServerConfig())
    except text_format.ParseError as error:
        raise RunError(Problem(where, f"cannot be read ({error})", "mend it, or remove it: it is written anew")) from error


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
