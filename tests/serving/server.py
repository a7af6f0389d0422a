"""A small server that speaks TensorFlow Serving's REST and gRPC, on the protos of tensorflow-serving-api, for these tests.

`python -m tests.serving.server REPOSITORY CONFIG`: prints both ports in one line, and serves until standard input ends.
REPOSITORY is what a real server would see as /models; CONFIG is a text of ModelServerConfig in it, read again for each request.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format, text_format
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer, add_ModelServiceServicer_to_server
from tensorflow_serving.apis.prediction_service_pb2_grpc import (
    PredictionServiceServicer,
    add_PredictionServiceServicer_to_server,
)
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig


class Models:
    """What the config says is there; versions are loaded when they are first asked for."""

    def __init__(self, folder: Path, config: str):
        self.folder, self.config = folder, config
        self._loaded: dict[Path, tuple] = {}
        self._lock = threading.Lock()

    def entry(self, name: str):
        text = (self.folder / self.config).read_text()
        for entry in text_format.Parse(text, ModelServerConfig()).model_config_list.config:
            if entry.name == name:
                return entry
        raise LookupError(f"Servable not found for request: Latest({name})")

    def version(self, name: str, version: int | None, label: str | None) -> int:
        entry = self.entry(name)
        if label is not None and label not in entry.version_labels:
            raise LookupError(f"Unrecognized servable version label: {label}")
        wanted = entry.version_labels[label] if label is not None else version
        there = list(entry.model_version_policy.specific.versions)
        if wanted is not None and wanted not in there:
            raise LookupError(f"Servable not found for request: Specific({name}, {wanted})")
        return max(there) if wanted is None else wanted

    def load(self, name: str, version: int) -> tuple:
        """(signatures, SignatureDefs by name)."""
        path = self.folder / Path(self.entry(name).base_path).relative_to("/models") / str(version)
        with self._lock:
            if path not in self._loaded:
                saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
                self._loaded[path] = (tf.saved_model.load(str(path)).signatures, saved.meta_graphs[0].signature_def)
        return self._loaded[path]

    def answer(self, name: str, version: int, signature: str, batch: dict) -> dict[str, np.ndarray]:
        signatures, definitions = self.load(name, version)
        if signature not in signatures:
            raise ValueError(f'Serving signature key "{signature}" not found.')
        wanted = definitions[signature].inputs
        if set(batch) != set(wanted):
            raise ValueError(f"input keys {sorted(batch)} are not {sorted(wanted)}")
        tensors = {key: tf.constant(value, tf.dtypes.as_dtype(wanted[key].dtype)) for key, value in batch.items()}
        return {key: value.numpy() for key, value in signatures[signature](**tensors).items()}


class Service(PredictionServiceServicer, ModelServiceServicer):
    def __init__(self, models: Models):
        self.models = models

    def _chosen(self, spec, context) -> int:
        choice = spec.WhichOneof("version_choice")
        try:
            version = spec.version.value if choice == "version" else None
            return self.models.version(spec.name, version, spec.version_label if choice == "version_label" else None)
        except LookupError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))

    def Predict(self, request, context):
        version = self._chosen(request.model_spec, context)
        batch = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        try:
            outputs = self.models.answer(request.model_spec.name, version, request.model_spec.signature_name, batch)
        except (ValueError, TypeError, tf.errors.OpError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        answer = predict_pb2.PredictResponse()
        answer.model_spec.CopyFrom(request.model_spec)
        for key, value in outputs.items():
            answer.outputs[key].CopyFrom(tf.make_tensor_proto(value))
        return answer

    def GetModelMetadata(self, request, context):
        return metadata(self.models, request.model_spec.name, self._chosen(request.model_spec, context))

    def GetModelStatus(self, request, context):
        return status(self.models, request.model_spec.name, self._chosen(request.model_spec, context), request.model_spec)


def metadata(models: Models, name: str, version: int):
    answer = get_model_metadata_pb2.GetModelMetadataResponse()
    answer.model_spec.name, answer.model_spec.version.value = name, version
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for key, value in models.load(name, version)[1].items():
        signatures.signature_def[key].CopyFrom(value)
    answer.metadata["signature_def"].Pack(signatures)
    return answer


def status(models: Models, name: str, version: int, spec=None):
    answer = get_model_status_pb2.GetModelStatusResponse()
    asked = spec is not None and spec.WhichOneof("version_choice")
    for each in [version] if asked else models.entry(name).model_version_policy.specific.versions:
        answer.model_version_status.add(version=each, state=get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    return answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    models: Models

    def do_GET(self):
        self._answer(lambda name, version, verb, _: self._described(name, version, verb))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(lambda name, version, verb, chosen: self._predicted(name, version, json.loads(body)))

    def _described(self, name, version, verb):
        if verb != "metadata":
            asked = "/versions/" in self.path or "/labels/" in self.path
            return json_format.MessageToDict(status(self.models, name, version), preserving_proto_field_name=True) if not asked else {
                "model_version_status": [{"version": str(version), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]
            }  # fmt: skip
        signatures = {}
        for key, about in self.models.load(name, version)[1].items():
            sides = {side: {k: {"dtype": types_pb2.DataType.Name(t.dtype), "name": t.name} for k, t in getattr(about, side).items()}
                     for side in ("inputs", "outputs")}  # fmt: skip
            signatures[key] = {**sides, "method_name": about.method_name}
        return {
            "model_spec": {"name": name, "version": str(version)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }

    def _predicted(self, name, version, request):
        rows = request["instances"]
        batch = {key: [row[key] for row in rows] for key in rows[0]}
        outputs = self.models.answer(name, version, request.get("signature_name", "serving_default"), batch)
        if len(outputs) == 1:
            return {"predictions": next(iter(outputs.values())).tolist()}
        return {"predictions": [{key: value[row].tolist() for key, value in outputs.items()} for row in range(len(rows))]}

    def _answer(self, work):
        """/v1/models/NAME[/versions/N|/labels/L][/metadata|:predict]"""
        path, _, _ = self.path.partition(":")
        _, v1, models, name, *rest = path.split("/")
        verb = rest.pop() if rest and rest[-1] == "metadata" else ""
        chosen = dict([rest]) if len(rest) == 2 else {}
        try:
            if (v1, models) != ("v1", "models"):
                raise LookupError(f"Malformed request: {self.command} {self.path}")
            number = int(chosen["versions"]) if "versions" in chosen else None
            version = self.models.version(name, number, chosen.get("labels"))
            code, content = 200, work(name, version, verb, chosen)
        except LookupError as error:
            code, content = 404, {"error": str(error)}
        except (ValueError, TypeError, tf.errors.OpError) as error:
            code, content = 400, {"error": str(error)}
        body = json.dumps(content).encode()
        head = f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)  # in one packet: two of them would wait for each other's acknowledgement
        self.wfile.flush()

    def log_message(self, *_):
        """Silent."""


def main(folder: str, config: str) -> None:
    models = Models(Path(folder), config)
    grpc_server = grpc.server(ThreadPoolExecutor(4))
    service = Service(models)
    add_PredictionServiceServicer_to_server(service, grpc_server)
    add_ModelServiceServicer_to_server(service, grpc_server)
    grpc_port = grpc_server.add_insecure_port("127.0.0.1:0")
    grpc_server.start()
    Handler.models = models
    rest_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    rest_server.daemon_threads = True
    threading.Thread(target=rest_server.serve_forever, daemon=True).start()
    print(rest_server.server_port, grpc_port, flush=True)
    sys.stdin.read()
    rest_server.shutdown()
    grpc_server.stop(None)


if __name__ == "__main__":
    main(*sys.argv[1:])
