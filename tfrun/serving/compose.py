"""A docker-compose file: one server of all labels, on this machine's loopback only."""

from __future__ import annotations

from typing import Any

from tfrun.serving.kubernetes import GRPC, REST, Needs


def compose(needs: Needs) -> dict[str, Any]:
    """The repository is a folder in the container, not a file: a config that is replaced shows only in a mounted folder."""
    service = {
        "image": needs.image,
        "entrypoint": ["/usr/bin/tensorflow_model_server"],
        "command": needs.arguments("/models/models.config", "/config"),
        "ports": [f"127.0.0.1:{port}:{port}" for port in (GRPC, REST)],
        "volumes": ["${REPOSITORY:-.}:/models:ro", ".:/config:ro"],
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "restart": "unless-stopped",
        "healthcheck": {  # the image has no curl
            "test": ["CMD", "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{REST}"], "interval": "10s", "start_period": "5m",
        },
        "deploy": {"resources": {"limits": {"cpus": str(needs.cpus), "memory": needs.memory_limit.replace("Mi", "M")}}},
    }  # fmt: skip
    return {"services": {"serving": service}}
