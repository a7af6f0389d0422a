"""`advise` as a user runs it: pictures and texts, an earlier data set, and what is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Finished, tfrun


@pytest.fixture(scope="module")
def advised(pictures, tmp_path_factory) -> Finished:
    """The page and all else are made once."""
    done = tfrun(
        tmp_path_factory.mktemp("advise"), "advise", "+experiment=quickstart", "dataset=image_folder", f"dataset.directory={pictures}",
        "transform.image_size=32",
    )  # fmt: skip
    assert done.code == 0, done.err
    return done


def test_the_better_backbone_is_advised_with_reasons_and_what_cannot_be_tried_is_named(advised):
    content = json.loads((advised.directory / "advice/advice.json").read_text())
    scores = {one["name"]: one["probe"]["score"] for one in content["candidates"]}
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    best = content["candidates"][0]
    assert content["overrides"][:-1] == best["overrides"] and content["overrides"][-1] == "training=frozen"
    assert any("training rows are few to fine-tune with" in reason for reason in content["reasons"])
    assert "takes texts" in content["left_out"]["backbone=glove_50d"] and "backbone=hub" in content["left_out"]
    assert f"add     {' '.join(content['overrides'])}" in advised.out and "Traceback" not in advised.err
    assert json.loads((advised.directory / "result.json").read_text())["advice"] == content


def test_test_rows_are_not_looked_at(advised):
    content = json.loads((advised.directory / "advice/advice.json").read_text())
    rows = json.loads((advised.directory / "result.json").read_text())["data"]["rows"]
    assert content["rows"] == rows["train"] + rows["validation"]
    lines = (advised.directory / "advice/projector/metadata.tsv").read_text().splitlines()
    assert {line.split("\t")[1] for line in lines[1:]} == {"train", "validation"}


def test_tensorboards_projector_finds_tensors_labels_and_pictures(advised):
    from google.protobuf import text_format
    from tensorboard.plugins.projector import projector_config_pb2

    folder = advised.directory / "advice/projector"
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), projector_config_pb2.ProjectorConfig())
    (one,) = config.embeddings
    rows, size = one.tensor_shape
    assert (folder / one.tensor_path).stat().st_size == rows * size * 4
    assert len((folder / one.metadata_path).read_text().splitlines()) == rows + 1
    side = one.sprite.single_image_dim[0]
    with Image.open(folder / one.sprite.image_path) as sheet:
        across = sheet.width // side
        assert sheet.width == sheet.height and across**2 >= rows > (across - 1) ** 2
        assert np.asarray(sheet.crop((0, 0, side, side)).convert("L")).std() > 0


def test_earlier_data_of_the_same_kind_and_other_data_are_told_apart(advised, tmp_path, pictures):
    same = tfrun(
        tmp_path, "advise", "+experiment=quickstart", "dataset=image_folder", f"dataset.directory={pictures}", "transform.image_size=32",
        "backbone=none,efficientnet_lite0", "--against", str(advised.directory),
    )  # fmt: skip
    assert same.code == 0, same.err
    (one, *_) = json.loads((same.directory / "advice/advice.json").read_text())["candidates"]
    assert one["p_value"] > 0.2 and one["distance"] < 0.01
    assert any(
        "look like the earlier ones" in reason
        for reason in json.loads((same.directory / "result.json").read_text())["advice"]["reasons"]
    )
    assert "earlier" in (same.directory / "advice/projector/metadata.tsv").read_text()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["dataset.split.seed=0,1"], 2, "dataset.split.seed: is listed, and candidates are compared on the same rows; give it one value"),
        (["backbone=efficientnet"], 2, "backbone"),
        (["--against", "nowhere"], 2, "--against = nowhere: is no run directory"),
        (["--rows", "3"], 2, "must be a whole number from 20 up"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_is_done(tmp_path, more, code, said):
    done = tfrun(tmp_path, "advise", "+experiment=quickstart", *more)
    assert done.code == code and said in done.err and "Traceback" not in done.err
    assert not (tmp_path / "runs").exists()
