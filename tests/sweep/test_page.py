"""What is left to look at: sweep.json, sweep.html in a real browser, and the plots."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.conftest import Finished, tfrun
from tfrun import RunError
from tfrun.sweep import page, summary
from tfrun.sweep.importance import importance


def directory_of(swept: Finished) -> Path:
    (path,) = swept.folder.glob("runs/quickstart/*/sweep.json")
    return path.parent


@pytest.fixture(scope="module")
def directory(swept) -> Path:
    assert swept.code == 0, swept.err
    return directory_of(swept)


@pytest.fixture()
def changed(directory, tmp_path):
    """The sweep, told otherwise: a copy whose sweep.json a function changes, and the page made anew."""

    def change(how) -> str:
        copy = shutil.copytree(directory, tmp_path / "copy")
        content = summary.read(copy)
        how(content)
        (copy / "sweep.json").write_text(json.dumps(content))
        page.write(copy)
        return (copy / "sweep.html").read_text()

    return change


def test_the_summary_tells_each_trial(directory):
    content = summary.read(directory)
    done, pruned, failed = content["trials"]
    assert content["state"] == "done" and content["counts"] == {"done": 1, "pruned": 1, "failed": 1}
    assert content["best"] == 0 and content["pareto"] == [0]
    assert content["objectives"] == [{"name": "accuracy", "lower_is_better": False}]
    assert (
        done["values"] == {"optimizer.learning_rate": 0.01}
        and done["epochs"] == pytest.approx(100, abs=0.1)
        and 0 < pruned["epochs"] < 100
    )
    assert set(done["objectives"]) == {"accuracy"} and failed["objectives"] == {}
    assert "worse than the median" in pruned["error"] and "loss is not finite" in failed["error"]
    assert "Traceback" in failed["traceback"] and done["traceback"] == ""
    assert (directory / done["directory"] / "report.html").is_file() and done["seconds"] > 0
    assert content["durations"]["trials"] == pytest.approx(sum(trial["seconds"] for trial in content["trials"]))


def test_the_page_is_whole_in_one_file_and_has_every_trial(directory):
    text = (directory / "sweep.html").read_text()
    assert not re.search(r"(src|href)=\"(https?:|//)", text) and "@import" not in text and "url(" not in text
    assert re.findall(r'<tr tabindex="0" data-trial="(\d)" data-state="(\w+)"', text) == [
        ("0", "done"), ("1", "pruned"), ("2", "failed"),
    ]  # fmt: skip
    assert '<a href="0/report.html">' in text and "the loss is not finite" in text and "Traceback" in text
    assert "prefers-color-scheme: dark" in text and "Too few trials are done" in text
    assert text.count('class="cross pruned"') == 2, "the curve of the pruned trial ends in a cross, in accuracy and loss"


def test_the_plots_are_files_that_stand_alone(directory):
    names = {path.name for path in (directory / "plots").iterdir()}
    assert {"parallel.svg", "curves_accuracy.svg", "seconds.svg", "parameters.svg", "key_0.svg"} <= names
    for path in (directory / "plots").iterdir():
        assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_values_of_trials_cannot_break_the_page(changed):
    evil = "<script>alert(1)</script>"

    def how(content):
        content["space"] = {evil: {"choice": [evil, "b"]}}
        for trial in content["trials"]:
            trial["values"] = {evil: evil}
        content["trials"][2]["error"] = content["trials"][2]["traceback"] = evil

    text = changed(how)
    assert evil not in text and "&lt;script&gt;alert(1)" in text


def test_a_sweep_that_has_just_begun_has_a_page(changed):
    def how(content):
        content.update(state="running", best=None, pareto=[], counts={"running": 1})
        content["trials"] = [{**content["trials"][0], "state": "running", "objectives": {}, "measured": {}, "directory": "7"}]

    text = changed(how)
    assert "running" in text and 'data-state="running"' in text


def test_a_trial_whose_metrics_are_undefined_does_not_cost_the_page(directory, tmp_path):
    copy = shutil.copytree(directory, tmp_path / "copy")
    metrics = copy / "1" / "metrics.jsonl"
    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    for row in rows:
        row.get("validation", {}).update(accuracy=float("nan"), loss=float("nan"))
    metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page.write(copy)
    assert "NaN" not in (copy / "sweep.html").read_text() and (copy / "plots" / "curves_accuracy.svg").is_file()


def test_files_of_trials_are_shown_with_the_pareto_set(changed):
    def file(variant: str, size: int, accuracy: float) -> dict:
        return {
            "target": "tflite",
            "variant": variant,
            "bytes": size,
            "metrics": {"accuracy": accuracy},
            "latency_ms": {"p50": size / 1e6},
        }

    def how(content):
        content["trials"][0]["artifacts"] = [
            file("small", 10**6, 0.7),
            file("large", 4 * 10**6, 0.9),
            file("worse", 5 * 10**6, 0.8),
        ]

    text = changed(how)
    assert text.count("of exported files against") == 4, "a title and a label, of size and of latency"
    marks = dict(re.findall(r"<title>trial 0 tflite/(\w+):.*?</title><circle class=\"m ([\w ]+)\"", text))
    assert marks == {"small": "done front", "large": "done front", "worse": "done"}


def test_it_runs_in_a_browser_without_an_error_and_sorts_by_keyboard(directory, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine: the page was not opened")
    told = """<script>
const failures = []; addEventListener("error", event => failures.push(event.message));
addEventListener("load", () => {
  const press = name => [...document.querySelectorAll("th button")].find(button => button.textContent === name).click();
  const order = () => [...document.querySelectorAll("tbody tr")].map(row => row.dataset.trial).join("");
  press("accuracy"); const up = order(); press("accuracy"); const down = order();
  const row = document.querySelector('tr[data-trial="1"]'); row.focus();
  const lit = document.querySelectorAll('g[data-trial="1"] .on').length;
  document.querySelector('.filter [data-state="failed"]').click();
  const hidden = [...document.querySelectorAll("tbody tr")].filter(row => row.hidden).map(row => row.dataset.trial).join("");
  const wide = document.documentElement.scrollWidth > innerWidth;
  document.title = JSON.stringify({failures, up, down, lit: lit > 2, hidden, wide});
});
</script>"""
    opened = tmp_path / "sweep.html"
    opened.write_text((directory / "sweep.html").read_text().replace("<head>", f"<head>{told}", 1))
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}/profile",
        "--window-size=1280,900",
    ]
    done = subprocess.run([*command, "--dump-dom", opened.as_uri()], capture_output=True, text=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", done.stdout)[1]
    assert json.loads(title) == {"failures": [], "up": "102", "down": "012", "lit": True, "hidden": "2", "wide": False}


def test_importance_finds_the_key_that_matters_and_says_what_it_knows():
    space = {"rate": {"low": 1e-4, "high": 1.0, "log": True}, "head": {"choice": ["a", "b"]}, "seed": {"choice": [0, 1, 2]}}
    values = [{"rate": 10 ** -(number % 9 / 2), "head": "ab"[number % 2], "seed": number % 3} for number in range(36)]
    found = importance(space, values, [one["rate"] ** 0.2 + 0.02 * one["seed"] for one in values])
    assert next(iter(found.shares)) == "rate" and found.shares["rate"] > 0.5 > 5 * found.shares["head"]
    assert found.explained > 0.5 and found.is_reliable and found.trials == 36
    assert not importance(space, values[:10], list(range(10))).is_reliable
    assert importance(space, values[:3], [1.0, 2.0, 3.0]) is None and importance(space, values, [1.0] * 36) is None


def test_no_sweep_is_one_line(tmp_path):
    with pytest.raises(RunError, match=r"holds no sweep\.json"):
        page.write(tmp_path)


def test_a_sweep_that_was_given_up_says_so(module, tmp_path):
    done = tfrun(
        tmp_path, "-m", "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "tracking=none",
        "training.epochs=1", "sweep.workers=1", "sweep.max_failures=0", "optimizer.learning_rate=1e30,0.01",
    )  # fmt: skip
    assert done.code == 1 and "sweep.max_failures" in done.err
    content = summary.read(directory_of(done))
    assert content["state"] == "stopped" and content["counts"] == {"failed": 1} and content["best"] is None
    assert "stopped before its end" in (directory_of(done) / "sweep.html").read_text()
