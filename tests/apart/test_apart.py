"""Children that work, fail, die, hang, eat memory, or whose parent is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tfrun.apart import Failed, Server, apart, server
from tfrun.apart.limits import Limits

WORKS = "tests.apart.works"


def test_a_child_has_tensorflow_and_returns_what_its_function_returns():
    assert apart(f"{WORKS}:add", a=1.5, b=2.0) == 3.5
    folder, _, loaded = apart(f"{WORKS}:where")
    assert folder == os.getcwd() and loaded


def test_children_work_side_by_side():
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda number: apart(f"{WORKS}:add", a=number, b=1), range(6))) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name, says", [
    ("fail", "the file is broken"), ("die", "was killed by signal 6"), ("leave", "ended with code 7 out of paper"),
    ("nothing", "no attribute 'nothing'"),
])  # fmt: skip
def test_what_goes_wrong_is_told_in_one_line(name, says):
    with pytest.raises(Failed) as error:
        apart(f"{WORKS}:{name}")
    assert says in str(error.value) and "\n" not in str(error.value)
    assert apart(f"{WORKS}:add", a=1, b=1) == 2  # the others go on


def test_a_child_that_hangs_is_ended_with_all_that_it_started(tmp_path):
    with pytest.raises(Failed, match=r"took longer than 3 s and was stopped"):
        apart(f"{WORKS}:hang", Limits(seconds=3), started=str(tmp_path / "pids"))
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        assert ended(pid)


def test_a_child_that_eats_memory_is_ended():
    with pytest.raises(Failed, match=r"held 0\.\d+ GB of memory, more than 0.30 GB, and was stopped"):
        apart(f"{WORKS}:eat", Limits(seconds=60, memory=300_000_000))


def test_a_killed_server_is_replaced():
    first = server()
    os.kill(first._process.pid, signal.SIGKILL)
    first._process.wait(10)
    assert apart(f"{WORKS}:add", a=2, b=2) == 4 and server() is not first


def test_work_that_a_killed_server_had_not_begun_is_told_as_lost():
    loading = Server()
    work = loading.start(f"{WORKS}:add", Limits(), a=1, b=1)
    os.kill(loading._process.pid, signal.SIGKILL)
    with pytest.raises(Failed, match="add was killed by signal 9") as error:
        work.answer()
    assert error.value.killed
    loading.close()


def test_nothing_outlives_a_killed_parent(tmp_path):
    code = (
        "import sys; from tfrun.apart import apart, server\n"
        "print(server()._process.pid, flush=True)\n"
        f"apart('{WORKS}:hang', started=sys.argv[1])\n"
    )
    started = tmp_path / "pids"
    parent = subprocess.Popen([sys.executable, "-c", code, str(started)], stdout=subprocess.PIPE, text=True)
    pids = [int(parent.stdout.readline())]
    waited = threading.Event()
    while not (started.is_file() and started.read_text()):
        assert parent.poll() is None
        waited.wait(0.05)
    pids += map(int, started.read_text().split()[:1])
    helper = int(started.read_text().split()[1])
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert all(ended(pid) for pid in [*pids, helper])


def ended(pid: int) -> bool:
    """Within ten seconds."""
    try:
        process = psutil.Process(pid)
        psutil.wait_procs([process], timeout=10)
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_folder_of_a_job_is_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    apart(f"{WORKS}:add", a=1, b=1)
    assert not list(Path(tmp_path).iterdir())


def test_a_server_forked_off_a_loaded_process_is_ready_at_once_and_holds_nothing_back(tmp_path):
    """The lock of a run and the pipe to its companion end with their process, though the server outlives it for a moment."""
    code = (
        "import fcntl, os, subprocess, sys, time\n"
        "from tfrun.quiet import import_tensorflow\n"
        "from tfrun import apart\n"
        "lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "listener = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "import_tensorflow(lambda: apart.server(forked=True))\n"
        f"assert apart.apart('{WORKS}:add', a=1.5, b=2) == 3.5\n"
        "import tensorflow as tf; assert float(tf.constant(1.0) + 1) == 2.0\n"
        f"assert apart.apart('{WORKS}:add', a=1.5, b=2) == 3.5\n"
        "listener.stdin.close(); assert listener.wait(5) == 0\n"
        "lock.close(); fcntl.flock(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "process = apart.server()._process; print(type(process).__name__, process.pid)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "lock"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kind, pid = done.stdout.split()
    assert kind == "Forked" and ended(int(pid))


def test_a_child_can_have_work_done_apart_without_another_import():
    kind, answer, _ = apart("tests.apart.nested:inner")
    assert (kind, answer) == ("Forked", 3.0)


def test_a_process_that_has_read_with_arrow_can_fork_its_server():
    """Arrow wakes itself by a pipe and aborts every fork in which that pipe is gone."""
    code = (
        "import io, os, pyarrow.csv\n"
        "others = [open(os.devnull) for _ in range(8)]\n"
        "assert pyarrow.csv.read_csv(io.BytesIO(b'a\\n1\\n')).num_rows == 1\n"
        "from tfrun.quiet import import_tensorflow\n"
        "from tfrun import apart\n"
        "import_tensorflow(lambda: apart.server(forked=True))\n"
        f"assert apart.apart('{WORKS}:add', a=1.5, b=2) == 3.5\n"
        "print(type(apart.server()._process).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "Forked", done.stderr
