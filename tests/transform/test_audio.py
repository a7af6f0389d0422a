"""Sounds become what networks take, the same way in training and in every exported file."""

import numpy as np
import pytest
import tensorflow as tf

from tests.sounds import folder_of_sounds, sound
from tfrun.backbone.none import NoBackbone
from tfrun.config.problems import RunError
from tfrun.dataset.audio_folder import AudioFolder
from tfrun.transform.audio import Audio
from tfrun.transform.auto import Auto

RATE = 16_000


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return AudioFolder(directory=folder_of_sounds(tmp_path_factory.mktemp("sounds") / "all", each=6)).open()


def tone(pitch: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE).astype("float32")[None]


@pytest.mark.parametrize(("seconds", "samples"), [(0.5, 8000), (1.0, 16000), (3.0, 48000)])
def test_every_length_becomes_one(data, seconds, samples):
    transform = Audio(mode="waveform", seconds=seconds).build(data, NoBackbone())
    for length in (1, 7999, 8000, 20000, 60000):
        ones = np.ones((2, length), "float32")
        out = transform({"audio": ones}).numpy()
        assert out.shape == (2, samples) == (2, *transform.output_shape)
        assert (out[:, :length] == 1).all() and (out[:, length:] == 0).all()


def test_a_tone_lights_up_its_band_and_no_other(data):
    transform = Audio(mels=40).build(data, NoBackbone())
    assert transform.output_shape == (98, 40, 1)
    edges = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + np.array([125, 7500]) / 700)), 42) / 2595) - 1)
    for pitch in (300, 1000, 4000):
        bands = transform({"audio": tone(pitch)}).numpy()[0, :, :, 0].mean(axis=0)
        peak = int(bands.argmax())
        assert edges[peak] < pitch < edges[peak + 2]
        far = np.abs(np.arange(40) - peak) > 8
        assert bands[peak] - bands[far].max() > 3


def test_silence_is_the_offset_and_ten_times_the_amplitude_is_log_ten(data):
    transform = Audio(offset=1e-6).build(data, NoBackbone())
    np.testing.assert_allclose(transform({"audio": np.zeros((1, 500), "float32")}), np.log(1e-6), rtol=1e-5)
    soft, loud = (transform({"audio": factor * tone(1000)}).numpy().max() for factor in (0.1, 1.0))
    assert loud - soft == pytest.approx(np.log(10), abs=1e-4)


def test_it_is_what_numpy_gives_window_by_window(data):
    row = sound("hum", np.random.default_rng(0)).astype("float32")[None]
    ours = Audio().build(data, NoBackbone())({"audio": row}).numpy()[0, :, :, 0]
    window = np.hanning(401)[:-1]
    frames = np.stack([row[0, start : start + 400] * window for start in range(0, RATE - 399, 160)])
    mel = tf.signal.linear_to_mel_weight_matrix(64, 257, RATE, 125.0, 7500.0).numpy()
    np.testing.assert_allclose(ours, np.log(np.abs(np.fft.rfft(frames, 512)) @ mel + 1e-3), atol=1e-4)


def test_one_sound_gives_the_same_alone_and_in_a_batch(data):
    transform, random = Audio().build(data, NoBackbone()), np.random.default_rng(0)
    rows = np.stack([sound(name, random) for name in ("tone", "click", "chirp", "hum")]).astype("float32")
    together = transform({"audio": rows}).numpy()
    alone = np.concatenate([transform({"audio": row[None]}).numpy() for row in rows])
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("settings", [{}, {"window": 0.0251, "hop": 0.0101, "seconds": 0.5}, {"mode": "waveform"}])
def test_tensorflow_lite_gives_the_same_with_builtin_ops(data, settings):
    from ai_edge_litert.interpreter import Interpreter

    from tfrun.export.tflite_file import foreign_ops

    transform = Audio(**settings).build(data, NoBackbone())
    module = tf.Module()
    spec = tf.TensorSpec([None, None], tf.float32, name="audio")
    module.call = tf.function(lambda audio: {"out": transform({"audio": audio})}, input_signature=[spec])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.call.get_concrete_function()], module)
    content = converter.convert()
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    assert foreign_ops(content) == []
    random = np.random.default_rng(1)
    for seconds in (0.3, 1.0, 1.7):
        row = sound("hum", random, seconds).astype("float32")[None]
        np.testing.assert_allclose(runner(audio=row)["out"], transform({"audio": row}), atol=1e-4)


def test_auto_takes_samples_for_a_module_and_log_mel_without_one(data, module):
    from tfrun.backbone.hub import Hub

    assert Auto().build(data, NoBackbone()).output_shape == (98, 64, 1)
    assert Auto().build(data, Hub(handle=str(module))).output_shape == (RATE,)


def test_bands_beyond_what_the_rate_can_hold_are_refused(data):
    with pytest.raises(RunError, match=r"transform.high = 9000.0: must lie above .* 8000, half of the sounds' rate"):
        Audio(high=9000).build(data, NoBackbone())


def test_it_is_for_sounds():
    assert Audio().problem("audio") is None and Auto().problem("audio") is None
    assert "is for data of kind audio, and these are of kind image; use transform=auto" in str(Audio().problem("image"))


@pytest.mark.parametrize("wrong", [{"seconds": 0.01}, {"high": 100}, {"mels": 0}, {"mode": "mfcc"}, {"offset": 0}, {"hop": 0}])
def test_values_without_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        Audio(**wrong)


def test_the_bands_are_those_of_tensorflow():
    from tfrun.transform.audio import hann, mel_bands

    theirs = tf.signal.linear_to_mel_weight_matrix(64, 257, RATE, 125.0, 7500.0, dtype=tf.float64)
    np.testing.assert_allclose(mel_bands(64, 512, RATE, 125.0, 7500.0), theirs, atol=1e-4)
    np.testing.assert_allclose(hann(400), tf.signal.hann_window(400, dtype=tf.float64), atol=1e-6)
