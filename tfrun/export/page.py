"""The web page beside exported models: opened in a browser, it predicts there; tfrun measures with the same files."""

from __future__ import annotations

import base64
import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrun.evaluation.threshold import by_class
from tfrun.export.size import size_of
from tfrun.export.web import vendor
from tfrun.task import task_in

if TYPE_CHECKING:
    from tfrun.export import Source

WEB = Path(__file__).parent / "web"
_SHARED = ("index.html", "page.css", "page.js", "inputs.js")


def write(source: Source, target: str, variants: dict[str, str], paths: dict[str, Path], more: dict[str, Any]) -> Path:
    """`exports/<target>/demo`: the page, the runtime `web/page/<target>.js` and the libraries `web/vendor/<target>`.

    variants: what is said of each, the first is shown first; paths: where each lies. more: goes into `about.js` too.
    """
    folder = source.run_directory / "exports" / target / "demo"
    shutil.copytree(WEB / "vendor" / target, folder / "vendor")
    shutil.copy(WEB / "vendor" / "LICENSE", folder / "vendor" / "LICENSE")
    for name in _SHARED:
        shutil.copy(WEB / "page" / name, folder / name)
    shutil.copy(WEB / "page" / f"{target}.js", folder / "runtime.js")
    listed = [{"name": name, "says": says, "bytes": size_of(paths[name])} for name, says in variants.items()]
    told = {**about(source), "variants": listed, "runtime_version": vendor.version_of(target), **more}
    (folder / "about.js").write_text(_assigned("ABOUT", told), encoding="utf-8")
    return folder


def about(source: Source) -> dict[str, Any]:
    """What the page shows and asks for, from the contract."""
    signature, contract = source.signature, source.contract
    described = contract["signatures"][signature]
    exchange = described.get("example") or contract["example"]
    return {
        "name": source.name,
        "signature": signature,
        "inputs": described["inputs"],
        "task": task_in(contract),
        "labels": contract["labels"],
        "thresholds": by_class(contract.get("decision", {})),
        "example": exchange["request"]["instances"][0],
    }


def embed(model: Path, folder: Path, variant: str) -> None:
    """Puts a graph model and WebAssembly into `embedded.js`, since browsers let a page from a file read nothing but scripts."""
    content = json.loads((model / "model.json").read_text())
    weights = b"".join((model / name).read_bytes() for group in content["weightsManifest"] for name in group["paths"])
    wasm = "data:application/wasm;base64," + _base64((folder / "vendor" / "tfjs-backend-wasm-simd.wasm").read_bytes())
    names = ("tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm")
    held = {"variant": variant, "model": content, "weights": _base64(weights), "wasm": dict.fromkeys(names, wasm)}
    (folder / "embedded.js").write_text(_assigned("EMBEDDED", held), encoding="utf-8")


@cache
def tfjs_ops() -> frozenset[str]:
    """TensorFlow's names of the ops that the TensorFlow.js here runs, read from its own file."""
    return frozenset(
        re.findall(r'tfOpName:"(\w+)"', (WEB / "vendor" / "tfjs" / "tf.es2017.min.js").read_text(encoding="utf-8"))
    )


def _assigned(name: str, value: Any) -> str:
    return f"globalThis.{name} = {json.dumps(value, ensure_ascii=False, allow_nan=False)};\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
