"""Every shipped experiment runs from end to end, in little where no other test runs it in whole."""

import importlib.util
import json

import pytest

from tests.conftest import ROOT, tfrun
from tfrun.config.catalogue import experiments


def online(name: str) -> bool:
    return "needs the internet" in (ROOT / f"experiments/{name}.yaml").read_text()


@pytest.mark.parametrize("name", [name for name in sorted(experiments()) if online(name)])
def test_what_needs_the_internet_composes_and_is_checked(name):
    from tfrun import check, load

    experiment = load([f"+experiment={name}"])
    installed = importlib.util.find_spec("tensorflow_datasets") is not None
    assert [str(problem) for problem in check(experiment)] == (
        [] if installed else ["dataset = tfds: needs the package tensorflow-datasets; pip install 'tfrun[tfds]'"]
    )
    assert experiment.backbone.handle.startswith("https://") and experiment.dataset.download


IN_WHOLE = {"quickstart", "sentiment", "sound"}  # other tests run these from end to end as they are


@pytest.mark.parametrize("name", [name for name in sorted(experiments()) if not online(name) and name not in IN_WHOLE])
def test_it_dry_runs(name, tmp_path, own_data):
    more = own_data(name)
    text = (ROOT / f"experiments/{name}.yaml").read_text()
    if "fashion" in text or "image_folder" in text:
        more.append("transform.image_size=64")
    done = tfrun(tmp_path, f"+experiment={name}", "debug=fast", "export=[saved_model]", *more)
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
