"""Sizes and hashes of exported files and folders."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from tfrun.export import Artifact


def sized(artifacts: list[Artifact], run_directory: Path) -> list[Artifact]:
    """With bytes, hashes, and the ratios of `related`."""
    return related(
        [replace(a, bytes=size_of(run_directory / a.path), sha256=hash_of(run_directory / a.path)) for a in artifacts]
    )


def related(artifacts: list[Artifact]) -> list[Artifact]:
    """With the ratios of their bytes to the SavedModel folder's and to the float32 TFLite file's."""
    saved_model = next((a.bytes for a in artifacts if a.target == "saved_model"), 0)
    float_tflite = next((a.bytes for a in artifacts if a.target == "tflite" and a.variant == "float32"), 0)
    return [
        replace(
            a,
            bytes_vs_saved_model=a.bytes / saved_model if saved_model and a.bytes else None,
            bytes_vs_float_tflite=a.bytes / float_tflite if float_tflite and a.bytes and a.target == "tflite" else None,
        )
        for a in artifacts
    ]


def files_of(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path] if path.is_file() else []


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in files_of(path))


def hash_of(path: Path) -> str:
    """sha256 of a file; of a folder: over names and contents in order of names; '' where there is nothing."""
    files = files_of(path)
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(path)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest() if files else ""
