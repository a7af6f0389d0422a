"""Making one TensorFlow.js graph model from a SavedModel. Called in a process apart: Grappler ends the process when it fails."""

from __future__ import annotations

from pathlib import Path

from tfrun.export import fusing, graph_model, lowering, page
from tfrun.export.frozen import Frozen, frozen, optimised


def write(saved_model: str, signature: str, variant: graph_model.Precision, folder: str) -> None:
    """Raises ValueError where the runtime has not all ops of the graph, or a constant does not fit."""
    known = page.tfjs_ops()
    model = optimised(frozen(Path(saved_model), signature))
    graph = fusing.without_batch_norm(lowering.lowered(model.graph), model.output)
    graph = fusing.fused(graph, model.output, known)
    unknown = unknown_ops(graph, known)
    if unknown:
        raise ValueError(
            f"TensorFlow.js has no op {', '.join(unknown)}; use another transform, backbone or head, or leave out export.tfjs"
        )
    graph_model.write(Frozen(graph, model.inputs, model.output), Path(folder), variant, {"tfrun_signature": signature})


def unknown_ops(graph, known: frozenset[str]) -> list[str]:
    """Names of ops that the runtime has not; ops that call functions are among them, as functions are not exported."""
    functions = {function.signature.name for function in graph.library.function}
    calls = {node.op for node in graph.node if any(value.func.name in functions for value in node.attr.values())}
    return sorted(({node.op for node in graph.node} - known) | calls)
