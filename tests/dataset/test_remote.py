"""Data in a bucket, read over the network from a server on loopback that speaks S3's protocol."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

from tests.conftest import tfrun
from tests.dataset.test_csv import FLIGHTS
from tests.dataset.test_image_folder import write_index
from tests.dataset.test_tfrecord import table as records
from tests.dataset.test_tfrecord import write as write_records
from tests.s3 import serving
from tfrun.config.problems import RunError
from tfrun.dataset.arrays import Arrays
from tfrun.dataset.csv import Csv
from tfrun.dataset.image_folder import ImageFolder
from tfrun.dataset.kept import copies
from tfrun.dataset.parquet import Parquet
from tfrun.dataset.text_folder import TextFolder
from tfrun.dataset.tfrecord import TFRecord
from tfrun.store import default_folder


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("TFRUN_CACHE", str(tmp_path / "cache"))


@pytest.fixture()
def server(tmp_path):
    (tmp_path / "served/bucket").mkdir(parents=True)
    with serving(tmp_path / "served") as server:
        yield server


@pytest.fixture()
def bucket(server) -> Path:
    return server.root / "bucket"


@pytest.fixture()
def photos(bucket, pictures) -> Path:
    return Path(shutil.copytree(pictures, bucket / "große photos"))


def same(remote, local) -> bool:
    """Fingerprints, and the inputs of every row."""
    pairs = [(one, two) for name in local.splits for one, two in zip(remote.splits[name].inputs(), local.splits[name].inputs())]
    equal = all(np.array_equal(one[key], two[key]) for one, two in pairs for key in two)
    return remote.fingerprint == local.fingerprint and equal and len(pairs) > 10


def test_pictures_are_those_of_the_folder_and_are_fetched_once(server, photos):
    dataset = ImageFolder(directory=server.uri("bucket/große photos/"))
    assert dataset.problems() == [] and server.asked == 0, "nothing is asked before the run"
    data = dataset.open()
    assert same(data, ImageFolder(directory=photos).open()) and data.source == dataset.directory
    assert len(server.got) == 72
    dataset.open()
    assert len(server.got) == 72


def test_what_changed_in_the_bucket_is_fetched_again(server, photos):
    dataset = ImageFolder(directory=server.uri("bucket/große photos"))
    before = dataset.open()
    path, other = sorted(photos.glob("bag/*.png"))[:2]
    path.write_bytes(other.read_bytes())
    os.utime(path, (2e9, 2e9))
    (photos / "bag/more.png").write_bytes(other.read_bytes())
    server.got.clear()
    after = dataset.open()
    assert after.fingerprint != before.fingerprint and same(after, ImageFolder(directory=photos).open())
    assert sorted(server.got) == sorted(["große photos/bag/more.png", f"große photos/bag/{path.name}"])


def test_a_copy_that_was_touched_is_not_trusted(server, photos):
    dataset = ImageFolder(directory=server.uri("bucket/große photos"))
    before = dataset.open().fingerprint
    (copy,) = copies(default_folder())
    first, second = sorted(copy.path.glob("bag/*.png"))[:2]
    first.unlink()
    second.write_bytes(b"")
    server.got.clear()
    assert dataset.open().fingerprint == before and len(server.got) == 2


def test_an_index_in_the_bucket(server, photos):
    write_index(photos, subject=lambda number: f"s{number // 4}")
    settings = {"index": "index.csv", "group": "subject"}
    data = ImageFolder(directory=server.uri("bucket/große photos"), **settings).open()
    assert same(data, ImageFolder(directory=photos, **settings).open()) and "subject" in data.splits["test"].columns
    (photos / "index.csv").write_text("file,label\nnothing.png,a\n")
    with pytest.raises(RunError, match=r"dataset.index = s3://bucket/große photos/index.csv: line 2 names nothing.png"):
        ImageFolder(directory=server.uri("bucket/große photos"), index="index.csv").open()


def test_a_broken_picture_is_named_as_it_is_in_the_bucket(server, photos):
    (photos / "bag/broken.png").write_bytes(b"")
    dataset = ImageFolder(directory=server.uri("bucket/große photos"), on_corrupt="skip")
    assert [item.file for item in dataset.open().skipped] == ["s3://bucket/große photos/bag/broken.png"]
    with pytest.raises(RunError, match=r"^s3://bucket/große photos/bag/broken.png: is empty"):
        dataset.model_copy(update={"on_corrupt": "fail"}).open()


def test_texts(server, bucket):
    for number in range(30):
        path = bucket / f"texts/{'no' if number % 2 else 'yes'}/{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text number {number}")
    assert same(TextFolder(directory=server.uri("bucket/texts")).open(), TextFolder(directory=bucket / "texts").open())


@pytest.mark.parametrize("name", ["bucket/x.npz", "bucket/folder"])
def test_arrays(server, bucket, name):
    arrays = {"inputs": np.arange(80.0).reshape(40, 2), "labels": np.arange(40) % 2}
    np.savez(bucket / "x.npz", **arrays)
    (bucket / "folder").mkdir()
    for key, values in arrays.items():
        np.save(bucket / "folder" / f"{key}.npy", values)
    dataset = Arrays(path=server.uri(name))
    assert dataset.problems() == [] and server.asked == 0
    assert same(dataset.open(), Arrays(path=server.root / name).open())
    with pytest.raises(RunError, match=rf"dataset.inputs = x: is no array of s3://{name}.* \(it has inputs, labels\)"):
        Arrays(path=server.uri(name), inputs="x").open()


@pytest.mark.parametrize(("ending", "compression"), [("", ""), (".gz", "GZIP")])
def test_records(server, bucket, ending, compression):
    for number in range(2):
        write_records(bucket / f"part-{number}.tfrecord{ending}", records()[number::2], compression)
    given = {"inputs": {"x": "number", "v": "number", "word": "category"}}
    dataset = TFRecord(files=[server.uri(f"bucket/part-*.tfrecord{ending}")], **given)
    assert dataset.problems() == [] and server.asked == 0
    assert same(dataset.open(), TFRecord(files=[f"{bucket}/part-*"], **given).open())
    with pytest.raises(RunError, match=r"s3://bucket/part-0\.tfrecord.* in two splits"):
        TFRecord(
            files=[server.uri("bucket/part-*")], test_files=[server.uri(f"bucket/part-0.tfrecord{ending}")], **given
        ).open()


@pytest.mark.parametrize("name", ["flights.csv", "flights.csv.gz", "flights-*.csv"])
def test_a_table_of_commas(server, bucket, name):
    text = gzip.decompress(Path(FLIGHTS).read_bytes())
    header, _, rows = text.partition(b"\n")
    (bucket / "flights.csv").write_bytes(text)
    (bucket / "flights.csv.gz").write_bytes(gzip.compress(text))
    for part in range(2):
        (bucket / f"flights-{part}.csv").write_bytes(header + b"\n" + b"".join(rows.splitlines(keepends=True)[part::2]))
    given = {"label": "late", "ignore": ["arr_delay"]}
    assert (
        Csv(file=server.uri(f"bucket/{name}"), **given).open().fingerprint
        == Csv(file=f"{bucket}/{name}", **given).open().fingerprint
    )


def test_a_table_of_parquet(server, bucket):
    parquet.write_table(csv.read_csv(FLIGHTS), bucket / "flights.parquet")
    given = {"label": "late", "ignore": ["arr_delay"]}
    local = Parquet(file=f"{bucket}/flights.parquet", **given).open()
    assert Parquet(file=server.uri("bucket/flights.parquet"), **given).open().fingerprint == local.fingerprint


def test_a_transfer_that_breaks_off_is_told_and_gone_on_with(server, photos):
    dataset = ImageFolder(directory=server.uri("bucket/große photos"))
    server.cut.add(f"große photos/trouser/{sorted((photos / 'trouser').iterdir())[-1].name}")
    with pytest.raises(RunError, match=r"dataset.directory = s3://bucket/große photos/trouser/.*: the transfer broke off"):
        dataset.open()
    assert copies(default_folder()) == []
    fetched = set(server.got) - server.cut
    server.cut.clear()
    server.got.clear()
    assert same(dataset.open(), ImageFolder(directory=photos).open())
    assert len(fetched) > 50 and not fetched & set(server.got)


def test_a_process_that_is_killed_leaves_no_half_copy(server, photos):
    uri, last = server.uri("bucket/große photos"), f"große photos/trouser/{max(p.name for p in (photos / 'trouser').iterdir())}"
    server.stalled.add(last)
    script = "import sys; from tfrun.dataset.image_folder import ImageFolder; ImageFolder(directory=sys.argv[1]).open()"
    with subprocess.Popen([sys.executable, "-c", script, uri], cwd=Path(__file__).parents[2]) as process:
        reached = server.reached.wait(60)
        process.kill()
    server.released.set()
    assert reached and copies(default_folder()) == []
    assert same(ImageFolder(directory=uri).open(), ImageFolder(directory=photos).open())
    (home,) = (default_folder() / "datasets").iterdir()
    assert len([path for path in home.iterdir() if path.is_dir()]) == 1, "what the killed process left is gone"


def test_what_cannot_be_had_is_one_line(server, photos):
    server.forbidden.add("secret")
    for name, hint in [
        ("nobody/pictures", "does not exist"),
        ("bucket/große photo", "does not exist"),
        ("secret/pictures", "access is denied; who are you"),
    ]:
        with pytest.raises(RunError) as caught:
            ImageFolder(directory=server.uri(name)).open()
        assert str(caught.value).startswith(f"dataset.directory = s3://{name}") and hint in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match=r"holds .*e-05 GB, more than dataset.scratch_gb = 1e-06"):
        ImageFolder(directory=server.uri("bucket/große photos"), scratch_gb=1e-6).open()


def test_a_server_that_is_not_there_is_told(tmp_path):
    with serving(tmp_path) as gone:
        uri = gone.uri("bucket/x.csv")
    dataset = Csv(file=uri)
    (problem,) = dataset.problems()
    assert str(problem).startswith(f"dataset.file = {uri}: cannot be reached")


def test_keys_that_lead_out_of_the_folder_are_refused(server, bucket, tmp_path):
    server.extra["bucket/pictures/a/../../../escaped.png"] = b"x"
    with pytest.raises(RunError, match="is no path inside a folder"):
        ImageFolder(directory=server.uri("bucket/pictures")).open()
    assert not list(tmp_path.rglob("escaped.png"))


def test_a_key_that_is_a_file_and_a_folder_is_named(server, photos):
    server.extra["bucket/große photos/bag"] = b"x"
    with pytest.raises(RunError, match=r"holds the name 'bag.*', which is a file and a folder; rename it"):
        ImageFolder(directory=server.uri("bucket/große photos")).open()


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("https://example.org/pictures", "https:// cannot be read; use s3://"),
        ("s3:///pictures", "names no bucket"),
        ("s3://KEY:WORD@bucket/pictures", "holds a secret"),
        (Path("s3://bucket/pictures"), "has lost a slash: give it as text, s3://"),
        ("README", "does not exist"),
        (__file__, "is no folder, and no archive of one"),
    ],
)
def test_wrong_places_are_told_before_the_run(place, hint):
    with pytest.raises(ValueError, match=hint):
        ImageFolder(directory=place)


def test_a_run_from_the_command_line(server, photos, tmp_path):
    write_index(photos, subject=lambda number: f"s{number // 4}")
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/mine.yaml").write_text(
        "defaults:\n  - override /dataset: image_folder\n  - override /backbone: none\n"
        f"dataset:\n  directory: {server.uri('bucket/große photos')}\n  index: index.csv\n"
        "evaluation:\n  slices: [subject]\n"
    )
    checked = tfrun(tmp_path, "check", "+experiment=mine")
    assert checked.code == 0 and server.asked == 0, checked.err
    done = tfrun(tmp_path, "+experiment=mine", "debug=fast", "tracking=none", "export=[]")
    assert done.code == 0, done.err
    wrong = tfrun(tmp_path, "+experiment=mine", "debug=fast", "tracking=none", "export=[]", "evaluation.slices=[subjekt]")
    assert wrong.code == 1 and "evaluation.slices = subjekt: is no column of the data; did you mean 'subject'?" in wrong.err
    listed = tfrun(tmp_path, "cache")
    assert "copy of data" in listed.out
    assert tfrun(tmp_path, "cache", "--clear").code == 0 and not list((default_folder() / "datasets").iterdir())
