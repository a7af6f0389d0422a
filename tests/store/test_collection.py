"""Collections on a real disk, with real processes: shared, grown, damaged, killed, full."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from tfrun.store import room
from tfrun.store.collection import Collection
from tfrun.store.extract import extract
from tfrun.store.segment import SCRATCH

SHAPE = (5,)


def digests_of(rows) -> np.ndarray:
    return np.stack([np.frombuffer(hashlib.sha256(str(row).encode()).digest(), np.uint8) for row in rows])


class Asked:
    """Requests to one collection; row r has the features r, r + 1, …"""

    def __init__(self, root, key="aa", pause=lambda: None):
        self.root, self.key, self.pause, self.warnings, self.computed = root, key, pause, [], []

    def __call__(self, rows, waiting=None):
        rows = list(rows)

        def compute(positions):
            self.pause()
            for position in positions:
                self.computed.append(rows[position])
                yield np.arange(rows[position], rows[position] + 5, dtype=np.float32)[None]

        def warn(text):
            self.warnings.append(text)
            if waiting:
                waiting.set()

        collection = Collection(self.root, self.key, {"what": "test"}, warn)
        features = extract(collection, digests_of(rows), SHAPE, "plain", compute, lambda done: None)
        np.testing.assert_array_equal(features.array()[:, 0], rows)
        return features

    @property
    def segments(self):
        return sorted(path for path in (self.root / "features" / self.key).iterdir() if path.is_dir())


@pytest.fixture()
def asked(tmp_path) -> Asked:
    return Asked(tmp_path)


def test_what_is_there_is_not_computed_again(asked):
    first, second = asked(range(10)), asked([7, 3, 3])
    assert (first.extracted, first.reused) == (10, 0)
    assert (second.extracted, second.reused) == (0, 3)
    assert second.rows == len(second) == 3 and second.nbytes == 3 * 5 * 4 and second.shape == SHAPE


def test_a_growing_request_computes_only_what_is_new_and_each_row_once(asked):
    asked(range(4))
    grown = asked([0, 9, 2, 9, 8])
    assert asked.computed == [0, 1, 2, 3, 9, 8] and grown.extracted == 2 and len(asked.segments) == 2


def test_rows_are_gathered_from_several_segments_in_any_order(asked):
    asked(range(4))
    features = asked(range(10))
    assert features.gather(np.array([9, 0, 5, 0]))[:, 1].tolist() == [10, 1, 6, 1]


def test_features_are_mapped_not_read(asked):
    asked(range(4))
    assert isinstance(asked(range(4)).segments[0].features, np.memmap)


@pytest.mark.parametrize("name", ["features.bin", "digests.bin", "segment.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "removed"])
def test_a_damaged_segment_is_set_aside_and_computed_anew(asked, name, damage):
    asked(range(4))
    path = asked.segments[0] / name
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(content[:-3] if damage == "cut" else b"\xff" + content[1:])
    assert asked(range(4)).extracted == 4
    assert "set aside" in asked.warnings[0]
    assert asked(range(4)).extracted == 0 and len(asked.warnings) == 1


CHILD = """
import os, sys
from pathlib import Path
from tests.store.test_collection import Asked

def stop(what):
    print(what, flush=True)
    sys.stdin.readline()

kind, root = sys.argv[1], Path(sys.argv[2])
if kind == "dies":
    Asked(root)(range(4))
    os.fsync = lambda descriptor: stop("writing")
    Asked(root)(range(8))
else:
    Asked(root, pause=lambda: stop("computing"))(range(4))
"""


def child(kind, root):
    command = [sys.executable, "-c", CHILD, kind, str(root)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_process_killed_while_it_writes_leaves_nothing_half(asked):
    with child("dies", asked.root) as process:
        assert process.stdout.readline() == "writing\n"
        assert any(path.name.startswith(SCRATCH) for path in asked.segments)
        process.send_signal(signal.SIGKILL)
    assert asked(range(8)).reused == 4 and not asked.warnings
    assert not any(path.name.startswith(SCRATCH) for path in asked.segments)


def test_a_second_process_waits_and_then_finds_all(asked):
    waiting, results = threading.Event(), []
    with child("slow", asked.root) as process:
        assert process.stdout.readline() == "computing\n"
        second = threading.Thread(target=lambda: results.append(asked(range(4), waiting)))
        second.start()
        assert waiting.wait(30)
        process.stdin.write("go on\n")
        process.stdin.close()
        second.join(30)
    assert results[0].extracted == 0 and asked.computed == [] and "waiting for another process" in asked.warnings[0]


def test_a_full_disk_is_no_reason_to_stop(asked):
    asked(range(4))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, hard))
    try:
        features = asked(range(40))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (features.extracted, features.reused) == (36, 4)
    assert "held in memory" in asked.warnings[0] and len(asked.segments) == 1


def test_a_store_that_cannot_be_is_no_reason_to_stop(tmp_path):
    (tmp_path / "file").write_text("no folder")
    asked = Asked(tmp_path / "file" / "store")
    assert asked(range(4)).extracted == 4 and "cannot be written" in asked.warnings[0]


def test_no_store_keeps_nothing():
    asked = Asked(None)
    assert asked(range(4)).extracted == 4 == asked(range(4)).extracted and not asked.warnings


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    for number, key in enumerate(("aa", "bb", "cc")):
        asked = Asked(tmp_path, key)
        asked(range(50))
        os.utime(asked.segments[0] / "segment.json", (number, number))
    Asked(tmp_path, "aa")(range(3))  # used again
    one = room.items(tmp_path)[0].bytes
    removed = room.make_room(tmp_path, 2 * one + 100)
    assert [item.key for item in removed] == ["bb"]
    assert {item.key for item in room.items(tmp_path)} == {"aa", "cc"} and not (tmp_path / "features/bb").exists()


def test_what_this_process_uses_stays(tmp_path):
    features = Asked(tmp_path)(range(50))
    assert room.make_room(tmp_path, 0) == []
    del features
    assert len(room.make_room(tmp_path, 0)) == 1 and room.items(tmp_path) == []


def test_what_was_removed_by_another_process_stays_readable(asked):
    features = asked(range(4))
    for item in room.items(asked.root):
        room.remove(item)
    assert features.array()[3, 0] == 3 and asked(range(4)).extracted == 4
