"""TensorFlow Serving's gRPC interface: PredictionService and ModelService (tensorflow_serving/apis/*.proto)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfrun.config.problems import shorten
from tfrun.serving.endpoint import Model, Outputs, Refused

_LARGEST = 256 * 2**20  # bytes of one message; gRPC's own limit of 4 MB is less than a batch of photos


class Grpc:
    """address: HOST:PORT. model: whom to ask. timeout: seconds for one answer. Imports TensorFlow, whose protos these are."""

    way = "gRPC"

    def __init__(self, address: str, model: Model, timeout: float):
        from tfrun.quiet import import_tensorflow

        import_tensorflow()
        self.model, self.timeout, self.where = model, timeout, f"{address} ({model.name})"
        self._address = address
        self._channel = self._open()

    def versions(self) -> dict[int, str]:
        from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
        from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub

        answer = self._told(ModelServiceStub(self._channel).GetModelStatus, self._addressed(GetModelStatusRequest()))
        return {each.version: ModelVersionStatus.State.Name(each.state) for each in answer.model_version_status}

    def dtypes(self) -> dict[str, dict[str, dict[str, str]]]:
        from tensorflow.core.framework.types_pb2 import DataType
        from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        request = self._addressed(GetModelMetadataRequest(metadata_field=["signature_def"]))
        answer = self._told(PredictionServiceStub(self._channel).GetModelMetadata, request)
        signatures = SignatureDefMap()
        if not answer.metadata["signature_def"].Unpack(signatures):
            raise Refused(self.where, "its metadata holds no signatures", "is it a TensorFlow Serving server?")
        return {
            name: {
                side: {key: DataType.Name(tensor.dtype) for key, tensor in getattr(about, side).items()}
                for side in ("inputs", "outputs")
            }
            for name, about in signatures.signature_def.items()
            if about.inputs
        }

    def caller(self, signature: str, batch: dict[str, np.ndarray], output: str) -> Callable[[], Outputs]:
        import tensorflow as tf
        from tensorflow_serving.apis.predict_pb2 import PredictRequest
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        request = self._addressed(PredictRequest())
        request.model_spec.signature_name = signature
        for name, values in batch.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
        stub = PredictionServiceStub(self._open())

        def call() -> Outputs:
            return {name: tf.make_ndarray(value) for name, value in self._told(stub.Predict, request).outputs.items()}

        return call

    def _open(self):
        import grpc

        limits = [(f"grpc.max_{way}_message_length", _LARGEST) for way in ("send", "receive")]
        # A channel each: those to one address would share a connection.
        return grpc.insecure_channel(self._address, [*limits, ("grpc.use_local_subchannel_pool", 1)])

    def _addressed(self, request: Any) -> Any:
        request.model_spec.name = self.model.name
        if self.model.version is not None:
            request.model_spec.version.value = self.model.version
        elif self.model.label:
            request.model_spec.version_label = self.model.label
        return request

    def _told(self, method: Callable, request: Any) -> Any:
        import grpc

        try:
            return method(request, timeout=self.timeout)
        except grpc.RpcError as error:
            code, says = error.code(), shorten(error.details() or "", 200)
            if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                raise Refused(self.where, f"cannot be reached ({says})", "is the server up?") from error
            raise Refused(self.where, f"answers {code.name} ({says})") from error
