"""Every shipped experiment runs from end to end in little."""

import json

import pytest

from tests.conftest import ROOT, tfrun
from tfrun.config.catalogue import experiments


@pytest.mark.parametrize("name", sorted(experiments()))
def test_it_dry_runs(name, tmp_path, pictures):
    own_data = "override /dataset: image_folder" in (ROOT / f"experiments/{name}.yaml").read_text()
    more = [f"dataset.directory={pictures}"] if own_data else []
    pictures_only = [] if name == "flights" else ["transform.image_size=64"]
    done = tfrun(tmp_path, f"+experiment={name}", "debug=fast", "export=[saved_model]", *pictures_only, *more)
    assert done.code == 0, done.err
    assert done.result["status"] == "done" and done.result["verdict"]["blessed"]
    assert set(done.result["data"]["rows"].values()) <= set(range(65))


@pytest.mark.parametrize("name", sorted(experiments()))
def test_its_header_says_command_score_and_time(name):
    header = [line for line in (ROOT / f"experiments/{name}.yaml").read_text().splitlines() if line.startswith("#")]
    text = "\n".join(header)
    assert f"python -m tfrun +experiment={name}" in text and "Expected:" in text and "minute" in text


def test_the_same_experiment_in_python_gives_the_same_numbers(tmp_path, module):
    from tfrun import Adam, Auto, Cosine, Experiment, Fashion, Frozen, Hub, Linear, NoGate, NoTracking, SavedModel, load, run

    yaml = load([
        "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "training.epochs=2",
        "gate=none", "export=[saved_model]", "tracking=none", f"runs={tmp_path}",
    ])  # fmt: skip
    python = Experiment(
        name="quickstart", description=yaml.description, runs=tmp_path, dataset=Fashion(), transform=Auto(image_size=32),
        backbone=Hub(handle=str(module)), head=Linear(l2=0.002), optimizer=Adam(learning_rate=0.003), schedule=Cosine(),
        training=Frozen(epochs=2), gate=NoGate(), export=[SavedModel()], tracking=NoTracking(),
    )  # fmt: skip
    assert python == yaml
    first, second = run(yaml, quiet=True), run(python, quiet=True)
    assert first.weights_sha256 == second.weights_sha256 and first.metrics == second.metrics
    assert first.verdict.blessed and first.exit_code == 0
    stored = json.loads((second.directory / "result.json").read_text())
    assert stored["metrics"]["test"]["accuracy"] == second.metrics["test"]["accuracy"]
