"""What goes wrong while a run goes on: real processes, real signals, real full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import tfrun
from tests.started import Started


def quick(module: Path, *more: str) -> list[str]:
    return [
        "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[]", "gate=none", "tracking=none", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, request):
    """A run that got Ctrl-C in the middle of its training: (exit code, standard error, its directory)."""
    folder = tmp_path_factory.mktemp("stopped")
    endless = quick(request.getfixturevalue("module"), "debug=false", "training.epochs=100000", "training.keep=best")
    with Started(folder, *endless) as process:
        metrics = _measurements(process)
        code, _, err = process.send(signal.SIGINT)
    return code, err, metrics.parent


def _measurements(process: Started) -> Path:
    """The file, once the run has written three."""

    def found() -> list[Path]:
        return [path for path in process.folder.glob("runs/*/*/metrics.jsonl") if path.read_text().count("\n") >= 3]

    process.until(found)
    return found()[0]


def test_ctrl_c_ends_cleanly_with_what_was_reached_saved(stopped):
    code, err, directory = stopped
    assert code == 1 and "Traceback" not in err and "stopped" in err
    result = json.loads((directory / "result.json").read_text())
    assert result["status"] == "interrupted" and result["verdict"] == {
        "blessed": False,
        "reasons": [
            f"stopped by the user (Ctrl-C); `python -m tfrun resume {directory.relative_to(directory.parents[2])}` goes on"
        ],
    }
    assert list(directory.glob("checkpoints/step-*/state.npz"))


def test_its_checkpoint_holds_the_heads_weights(stopped):
    newest = sorted(stopped[2].glob("checkpoints/step-*"))[-1]
    with np.load(newest / "state.npz") as stored:
        assert stored["array/weights/head/logits/kernel"].shape[1] == 10 and json.loads(stored["facts"].tobytes())["step"] > 0


def test_a_schedulers_stop_saves_what_was_reached_too(tmp_path, module):
    with Started(tmp_path, *quick(module, "debug=false", "training.epochs=100000")) as process:
        metrics = _measurements(process)
        code, _, _ = process.send(signal.SIGTERM)
    assert json.loads((metrics.parent / "result.json").read_text())["status"] == "interrupted" and code == 75


def test_a_full_disk_is_one_line_and_the_result_says_failed(tmp_path, module):
    """RLIMIT_FSIZE stands in for a full disk: no file can grow past 20 kB."""
    script = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); sys.dont_write_bytecode = True;"
        "sys.argv = ['tfrun', *sys.argv[1:]]; runpy.run_module('tfrun', run_name='__main__')"
    )
    command = [sys.executable, "-c", script, *quick(module, "export=[saved_model]")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("run error")]
    assert "File too large" in line or "No space" in line
    (path,) = tmp_path.glob("runs/*/*/result.json")
    assert json.loads(path.read_text())["status"] == "failed"


def test_a_runs_folder_that_cannot_be_written_is_one_line(tmp_path, module):
    done = tfrun(tmp_path, *quick(module, "runs=/proc/nowhere"))
    assert done.code == 1 and done.err.startswith("run error: runs = /proc/nowhere") and "Traceback" not in done.err


def test_an_unforeseen_error_is_one_line_with_the_traceback_in_the_log_or_on_request(tmp_path, module):
    (tmp_path / "breaking.py").write_text(
        "from tfrun.head.linear import Linear\n\nclass Breaking(Linear):\n    '''Breaks.'''\n"
        "    def build(self, feature_shape, classes, seed):\n        raise ZeroDivisionError('planted')\n"
    )
    (tmp_path / "conf/head").mkdir(parents=True)
    (tmp_path / "conf/head/breaking.yaml").write_text("_target_: breaking.Breaking\n")
    done = tfrun(tmp_path, *quick(module, "head=breaking", "debug=false"))
    assert done.code == 1 and "ZeroDivisionError: planted" in done.err and "Traceback" not in done.err
    (log,) = tmp_path.glob("runs/*/*/log.txt")
    assert str(log.relative_to(tmp_path)) in done.err and "Traceback" in log.read_text()
    shown = tfrun(tmp_path, *quick(module, "head=breaking", "debug=true"))
    assert shown.code == 1 and "Traceback" in shown.err and "breaking.py" in shown.err


def test_a_run_directory_of_ones_choice_is_used_once(tmp_path, module):
    first = tfrun(tmp_path, *quick(module, "hydra.run.dir=here/mine"))
    assert first.code == 0 and (tmp_path / "here/mine/result.json").is_file(), first.err
    again = tfrun(tmp_path, *quick(module, "hydra.run.dir=here/mine"))
    assert again.code == 1 and "holds a finished run already" in again.err
    os.remove(tmp_path / "here/mine/result.json")
    half = tfrun(tmp_path, *quick(module, "hydra.run.dir=here/mine"))
    assert half.code == 0 and "resumed     at step" in half.out  # what did not finish goes on


def test_bad_input_found_in_the_run_is_one_line(tmp_path, module, pictures, signature_only):
    import shutil

    folder = shutil.copytree(pictures, tmp_path / "pictures")
    (folder / "bag/broken.png").write_bytes(b"no picture")
    chosen = ["dataset=image_folder", f"dataset.directory={folder}"]
    fatal = tfrun(tmp_path, *quick(module, *chosen))
    assert fatal.code == 1 and "broken.png" in fatal.err and "Traceback" not in fatal.err
    refused = tfrun(tmp_path, *quick(signature_only, "backbone.output_key=embedding", "training=finetune"))
    assert refused.code == 1 and "cannot be fine-tuned" in refused.err and refused.err.count("\n") == 1
    skipped = tfrun(tmp_path, *quick(module, *chosen, "dataset.on_corrupt=skip", "hydra.run.dir=done"))
    assert skipped.code == 0, skipped.err
    assert json.loads((tmp_path / "done/result.json").read_text())["data"]["skipped_count"] == 1
    assert "skipped" in skipped.out and "broken.png" in (tmp_path / "done/report.html").read_text()


def test_determinism_off_draws_a_seed_and_writes_it_down(tmp_path, module):
    seeds = []
    for name in ("a", "b"):
        done = tfrun(tmp_path, *quick(module, "determinism=off", f"hydra.run.dir={name}"))
        assert done.code == 0, done.err
        result = json.loads((tmp_path / name / "result.json").read_text())
        assert (
            result["determinism"]["level"] == "off"
            and f"\nseed: {result['seed']}\n" in (tmp_path / name / "config.yaml").read_text()
        )
        seeds.append(result["seed"])
    assert seeds[0] != seeds[1]
