"""Sounds as people have them, and the ways they are broken."""

from __future__ import annotations

import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.sounds import folder_of_sounds, write_float, write_pcm
from tfrun.config.problems import RunError
from tfrun.dataset.audio_folder import AudioFolder
from tfrun.dataset.reading import NotReadable, read_whole
from tfrun.dataset.wav import decode

RATE = 16_000
SINE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return folder_of_sounds(tmp_path_factory.mktemp("sounds") / "all", each=6)


@pytest.fixture()
def copy(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def rows_of(data) -> dict[str, np.ndarray]:
    return {
        identity: row["audio"]
        for split in data.splits.values()
        for identity, row in zip(split.ids, split.inputs(), strict=True)
    }


def test_one_folder_a_class_at_one_rate(made):
    data = AudioFolder(directory=made).open()
    assert data.classes == ("chirp", "click", "hum", "tone") and data.kind == "audio" and data.inputs[0].rate == RATE
    rows = rows_of(data)
    assert len(rows) == 24
    for row in rows.values():
        assert row.dtype == np.float32 and 0.69 * RATE < len(row) < 1.21 * RATE and np.abs(row).max() <= 1


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_integers_of_every_width(tmp_path, bits):
    write_pcm(tmp_path / "a.wav", SINE, bits=bits)
    sound = decode((tmp_path / "a.wav").read_bytes())
    assert sound.samples.shape == (RATE, 1) and np.abs(sound.samples[:, 0] - SINE).max() < 2.0 ** (2 - bits) + 1e-7


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_floats(tmp_path, dtype):
    write_float(tmp_path / "a.wav", SINE, dtype=dtype)
    np.testing.assert_allclose(decode((tmp_path / "a.wav").read_bytes()).samples[:, 0], SINE, atol=1e-7)


def test_extensible_formats_odd_chunks_and_unknown_lengths(tmp_path):
    samples = np.round(SINE * 32767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 0xFFFE, 1, RATE, 2 * RATE, 2, 16) + struct.pack("<HHIH", 22, 16, 0, 1) + bytes(14)
    content = b"RIFF\xff\xff\xff\xffWAVE" + b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(form))
    content += form + b"data\xff\xff\xff\xff" + samples
    np.testing.assert_allclose(decode(content).samples[:, 0], SINE, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 11025, 12345, 22050, 44100, 48000, 96000])
def test_a_tone_stays_what_it_is_at_every_rate(tmp_path, rate):
    times = np.arange(rate) / rate
    for name, pitch in (("low", 440), ("high", 3000)):
        (tmp_path / name).mkdir()
        for number in range(6):
            write_pcm(tmp_path / name / f"{number}.wav", 0.5 * np.sin(2 * np.pi * pitch * times), rate)
    for identity, row in rows_of(AudioFolder(directory=tmp_path).open()).items():
        pitch = 440 if identity.startswith("low") else 3000
        expected = 0.5 * np.sin(2 * np.pi * pitch * np.arange(len(row)) / RATE)
        assert len(row) == pytest.approx(RATE, abs=1)
        assert np.abs(row - expected)[500:-500].max() < 0.005  # the ends ring


def test_what_a_lower_rate_cannot_hold_is_left_out_not_folded_back(tmp_path):
    times = np.arange(44100) / 44100
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            write_pcm(tmp_path / name / f"{number}.wav", 0.5 * np.sin(2 * np.pi * 12_000 * times), 44100)
    for row in rows_of(AudioFolder(directory=tmp_path).open()).values():
        assert np.sqrt(np.mean(row[500:-500] ** 2)) < 0.001


def test_channels_are_averaged(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            write_pcm(tmp_path / name / f"{number}.wav", np.stack([SINE, -SINE, 0 * SINE + 0.3], axis=1))
    data = AudioFolder(directory=tmp_path).open()
    for row in rows_of(data).values():
        np.testing.assert_allclose(row, 0.1, atol=1e-4)
    assert set(data.splits["train"].facts["channels"]) == {3.0}


def test_facts_say_length_rate_loudness_and_silence(tmp_path):
    quiet = np.concatenate([SINE, np.zeros(3 * RATE)])
    for name, samples in (("loud", SINE), ("quiet", quiet)):
        (tmp_path / name).mkdir()
        for number in range(5):
            write_pcm(tmp_path / name / f"{number}.wav", samples)
    data = AudioFolder(directory=tmp_path).open()
    train = data.splits["train"]
    loud = {name: values[train.labels == 0][0] for name, values in train.facts.items()}
    still = {name: values[train.labels == 1][0] for name, values in train.facts.items()}
    assert loud["seconds"] == 1 and loud["rate"] == RATE and loud["peak"] == pytest.approx(0.5, abs=1e-3)
    assert loud["loudness"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01) and loud["silent"] == 0
    assert still["seconds"] == 4 and still["silent"] == 0.75


def test_groups_and_columns_come_from_the_index(made):
    dataset = AudioFolder(directory=made, index="index.csv", group="device", split={"validation": 0.2, "test": 0.2})
    data = dataset.open()
    sides = [set(split.columns["device"]) for split in data.splits.values()]
    assert dataset.slice_columns() == ["device"] and not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])


def broken(folder: Path) -> dict[str, str]:
    """Writes one file of each kind of damage into folder/tone; name -> what has to be said of it."""
    tone = folder / "tone"
    whole = next(tone.glob("*.wav")).read_bytes()
    (tone / "empty.wav").write_bytes(b"")
    (tone / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (tone / "header.wav").write_bytes(whole[:30])
    (tone / "text.wav").write_text("this is no sound, whatever its name may say")
    (tone / "other.wav").write_bytes(b"ID3\x04" + bytes(500))
    (tone / "song.mp3").write_bytes(b"ID3\x04" + bytes(500))
    write_pcm(tone / "nothing.wav", np.zeros(0))
    (tone / "norate.wav").write_bytes(whole[:24] + bytes(4) + whole[28:])
    (tone / "adpcm.wav").write_bytes(whole[:20] + b"\x02\x00" + whole[22:])
    write_float(tone / "nan.wav", np.where(np.arange(99) == 7, np.nan, 0.0))
    write_float(tone / "inf.wav", np.where(np.arange(99) == 7, np.inf, 0.0))
    write_float(tone / "huge.wav", np.full(99, 20000.0))
    (tone / "loop.wav").symlink_to("loop.wav")
    (tone / "gone.wav").symlink_to("nowhere.wav")
    return {
        "empty.wav": "is empty (0 bytes)", "cut.wav": "is cut short: it has", "header.wav": "is cut short",
        "text.wav": "is no WAV file", "other.wav": "it looks like MP3): convert it", "song.mp3": ".mp3 sounds cannot be read",
        "nothing.wav": "has no samples", "norate.wav": "says that its rate is 0 Hz", "adpcm.wav": "format 0x0002 with 16 bits",
        "nan.wav": "holds NaN or infinity", "inf.wav": "holds NaN or infinity", "huge.wav": "floats up to 20000",
        "loop.wav": "is a link that leads nowhere", "gone.wav": "is a link that leads nowhere",
    }  # fmt: skip


def test_broken_files_are_fatal_and_named(copy):
    expected = broken(copy)
    with pytest.raises(RunError) as caught:
        AudioFolder(directory=copy).open()
    told = str(caught.value)
    assert "dataset.on_corrupt=skip" in told and f"{len(expected) - 10} more files are no sounds" in told
    assert sum(name in told for name in expected) == 10


def test_broken_files_are_skipped_named_and_counted_by_config(copy):
    expected = broken(copy)
    data = AudioFolder(directory=copy, on_corrupt="skip").open()
    reasons = {Path(item.file).name: item.reason for item in data.skipped}
    assert reasons.keys() == expected.keys()
    assert not [name for name, words in expected.items() if words not in reasons[name]]
    assert sum(len(split) for split in data.splits.values()) == 24


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_a_file_without_permission_is_named(copy):
    path = next((copy / "tone").glob("*.wav"))
    path.chmod(0)
    with pytest.raises(RunError, match=r"cannot be read \(Permission denied\)"):
        AudioFolder(directory=copy).open()


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path):
    class Growing:
        """A recording that goes on: what another process does between two looks at the file."""

        def __init__(self, path):
            self.path, self.file = path, path.open("rb")

        def fileno(self):
            return self.file.fileno()

        def read(self):
            content = self.file.read()
            with self.path.open("ab") as more:
                more.write(b"more")
            return content

    write_pcm(tmp_path / "a.wav", SINE)
    with pytest.raises(NotReadable, match="changed while it was read"):
        read_whole(Growing(tmp_path / "a.wav"))


def test_a_file_that_changes_after_it_was_examined_stops_the_run(copy):
    data = AudioFolder(directory=copy).open()
    path = copy / data.splits["test"].ids[0]
    path.write_bytes(path.read_bytes()[:-2] + b"\1\1")
    with pytest.raises(Exception, match=f"RunError: {path}: changed after it was checked; let nothing write to the data"):
        list(data.splits["test"].inputs())


def test_the_rate_is_part_of_what_a_row_is(made):
    first, other = (AudioFolder(directory=made, rate=rate).open() for rate in (16_000, 8_000))
    assert first.fingerprint != other.fingerprint
    assert (first.splits["test"].digests != other.splits["test"].digests).any(axis=1).all()


def test_names_in_any_script_are_read_and_names_that_are_no_text_are_told(copy):
    (copy / "tone").rename(copy / "Töne 音 🎵")
    assert "Töne 音 🎵" in AudioFolder(directory=copy).open().classes
    name = os.fsencode(copy / "hum") + b"/\xff.wav"
    shutil.copy(next((copy / "hum").glob("*.wav")), name)
    with pytest.raises(RunError, match=r"hum/\\xff\.wav: has a name that is not UTF-8"):
        AudioFolder(directory=copy).open()


def test_links_that_lead_back_are_refused(copy):
    (copy / "again").symlink_to(copy)
    with pytest.raises(RunError, match="again: is a link to a folder that it lies in; mend or remove it"):
        AudioFolder(directory=copy).open()


def test_a_folder_of_other_formats_says_so_before_the_run(tmp_path):
    (tmp_path / "song").mkdir()
    (tmp_path / "song/a.mp3").write_bytes(b"ID3")
    (problem,) = AudioFolder(directory=tmp_path).problems()
    assert "holds no sound that can be read" in str(problem) and ".mp3 sounds cannot be read: convert them" in str(problem)
