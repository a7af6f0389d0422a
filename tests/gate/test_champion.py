"""A new model against the one in use: from the registry or a run directory, on the same test rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Finished, tfrun
from tfrun import load
from tfrun.export.held import Held
from tfrun.gate.champion import against_champion
from tfrun.tracking.registry import Registry

COMMON = ("+experiment=flights", "export=[saved_model]", "dataset.split.seed=0", "gate.metrics={auc: 0.6}")


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Finished:
    """A model that is blessed while there is no champion, and promoted."""
    folder = tmp_path_factory.mktemp("champion")
    done = tfrun(folder, *COMMON, "training.epochs=4", "gate.champion=registry", "hydra.run.dir=first")
    assert done.code == 0, done.err
    promoted = tfrun(folder, "promote", "runs", "flights", "--why", "the first one that is good enough")
    assert promoted.code == 0 and "champion    flights: version 1" in promoted.out, promoted.err
    return done


def result_of(folder: Path, name: str) -> dict:
    return json.loads((folder / name / "result.json").read_text())


def test_a_worse_model_is_refused_and_the_reason_names_the_champion(first):
    assert "no version of flights is champion yet" in result_of(first.folder, "first")["champion"]["none"]
    worse = tfrun(
        first.folder, *COMMON, "training.epochs=1", "optimizer.learning_rate=1e-5", "gate.champion=registry", "gate.metrics.auc=0.1",
        "hydra.run.dir=worse",
    )  # fmt: skip
    assert worse.code == 3, worse.err
    result = result_of(first.folder, "worse")
    (reason,) = result["verdict"]["reasons"]
    assert reason.startswith("auc -") and "worse for certain" in reason
    assert result["champion"]["champion"] == "flights version 1"
    low, high = result["champion"]["interval"]
    assert low < result["champion"]["difference"] < high < 0
    registry = Registry(f"sqlite:///{first.folder}/runs/mlflow.db")
    assert len(registry.client.search_model_versions("name = 'flights'")) == 1  # it is not registered


def test_the_log_says_who_made_it_champion_when_why_and_from_which_run(first):
    registered, promoted = Registry(f"sqlite:///{first.folder}/runs/mlflow.db").log("flights")[:2]
    assert (registered["action"], promoted["action"], promoted["version"]) == ("register", "promote", 1)
    assert promoted["why"] == "the first one that is good enough" and promoted["user"] and promoted["host"]
    assert promoted["run"] == registered["run"] == json.loads((first.folder / "first" / "tracking.json").read_text())["run_id"]


def test_a_rollback_needs_an_earlier_champion(first):
    refused = tfrun(first.folder, "rollback", "runs", "flights")
    assert refused.code == 1 and "has no earlier champion" in refused.err and "Traceback" not in refused.err
    unknown = tfrun(first.folder, "promote", "runs", "flihgts")
    assert unknown.code == 1 and "did you mean 'flights'?" in unknown.err
    missing = tfrun(first.folder, "promote", "runs", "flights", "--version", "7")
    assert missing.code == 1 and "has no version 7; there are 1" in missing.err


def test_a_rollback_makes_the_former_champion_champion_again(first, tmp_path):
    shutil.copytree(first.folder / "runs", tmp_path / "runs")
    registry = Registry(f"sqlite:///{tmp_path}/runs/mlflow.db")
    source = registry.client.get_model_version("flights", "1")
    registry.client.create_model_version("flights", source.source, source.run_id)
    assert tfrun(tmp_path, "promote", "runs", "flights", "--version", "2").out.endswith("version 2, in the place of version 1\n")
    assert "version 1, in the place of version 2" in tfrun(tmp_path, "rollback", "runs", "flights", "--why", "complaints").out
    assert registry.client.get_registered_model("flights").aliases["champion"] == 1
    assert registry.log("flights")[-1]["why"] == "complaints"


@pytest.fixture(scope="module")
def held(first):
    data = load([*COMMON]).dataset.open()
    split = data.splits["test"].first(200)
    scores = np.random.default_rng(0).random(200).astype(np.float32)
    return Held(split, np.stack([1 - scores, scores], axis=1), {}, classes=data.classes)


def against(champion: str, held: Held, *more: str) -> dict:
    return against_champion(load([*COMMON, f"gate.champion={champion}", *more]), held)


def test_labels_in_another_order_are_put_in_ours(first, held, tmp_path):
    exports = tmp_path / "other" / "exports"
    shutil.copytree(first.folder / "first" / "exports", exports)
    as_it_is = against(first.folder / "first", held)
    contract = json.loads((exports / "contract.json").read_text())
    contract["labels"].reverse()
    (exports / "contract.json").write_text(json.dumps(contract))
    turned = against(exports.parent, held)
    assert turned["theirs"] == pytest.approx(1 - as_it_is["theirs"]) and as_it_is["difference"] < 0
    contract["labels"] = ["late", "early"]
    (exports / "contract.json").write_text(json.dumps(contract))
    problem = against(exports.parent, held)["problem"]
    assert problem == "it was trained on other labels: only it has early; it does not know on_time"


@pytest.mark.parametrize(
    ("champion", "more", "said"),
    [("nowhere", [], "contract.json"), ("registry", ["tracking.uri=http://127.0.0.1:9"], "registry")],
)
def test_a_champion_that_cannot_be_asked_is_a_finding(held, champion, more, said):
    assert said in against(champion, held, *more)["problem"]


def test_a_champion_that_takes_other_inputs_is_a_finding(held, module, tmp_path):
    pictures = tfrun(
        tmp_path, "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "debug=fast",
        "export=[saved_model]",
    )  # fmt: skip
    assert pictures.code == 0, pictures.err
    other = {**vars(held), "classes": tuple(json.loads((pictures.directory / "exports/contract.json").read_text())["labels"])}
    assert against(pictures.directory, Held(**other))["problem"]
