"""Kubernetes manifests: a stable and a canary deployment behind one service, by `apps/v1`, `v1` and `autoscaling/v2`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from tfrun.serving import configs

REST, GRPC = 8501, 8500  # TensorFlow Serving's usual ports
_MIB = 2**20


@dataclass(frozen=True)
class Needs:
    """What a server is given. name: of the model. memory: bytes it took at most. batching: whether rows may be put together."""

    name: str
    image: str
    cpus: float
    memory: int
    batching: bool
    batching_config: str
    replicas: int
    max_replicas: int

    @property
    def label(self) -> str:
        """The name as Kubernetes allows names (DNS label, RFC 1035)."""
        text = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return (text if text[:1].isalpha() else f"model-{text}")[:50].strip("-")

    @property
    def memory_request(self) -> str:
        return _mebibytes(1.25 * self.memory)

    @property
    def memory_limit(self) -> str:
        """Room for two versions: a server loads the next one before it lets go of the last."""
        return _mebibytes(2.5 * self.memory)

    def arguments(self, models_config: str, config_folder: str) -> list[str]:
        """Of tensorflow_model_server. Labels may name a version that is not loaded yet: else it would not start."""
        batching = [f"--batching_parameters_file={config_folder}/batching.config"]
        return [
            f"--port={GRPC}", f"--rest_api_port={REST}", f"--model_config_file={models_config}",
            "--model_config_file_poll_wait_seconds=30", "--allow_version_labels_for_unavailable_models=true",
            f"--monitoring_config_file={config_folder}/monitoring.config",
            *(["--enable_batching=true", *batching] if self.batching else []),
        ]  # fmt: skip


def manifests(needs: Needs) -> dict[str, Any]:
    """Content by file name."""
    files = {
        "storage.yaml": _storage(needs),
        "config.yaml": _config(needs),
        "stable.yaml": _deployment(needs, "stable", needs.replicas),
        "canary.yaml": _deployment(needs, "canary", 1),
        "service.yaml": _service(needs),
        "autoscaler.yaml": _autoscaler(needs),
    }
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(files)}
    return {**files, "kustomization.yaml": kustomization}


def _storage(needs: Needs) -> dict[str, Any]:
    """The repository. `push` writes it from elsewhere, so it has to be a kind of volume that several can mount."""
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}}
    return {**_head("v1", "PersistentVolumeClaim", f"{needs.label}-models", needs), "spec": spec}


def _config(needs: Needs) -> dict[str, Any]:
    data = {"batching.config": needs.batching_config, "monitoring.config": configs.MONITORING}
    return {**_head("v1", "ConfigMap", f"{needs.label}-config", needs), "data": data}


def _deployment(needs: Needs, track: str, replicas: int) -> dict[str, Any]:
    labels = {"app": needs.label, "track": track}
    scraped = {"scrape": "true", "port": str(REST), "path": "/monitoring/prometheus/metrics"}
    pod = {
        "metadata": {"labels": labels, "annotations": {f"prometheus.io/{key}": value for key, value in scraped.items()}},
        "spec": {
            "terminationGracePeriodSeconds": 60,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(needs, track)],
            "volumes": [
                {"name": "models", "persistentVolumeClaim": {"claimName": f"{needs.label}-models", "readOnly": True}},
                {"name": "config", "configMap": {"name": f"{needs.label}-config"}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }  # fmt: skip
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "strategy": strategy, "template": pod}
    if track == "stable":
        del spec["replicas"]  # the autoscaler's: `kubectl apply` would set it back each time
    return {**_head("apps/v1", "Deployment", f"{needs.label}-{track}", needs, track), "spec": spec}


def _container(needs: Needs, track: str) -> dict[str, Any]:
    status = {"path": f"/v1/models/{needs.name}", "port": "rest"}
    metadata = {"path": f"/v1/models/{needs.name}/metadata", "port": "rest"}  # answers only once a version is loaded
    return {
        "name": "serving",
        "image": needs.image,
        "command": ["/usr/bin/tensorflow_model_server"],
        "args": needs.arguments(f"{configs.ROOT}/{needs.name}/{track}.config", "/config"),
        "ports": [{"name": "grpc", "containerPort": GRPC}, {"name": "rest", "containerPort": REST}],
        "startupProbe": {"httpGet": status, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {"httpGet": metadata, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
        "livenessProbe": {"tcpSocket": {"port": "grpc"}, "periodSeconds": 10, "failureThreshold": 6},
        "resources": {
            "requests": {"cpu": f"{round(1000 * needs.cpus)}m", "memory": needs.memory_request},
            "limits": {"memory": needs.memory_limit},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "models", "mountPath": configs.ROOT, "readOnly": True},
            {"name": "config", "mountPath": "/config", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }  # fmt: skip


def _service(needs: Needs) -> dict[str, Any]:
    """Both tracks: the canary's share of the traffic is its share of the pods."""
    ports = [{"name": name, "port": port, "targetPort": name} for name, port in (("grpc", GRPC), ("rest", REST))]
    return {**_head("v1", "Service", needs.label, needs), "spec": {"selector": {"app": needs.label}, "ports": ports}}


def _autoscaler(needs: Needs) -> dict[str, Any]:
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{needs.label}-stable"}
    spec = {
        "scaleTargetRef": target, "minReplicas": needs.replicas, "maxReplicas": needs.max_replicas, "metrics": [metric],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
    }  # fmt: skip
    return {**_head("autoscaling/v2", "HorizontalPodAutoscaler", f"{needs.label}-stable", needs), "spec": spec}


def _head(version: str, kind: str, name: str, needs: Needs, track: str = "") -> dict[str, Any]:
    labels = {"app": needs.label, **({"track": track} if track else {})}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels}}


def _mebibytes(count: float) -> str:
    """Rounded up to 64 MiB."""
    return f"{64 * math.ceil(count / (64 * _MIB))}Mi"
