"""The bill of materials of a run: packages, backbone, data and exported files, in CycloneDX 1.6.

Format: https://cyclonedx.org/docs/1.6/json/ . It is written by hand, and tests hold it against the published schema.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tfrun.provenance.packages import installed, normalised
from tfrun.provenance.spdx import UNKNOWN, expression

if TYPE_CHECKING:
    from tfrun.export import Artifact
    from tfrun.record.result import Result

_LONGEST_TEXT = 100_000  # characters of a licence


def sbom(result: Result, backbone_licence: str = "") -> dict[str, Any]:
    """backbone_licence: the text of the backbone's licence, where it has one. Nothing in it is secret unless a handle is."""
    import tfrun

    model = {"type": "machine-learning-model", "bom-ref": "model", "name": result.name}
    model |= _hashes(result.weights_sha256) | {"description": "The trained model"}
    backbone = [_backbone(result.backbone, backbone_licence)] if result.backbone.get("handle", "none") != "none" else []
    files = [_file(artifact) for artifact in result.artifacts if artifact.sha256]
    libraries = _libraries()
    parts = [*backbone, _data(result.data), *files]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "tools": {"components": [{"type": "application", "name": "tfrun", "version": tfrun.__version__}]},
            "component": model,
        },
        "components": [*parts, *libraries],
        "dependencies": [{"ref": "model", "dependsOn": [part["bom-ref"] for part in (*backbone, parts[len(backbone)], *libraries)]}],
    }  # fmt: skip


def licences_of(licence: str, text: str = "") -> dict[str, Any]:
    """The key `licenses` of a component; none where nothing is known."""
    if licence == UNKNOWN:
        return {}
    found = expression(licence)
    if found and any(word in found for word in (" OR ", " AND ", " WITH ", "LicenseRef-", "+")):
        return {"licenses": [{"expression": found}]}  # the schema has no room for a text here
    named = {"id": found} if found else {"name": licence}
    content = {"text": {"contentType": "text/plain", "content": text[:_LONGEST_TEXT]}} if text else {}
    return {"licenses": [{"license": named | content}]}


def _libraries() -> list[dict[str, Any]]:
    return [
        {
            "type": "library", "bom-ref": purl, "name": package.name, "version": package.version, "purl": purl,
            **licences_of(package.licence),
        }
        for package in installed()
        for purl in [f"pkg:pypi/{normalised(package.name)}@{quote(package.version, safe='.-_~!')}"]
    ]  # fmt: skip


def _backbone(facts: dict[str, Any], text: str) -> dict[str, Any]:
    details = {"tfrun:parameters": facts["parameters"], "tfrun:trainable": facts["notes"].get("fine_tunable", "unknown")}
    return {
        "type": "machine-learning-model", "bom-ref": "backbone", "name": facts["handle"], "version": str(facts["version"]),
        **_hashes(facts["sha256"]), **licences_of(facts["licence"], text),
        "properties": _properties(details),
    }  # fmt: skip


def _data(data: dict[str, Any]) -> dict[str, Any]:
    """Its hash is the fingerprint: over inputs, labels and splits."""
    rows = {f"tfrun:rows:{name}": count for name, count in data["rows"].items()}
    return {
        "type": "data", "bom-ref": "data", "name": data["source"], **_hashes(data["fingerprint"]),
        **licences_of(data["licence"]),
        "data": [{"type": "dataset", "name": Path(data["source"]).name or data["source"]}],
        "properties": _properties({**rows, "tfrun:classes": len(data["classes"])}),
    }  # fmt: skip


def _file(artifact: Artifact) -> dict[str, Any]:
    details = {"tfrun:bytes": artifact.bytes, "tfrun:passed": str(artifact.passed).lower()}
    return {
        "type": "file", "bom-ref": f"export:{artifact.name}", "name": artifact.path, **_hashes(artifact.sha256),
        "properties": _properties(details),
    }  # fmt: skip


def _hashes(sha256: str) -> dict[str, Any]:
    return {"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}


def _properties(values: dict[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in values.items()]
