"""TensorFlow Serving's REST interface (tensorflow.org/tfx/serving/api_rest)."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from tfrun.config.problems import shorten
from tfrun.serving.endpoint import Model, Outputs, Refused


class Rest:
    """model: whom to ask. timeout: seconds for one answer."""

    way = "REST"

    def __init__(self, model: Model, timeout: float):
        self.model, self.timeout, self.where = model, timeout, model.url

    def versions(self) -> dict[int, str]:
        answer = self._exchange(self._connection(), "GET", self.model.path)
        try:
            return {int(each["version"]): str(each["state"]) for each in answer["model_version_status"]}
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange("status", answer) from error

    def dtypes(self) -> dict[str, dict[str, dict[str, str]]]:
        answer = self._exchange(self._connection(), "GET", self.model.path + "/metadata")
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            return {
                name: {side: {key: tensor["dtype"] for key, tensor in about[side].items()} for side in ("inputs", "outputs")}
                for name, about in signatures.items()
                if "inputs" in about  # the signature of initialisation has none
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise self._strange("metadata", answer) from error

    def caller(self, signature: str, batch: dict[str, np.ndarray], output: str) -> Callable[[], Outputs]:
        rows = len(next(iter(batch.values())))
        instances = [{name: _said(values[row]) for name, values in batch.items()} for row in range(rows)]
        body = json.dumps({"signature_name": signature, "instances": instances}).encode()
        connection = self._connection()

        def call() -> Outputs:
            answer = self._exchange(connection, "POST", self.model.path + ":predict", body)
            try:
                return _outputs(answer["predictions"], output)
            except (KeyError, TypeError, ValueError) as error:
                raise self._strange("answer", answer) from error

        return call

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.model.scheme == "https" else http.client.HTTPConnection
        return kind(self.model.host, self.model.port, timeout=self.timeout)

    def _exchange(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Refused(self.where, f"cannot be reached ({error or type(error).__name__})", "is the server up?") from error
        try:
            said = json.loads(content)
        except ValueError as error:
            raise self._strange(f"answer {answer.status}", content.decode(errors="replace")) from error
        if answer.status != 200:
            what = said.get("error", said) if isinstance(said, dict) else said
            raise Refused(self.where, f"answers {answer.status} to {method} {path} ({shorten(what, 200)})")
        return said

    def _strange(self, what: str, content: Any) -> Refused:
        return Refused(self.where, f"its {what} is not TensorFlow Serving's ({shorten(content, 100)})", "is it such a server?")


def _said(value: Any) -> Any:
    """As JSON says it; bytes that are no text as base64."""
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _outputs(predictions: list, output: str) -> Outputs:
    """A server leaves the name out where there is only one output."""
    if isinstance(predictions[0], dict):
        return {name: np.asarray([row[name] for row in predictions], np.float32) for name in predictions[0]}
    return {output: np.asarray(predictions, np.float32)}
