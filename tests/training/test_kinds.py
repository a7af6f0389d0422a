"""Batches of sounds and texts are functions of seed and step, as those of pictures are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tfrun.augment.audio import AudioAugment
from tfrun.augment.word_dropout import WordDropout
from tfrun.backbone.hub import Hub
from tfrun.backbone.none import NoBackbone
from tfrun.dataset.audio_folder import AudioFolder
from tfrun.dataset.sentiment import Sentiment
from tfrun.training.stream import input_batches
from tfrun.transform.audio import Audio
from tfrun.transform.text import Text


@pytest.fixture(params=["audio", "text"])
def stream(request, sounds):
    """A function of (seed, first_step, …) that gives the first three batches of 8."""
    if request.param == "audio":
        data, augment = AudioFolder(directory=sounds).open(), AudioAugment()
        transform = Audio().build(data, NoBackbone())
    else:
        data, augment = Sentiment().open(), WordDropout(share=0.3)
        transform = Text().build(data, Hub(handle="sample:glove_50d"))
    model, split = SimpleNamespace(transform=transform), data.splits["train"].first(40)

    def batches(seed=0, first_step=0, **share):
        rows = input_batches(model, split, augment, 8, seed, first_step, **share)
        return [inputs for inputs, *_ in rows.take(3).as_numpy_iterator()]

    return batches


def same(first, second) -> bool:
    return all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


def test_the_seed_decides(stream):
    assert same(stream(seed=1), stream(seed=1)) and not same(stream(seed=1), stream(seed=2))


def test_a_resumed_stream_goes_on_with_the_same_batches(stream):
    assert same(stream(first_step=2)[:1], stream(first_step=0)[2:])


def test_two_pipelines_see_together_what_one_sees(stream):
    halves = [stream(replicas=2, pipelines=2, pipeline=pipeline) for pipeline in (0, 1)]
    assert same([np.concatenate(pair) for pair in zip(*halves, strict=True)], stream())


def test_each_pass_changes_a_row_in_another_way(stream):
    first, later = stream()[0], stream(first_step=5)[0]
    assert first.shape == later.shape and not np.array_equal(np.sort(first.ravel()), np.sort(later.ravel()))
