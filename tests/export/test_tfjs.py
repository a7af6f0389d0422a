"""TensorFlow.js graph models of a small real model: what is in the files, and that a real browser answers as the trained model."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.export.browsers import needs_browser, remeasured
from tfrun import TFJS
from tfrun.evaluation.standard import Standard
from tfrun.export import fusing, graph_model, lowering, page
from tfrun.export.frozen import Frozen, frozen, optimised
from tfrun.export.tfjs_folder import unknown_ops


@pytest.fixture(scope="module")
def topology(ready, for_web) -> dict:
    return json.loads((ready.directory / for_web["tfjs/float32"].path / "model.json").read_text())


def nodes(content: dict, op: str) -> list[dict]:
    return [node for node in content["modelTopology"]["node"] if node["op"] == op]


@needs_browser
@pytest.mark.parametrize("variant", ["float32", "float16", "uint8"])
def test_a_browser_answers_as_the_trained_model_does(ready, for_web, variant):
    artifact = remeasured(for_web[f"tfjs/{variant}"], ready.directory, ready.held, Standard())
    assert artifact.passed, artifact.reasons
    assert artifact.max_abs_difference < {"float32": 1e-5, "float16": 2e-3, "uint8": 0.1}[variant]
    assert 0 < artifact.latency_ms["p50"] <= artifact.latency_ms["p99"] and artifact.peak_memory_bytes > 20e6


@needs_browser
def test_a_model_with_a_lost_shard_does_not_pass(ready, for_web, tmp_path):
    import shutil

    shutil.copytree(ready.directory / "exports/tfjs", tmp_path / "tfjs")
    for shard in (tmp_path / "tfjs/float32").glob("*.bin"):
        shard.unlink()
    artifact = replace(for_web["tfjs/float32"], path="tfjs/float32")
    artifact = remeasured(artifact, tmp_path, ready.held, Standard())
    assert not artifact.passed and "does not run" in artifact.reasons[0] and "404" in artifact.reasons[0]


def test_names_are_those_of_the_signature_and_there_is_one_output(topology):
    """Outputs called Identity:0, Identity_1:0 would change places from one conversion to the next."""
    signature = topology["signature"]
    assert {name: spec["dtype"] for name, spec in signature["inputs"].items()} == {"image": "DT_UINT8"}
    assert {name: spec["name"] for name, spec in signature["outputs"].items()} == {"probabilities": "probabilities:0"}
    assert [node["name"] for node in nodes(topology, "Placeholder")] == ["image"] and topology["format"] == "graph-model"
    assert [node["name"] for node in topology["modelTopology"]["node"] if node["name"] == "probabilities"] == ["probabilities"]


def test_the_metadata_do_not_hide_the_signature(topology):
    """The loader takes `userDefinedMetadata.signature` for the signature of the model."""
    assert topology["userDefinedMetadata"] == {"tfrun_signature": "serving_default"}


def test_pixels_lie_where_the_transform_put_them(topology):
    (resize,) = nodes(topology, "ResizeBilinear")
    assert resize["attr"]["half_pixel_centers"] == {"b": True} and not resize["attr"].get("align_corners", {}).get("b", False)


def test_nothing_is_left_of_the_batch_norm(topology):
    """Of a fresh one: its offsets are zero, and are folded away too."""
    ops = [node["op"] for node in topology["modelTopology"]["node"] if node["op"] != "Const"]
    assert ops == ["Placeholder", "Cast", "ResizeBilinear", "Conv2D", "Relu", "Mean", "MatMul", "Softmax", "Identity"]


def test_all_ops_are_known_to_the_shipped_library(topology):
    known = page.tfjs_ops()
    assert len(known) > 200 and {node["op"] for node in topology["modelTopology"]["node"]} <= known


def test_the_rewritten_graph_computes_the_same(ready):
    """By TensorFlow's own kernels, which know these fused ops too."""
    model = frozen(ready.source.saved_model, "serving_default")
    small = optimised(model)
    graph = fusing.fused(fusing.without_batch_norm(small.graph, model.output), model.output, page.tfjs_ops())
    rows = np.stack([row["image"] for row in ready.held.split.first(8).inputs()])
    np.testing.assert_allclose(_answer(graph, model.output, rows), _answer(model.graph, model.output, rows), atol=1e-6)
    assert len(graph.node) < len(model.graph.node)


def _graph(function, **specs) -> Frozen:
    concrete = tf.function(function).get_concrete_function(**specs)
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    return Frozen(frozen.graph.as_graph_def(), specs, frozen.outputs[0].op.name)


def _answer(graph, output: str, images: np.ndarray) -> np.ndarray:
    run = tf.function(lambda image: tf.graph_util.import_graph_def(graph, {"image:0": image}, [f"{output}:0"])[0])
    return run(tf.constant(images)).numpy()


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_batch_norm_is_folded_right(depthwise, biased):
    random = np.random.default_rng(3)
    weights = random.normal(size=(3, 3, 2, 4)).astype(np.float32)
    count = 8 if depthwise else 4
    gamma, beta, mean, bias = random.normal(size=(4, count)).astype(np.float32)
    variance = random.uniform(0.1, 2, count).astype(np.float32)

    def network(image):
        found = (
            tf.nn.depthwise_conv2d(image, weights, [1, 1, 1, 1], "SAME")
            if depthwise
            else tf.nn.conv2d(image, weights, 1, "SAME")
        )
        found = found + bias if biased else found
        normed, *_ = tf.compat.v1.nn.fused_batch_norm(found, gamma, beta, mean, variance, epsilon=1e-3, is_training=False)
        return tf.nn.relu6(normed)

    model = _graph(network, image=tf.TensorSpec([None, 5, 5, 2], tf.float32, name="image"))
    folded = fusing.without_batch_norm(model.graph, model.output)
    images = random.normal(size=(2, 5, 5, 2)).astype(np.float32)
    np.testing.assert_allclose(_answer(folded, model.output, images), network(images), rtol=1e-5, atol=1e-5)
    ops = [node.op for node in fusing.fused(folded, model.output, page.tfjs_ops()).node]
    assert not any("BatchNorm" in op for op in ops)
    assert ("FusedDepthwiseConv2dNative" if depthwise else "_FusedConv2D") in ops and "Relu6" not in ops


def test_a_convolution_that_is_read_twice_stays_as_it_is():
    weights = np.ones((1, 1, 2, 2), np.float32)

    def network(image):
        found = tf.nn.conv2d(image, weights, 1, "SAME")
        return tf.nn.relu(tf.nn.bias_add(found, [1.0, 2.0])) + found

    model = _graph(network, image=tf.TensorSpec([None, 5, 5, 2], tf.float32, name="image"))
    assert "Conv2D" in [node.op for node in fusing.fused(model.graph, model.output, page.tfjs_ops()).node]


def test_what_the_library_cannot_run_is_refused_by_name_and_spares_the_others(ready, tmp_path):
    class Strange(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 3, 3], tf.float32, name="image")])
        def predict(self, image):
            return {"probabilities": tf.linalg.det(image)[:, None]}

    strange = Strange()
    tf.saved_model.save(
        strange, str(tmp_path / "strange"), signatures={"serving_default": strange.predict.get_concrete_function()}
    )
    source = replace(ready.source, saved_model=tmp_path / "strange", run_directory=tmp_path)
    artifacts = TFJS(variants=["float32", "uint8"]).write(source)
    assert [artifact.reasons[0].partition(";")[0] for artifact in artifacts] == [
        "cannot be converted: TensorFlow.js has no op MatrixDeterminant"
    ] * 2
    assert not (tmp_path / "exports/tfjs").exists()


@pytest.mark.parametrize("dtype", [tf.float32, tf.int32])
def test_buckets_become_comparisons(dtype):
    """TensorFlow.js has no Bucketize, which tables need, and fails at EnsureShape."""
    model = _graph(lambda image: tf.ensure_shape(tf.raw_ops.Bucketize(input=image, boundaries=[-1.0, 0.0, 2.5]), [None, 3]) + 1,
                   image=tf.TensorSpec([None, 3], dtype, name="image"))  # fmt: skip
    values = np.array([[-7, -1, 0], [2, 3, 100]], dtype.as_numpy_dtype)
    before = _answer(model.graph, model.output, values)
    graph = lowering.lowered(model.graph)
    np.testing.assert_array_equal(_answer(graph, model.output, values), before)
    assert not unknown_ops(graph, page.tfjs_ops()) and "EnsureShape" not in [node.op for node in graph.node]


def test_one_hot_becomes_a_comparison():
    """TensorFlow.js on WebAssembly writes the integer 1 into floats: 1.4e-45."""
    model = _graph(
        lambda image: tf.one_hot(image, 4, on_value=2.5, off_value=-1.0), image=tf.TensorSpec([None], tf.int32, name="image")
    )
    values = np.array([0, 3, -1, 4], np.int32)
    before = _answer(model.graph, model.output, values)
    graph = lowering.lowered(model.graph)
    np.testing.assert_array_equal(_answer(graph, model.output, values), before)
    assert "OneHot" not in [node.op for node in graph.node] and before.max() == 2.5


def test_one_hot_along_another_axis_is_refused():
    model = _graph(lambda image: tf.one_hot(image, 4, axis=0), image=tf.TensorSpec([None], tf.int32, name="image"))
    with pytest.raises(ValueError, match="last axis"):
        lowering.lowered(model.graph)


def test_loops_are_refused():
    def network(image):
        return tf.while_loop(lambda value: tf.reduce_sum(value) < 10, lambda value: [value + 1], [image])[0]

    model = _graph(network, image=tf.TensorSpec([None], tf.float32, name="image"))
    assert [op for op in unknown_ops(model.graph, page.tfjs_ops()) if "While" in op]


def test_weights_lie_in_pieces_that_browsers_cache(tmp_path):
    value = np.random.default_rng(0).normal(size=(1500, 1000)).astype(np.float32)
    model = _graph(lambda image: image @ value, image=tf.TensorSpec([None, 1500], tf.float32, name="image"))
    graph_model.write(model, tmp_path / "large", "float32", {})
    ((group,),) = [json.loads((tmp_path / "large/model.json").read_text())["weightsManifest"]]
    pieces = [(tmp_path / "large" / name).read_bytes() for name in group["paths"]]
    assert [len(piece) for piece in pieces] == [4 * 2**20, 6_000_000 - 4 * 2**20]
    stored = np.frombuffer(b"".join(pieces), np.float32).reshape(group["weights"][0]["shape"])
    np.testing.assert_array_equal(stored, value)
    assert (tmp_path / "large/model.json").stat().st_size < 20_000


def test_eight_bits_meet_zero_and_miss_by_half_a_step():
    value = np.random.default_rng(0).normal(0.3, 1, 5000).astype(np.float32)
    value[7] = 0.0
    codes, least, scale = graph_model.affine(value)
    back = codes * scale + least
    assert back[7] == 0.0 and np.abs(back - value).max() <= scale * (1 + 1e-6) and codes.dtype == np.uint8
    assert graph_model.affine(np.full(3, 2.5, np.float32))[1:] == (2.5, 1.0)


def test_sizes_follow_the_precision(ready, for_web):
    sizes = {name: sum(file.stat().st_size for file in (ready.directory / for_web[f"tfjs/{name}"].path).glob("*.bin"))
             for name in ("float32", "float16", "uint8")}  # fmt: skip
    assert 0.49 < sizes["float16"] / sizes["float32"] < 0.55 and 0.24 < sizes["uint8"] / sizes["float32"] < 0.35


@pytest.mark.parametrize(("value", "precision", "words"), [
    (np.array([7e4], np.float32), "float16", "65504"),
    (np.array([2**40]), "float32", "32 bits"),
    (np.array([b"red"]), "float32", "browsers have not"),
])  # fmt: skip
def test_constants_that_do_not_fit_are_refused_by_name(value, precision, words):
    node = tf.compat.v1.NodeDef(name="head/kernel", op="Const")
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    with pytest.raises(ValueError, match=f"head/kernel.*{words}"):
        graph_model.stored(node.name, graph_model.plain(node), precision)
