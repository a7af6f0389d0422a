"""The page beside exported models, in a real browser; and that browsers leave nothing behind."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tensorflow as tf
from PIL import Image

from tests.conftest import ROOT
from tests.export.browsers import chromium, needs_browser, remeasured, runtime, served
from tests.export.test_numeric import own_table
from tfrun.evaluation.standard import Standard
from tfrun.export.measure import Worker
from tfrun.export.web import vendor

DROP = """([text, name, type]) => {
  const held = new DataTransfer();
  held.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, {type}));
  document.querySelector(".drop").dispatchEvent(new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true}));
}"""
BARS = """() => Object.fromEntries([...document.querySelectorAll("#answer li")].map((one) =>
  [one.querySelector(".label").textContent, parseFloat(one.querySelector(".value").textContent) / 100]))"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


def opened(browser, address: str):
    """(the page once it has answered its example, what it asked for)."""
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("#answer li, #status.bad", timeout=120_000)
    return page, asked


def drop(page, name: str, content: bytes, kind: str) -> None:
    import base64

    page.evaluate(DROP, [base64.b64encode(content).decode(), name, kind])


def shown(page, text: str) -> dict[str, float]:
    """The bars, once the file with that name is on the page and answered."""
    page.wait_for_function(
        "text => document.querySelector('.drop').textContent.includes(text) && !document.querySelector('#status').textContent",
        arg=text,
    )
    return page.evaluate(BARS)


def trained(ready, picture: np.ndarray) -> dict[str, float]:
    answer = ready.model.answers({"image": tf.constant(picture[None])})[0].numpy()
    return dict(zip(ready.model.classes, answer.tolist()))


@needs_browser
@pytest.mark.parametrize("target", ["tfjs", "litertjs"])
def test_a_dropped_picture_is_answered_from_any_file_server(ready, for_web, browser, target, tmp_path):
    picture = np.random.default_rng(5).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "mine.png")
    with served(ready.directory / "exports" / target) as address:
        page, asked = opened(browser, f"{address}/demo/")
        page.select_option("#variant", "float32")
        drop(page, "mine.png", (tmp_path / "mine.png").read_bytes(), "image/png")
        shown(page, "mine.png")
        page.click("#more")
        bars = page.evaluate(BARS)
        assert bars == pytest.approx(trained(ready, picture), abs=6e-4) and len(bars) == 10
        assert list(bars) == sorted(bars, key=bars.get, reverse=True)
        assert "60 × 40" in page.inner_text(".drop") and page.inner_text("#time").endswith(" ms")
        assert all(url.startswith((address, "data:", "blob:")) for url in asked)
        page.close()


@needs_browser
def test_the_page_runs_from_a_file_too(ready, for_web, browser):
    page, asked = opened(browser, (ready.directory / "exports/tfjs/demo/index.html").as_uri())
    (example,) = ready.source.contract["example"]["request"]["instances"]
    answer = trained(ready, np.array(example["image"], np.uint8))
    bars = page.evaluate(BARS)
    assert bars == pytest.approx({name: answer[name] for name in bars}, abs=6e-3)
    assert "WebAssembly" in page.inner_text("#facts") and all(url.startswith(("file:", "data:")) for url in asked)
    page.close()


@needs_browser
def test_litert_from_a_file_says_what_to_do(ready, for_web, browser):
    page, _ = opened(browser, (ready.directory / "exports/litertjs/demo/index.html").as_uri())
    assert "python -m http.server" in page.inner_text("#status")
    page.close()


@needs_browser
def test_a_file_that_is_no_picture_is_refused_in_words_and_the_next_is_answered(ready, for_web, browser, tmp_path):
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(tmp_path / "good.png")
    with served(ready.directory / "exports/tfjs") as address:
        page, _ = opened(browser, f"{address}/demo/")
        drop(page, "notes.txt", b"no picture", "text/plain")
        page.wait_for_selector("#status.bad")
        assert "notes.txt is not a picture" in page.inner_text("#status") and page.evaluate(BARS) == {}
        drop(page, "good.png", (tmp_path / "good.png").read_bytes(), "image/png")
        assert shown(page, "good.png")
        page.close()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A whole run from the command line: a table of numbers, words, times and a text, exported for the web only."""
    return own_table(tmp_path_factory.mktemp("web"), "export=[saved_model,tfjs,litertjs]", "export.tfjs.variants=[float32]",
                     "export.litertjs.variants=[float32]", "evaluation.threshold.target=f1")  # fmt: skip


@needs_browser
def test_a_table_is_measured_in_the_browser_by_its_numbers(table):
    assert table.code == 0, table.err
    for artifact in table.result["artifacts"][1:]:
        assert artifact["passed"] and artifact["max_abs_difference"] < 1e-5 and artifact["signature"] == "numeric", artifact


@needs_browser
@pytest.mark.parametrize("target", ["tfjs", "litertjs"])
def test_a_table_has_a_form(table, browser, target):
    function = tf.saved_model.load(str(table.directory / "exports/saved_model")).signatures["serving_default"]
    raw = {
        "the_size_cm": np.float32([7.25]),
        "class_": np.array([b"blue"]),
        "when": np.float64([np.nan]),
        "note": np.array([b"Another note!"]),
    }
    wanted = function(**{name: tf.constant(value) for name, value in raw.items()})["probabilities"][0].numpy()
    described = json.loads((table.directory / "exports/contract.json").read_text())
    vocabulary = next(spec["vocabulary"] for spec in described["signatures"]["numeric"]["inputs"] if spec["name"] == "class_")
    with served(table.directory / "exports" / target) as address:
        page, _ = opened(browser, f"{address}/demo/")
        page.get_by_label("note terms").fill("Another note!")
        page.get_by_label("class").select_option(str(vocabulary.index("blue")))
        page.get_by_label("the size (cm) (the_size_cm)").fill("7.25")
        for part in ("year", "month", "weekday", "hour"):
            page.get_by_label(f"when {part}").fill("-1")
        page.wait_for_function("() => !document.querySelector('#status').textContent")
        bars = page.evaluate(BARS)
        assert bars == pytest.approx(dict(zip(described["labels"], wanted.tolist())), abs=6e-4)
        name, threshold = described["decision"]["class"], described["decision"]["threshold"]
        said = "yes" if wanted[described["labels"].index(name)] >= threshold else "no"
        (shown,) = (text for text in page.locator("#answer .value").all_inner_texts() if "from" in text)
        assert shown.endswith(f" %: {said}, from {100 * threshold:.1f} %")
        page.close()


def test_without_a_browser_nothing_counts_as_passed(ready, for_web, monkeypatch):
    monkeypatch.setenv("TFRUN_CHROMIUM", "/nowhere/chromium")
    artifact = remeasured(for_web["tfjs/float32"], ready.directory, ready.held, Standard())
    assert not artifact.passed and artifact.retention is None
    assert artifact.reasons[0].startswith("not measured: no browser (TFRUN_CHROMIUM=/nowhere/chromium)")


@needs_browser
def test_no_process_outlives_a_killed_worker():
    worker = Worker("tfjs")
    process = psutil.Process(worker._process.pid)
    until = time.monotonic() + 120
    while not (started := [one for one in process.children(recursive=True) if "chrom" in one.name()]):
        assert process.is_running() and time.monotonic() < until
        psutil.wait_procs([process], timeout=0.1)
    family = process.children(recursive=True)
    worker.__exit__()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert started and not alive


@needs_browser
def test_pages_are_isolated_so_that_threads_work(ready, for_web, browser):
    address = runtime("browser").serve(str(ready.directory / "exports/tfjs"))
    assert address.startswith("http://127.0.0.1:")
    page = browser.new_page()
    answer = page.goto(f"{address}/demo/")
    assert page.evaluate("crossOriginIsolated") and "text/html" in answer.headers["content-type"]
    kinds = {suffix: page.request.get(f"{address}/demo/vendor/{name}").headers["content-type"]
             for suffix, name in {"wasm": "tfjs-backend-wasm.wasm", "js": "tf.es2017.min.js"}.items()}  # fmt: skip
    assert kinds == {"wasm": "application/wasm", "js": "text/javascript"}
    assert page.request.get(f"{address}/../../contract.json").status == 404
    page.close()


def test_the_libraries_are_what_was_published():
    assert vendor.differing() == []
    told = (vendor.VENDOR / "PROVENANCE.md").read_text()
    for package in vendor.packages():
        assert package["licence"] == "Apache-2.0" and package["name"] in (ROOT / "NOTICE").read_text() + told
        assert all(path in told and file["sha256"] in told for path, file in package["files"].items())
    assert "Apache License" in (vendor.VENDOR / "LICENSE").read_text()
    assert all(file.stat().st_size < 20e6 for file in Path(vendor.VENDOR).rglob("*") if file.is_file())


@needs_browser
def test_a_sound_is_answered_where_webassembly_has_no_fourier_transform(ready, browser, tmp_path):
    import wave
    from dataclasses import replace

    from tfrun import TFJS

    class Loudest(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="sound")])
        def predict(self, sound):
            return {"probabilities": tf.nn.softmax(tf.abs(tf.signal.rfft(sound[:, :64]))[:, 1:5])}

    module = Loudest()
    tf.saved_model.save(
        module, str(tmp_path / "sounds"), signatures={"serving_default": module.predict.get_concrete_function()}
    )
    described = {
        "inputs": [{"name": "sound", "dtype": "float32", "shape": [None, None], "rate": 8000}],
        "example": {"request": {"instances": [{"sound": [0.0] * 64}]}},
    }
    contract = {"signatures": {"serving_default": described}, "labels": ["one", "two", "three", "four"], "normalisation": {}}
    source = replace(ready.source, saved_model=tmp_path / "sounds", run_directory=tmp_path, contract=contract)
    (artifact,) = TFJS(variants=["float32"]).write(source)
    assert not artifact.reasons
    samples = (12000 * np.sin(2 * np.pi * 3 * np.arange(256) / 64)).astype("<i2")
    with wave.open(str(tmp_path / "three.wav"), "wb") as file:
        file.setparams((1, 2, 8000, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())
    wanted = module.predict(tf.constant(samples[None] / np.float32(32768)))["probabilities"][0].numpy()
    with served(tmp_path / "exports/tfjs") as address:
        page = browser.new_page()
        page.goto(f"{address}/demo/")
        page.wait_for_function("() => document.querySelector('#status').textContent.startsWith('Waiting')")
        drop(page, "three.wav", (tmp_path / "three.wav").read_bytes(), "audio/wav")
        bars = shown(page, "three.wav")
        assert bars == pytest.approx(dict(zip(contract["labels"], wanted.tolist())), abs=6e-4)
        assert next(iter(bars)) == "three" and "cpu" in page.inner_text("#facts")
        page.close()
