"""A repository of versions: what it holds after each command, also after those that were killed, refused or raced."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from tests.conftest import tfrun
from tests.serving.runs import finished_run
from tfrun.config.problems import RunError
from tfrun.export.size import hash_of
from tfrun.serving.evidence import NotBlessed, evidence
from tfrun.serving.lock import alone
from tfrun.serving.repository import Repository


@pytest.fixture()
def run(tmp_path) -> Path:
    return finished_run(tmp_path / "run")


@pytest.fixture()
def repository(tmp_path) -> Repository:
    return Repository(tmp_path / "models", wait=0)


def config(repository: Repository, stem: str = "models", name: str = "shoes"):
    """The entry of a model: (versions that are loaded, version by label)."""
    folder = repository.folder if stem == "models" else repository.folder / name
    parsed = text_format.Parse((folder / f"{stem}.config").read_text(), ModelServerConfig())
    (entry,) = [entry for entry in parsed.model_config_list.config if entry.name == name]
    assert entry.base_path == f"/models/{name}" and entry.model_platform == "tensorflow"
    return list(entry.model_version_policy.specific.versions), dict(entry.version_labels)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def versions(repository: Repository) -> list[str]:
    """What is in a model's folder besides its configs."""
    return [name for name in names(repository.folder / "shoes") if not name.endswith(".config")]


def actions(repository: Repository) -> list[tuple[str, int]]:
    return [(line["action"], line["version"]) for line in repository.history.lines()]


def test_a_push_copies_the_measured_bytes_and_says_where_they_are_from(run, repository):
    done = repository.push(evidence(run))
    assert (done.version, done.labels) == (1, {"canary": 1})
    assert names(repository.folder) == [".lock", "history.jsonl", "models.config", "shoes"]
    assert names(repository.folder / "shoes") == ["1", "canary.config", "stable.config"]
    assert hash_of(repository.folder / "shoes/1") == hash_of(run / "exports/serving/shoes/1700000000")
    assert config(repository) == ([1], {"canary": 1}) == config(repository, "canary")
    (line,) = repository.history.lines()
    assert line["run"]["directory"] == str(run.resolve()) and line["run"]["metrics"] == {"accuracy": 0.9}
    assert {"time", "user", "host", "sha256", "name"} <= set(line)


def test_the_life_of_three_versions(run, repository, tmp_path):
    repository.push(evidence(run), label="stable")
    repository.push(evidence(finished_run(tmp_path / "second", b"other weights")))
    assert config(repository) == ([1, 2], {"stable": 1, "canary": 2})
    assert config(repository, "stable") == ([1], {"stable": 1})
    assert repository.promote("shoes").labels == {"stable": 2, "canary": 2}
    assert config(repository) == ([1, 2], {"stable": 2, "canary": 2}), "the one before stays loaded for a rollback"
    repository.push(evidence(run))
    repository.promote("shoes")
    assert not repository.promote("shoes").changed
    assert [repository.rollback("shoes").version, repository.rollback("shoes").version] == [2, 1]
    assert config(repository) == ([1, 3], {"stable": 1, "canary": 3})
    with pytest.raises(RunError, match=r"shoes: has no earlier stable version \(stable: 1\)"):
        repository.rollback("shoes")
    assert repository.promote("shoes", 3).labels["stable"] == 3 and repository.rollback("shoes").version == 1


def test_old_versions_are_removed_that_nothing_needs(run, repository):
    repository.push(evidence(run), label="stable")
    for _ in range(3):
        repository.push(evidence(run))
    assert repository.push(evidence(run), keep=2).removed == (2, 3)
    assert versions(repository) == ["1", "4", "5"]
    with pytest.raises(RunError, match="shoes 2: is not in the repository; choose from 1, 4, 5"):
        repository.promote("shoes", 2)


def test_what_others_wrote_into_models_config_stays(run, repository):
    repository.folder.mkdir()
    others = 'model_config_list { config { name: "hats" base_path: "/elsewhere/hats" model_platform: "tensorflow" } config { name: "shoes" base_path: "/mnt/shoes" } }'
    (repository.folder / "models.config").write_text(others)
    repository.push(evidence(run))
    parsed = text_format.Parse((repository.folder / "models.config").read_text(), ModelServerConfig())
    assert [(entry.name, entry.base_path) for entry in parsed.model_config_list.config] == [
        ("hats", "/elsewhere/hats"),
        ("shoes", "/mnt/shoes"),
    ]
    (repository.folder / "models.config").write_text("model_config_list {")
    with pytest.raises(RunError, match=r"models.config: cannot be read \(.*\); mend it, or remove it"):
        repository.push(evidence(run))
    assert versions(repository) == ["1"]


def test_a_repository_made_by_hand_keeps_what_it_serves(run, repository):
    (repository.folder / "shoes/3").mkdir(parents=True)
    text = 'config { name: "shoes" base_path: "/models/shoes" model_platform: "tensorflow" version_labels { key: "stable" value: 3 } }'
    (repository.folder / "models.config").write_text(f"model_config_list {{ {text} }}")
    assert repository.push(evidence(run)).labels == {"stable": 3, "canary": 4}
    assert repository.promote("shoes").labels["stable"] == 4
    assert config(repository) == ([3, 4], {"stable": 4, "canary": 4}), "a rollback would go to 3"


@pytest.mark.parametrize(
    ("about", "error", "message"),
    [
        ({"blessed": False}, NotBlessed, "is not blessed .test accuracy 0.5 is below"),
        ({"passed": False}, NotBlessed, "serving did not pass .gives NaN or infinity"),
        ({"status": "failed"}, RunError, "did not finish"),
    ],
)
def test_what_did_not_pass_is_refused(tmp_path, repository, about, error, message):
    with pytest.raises(error, match=message):
        repository.push(evidence(finished_run(tmp_path / "bad", **about)))
    assert not repository.folder.exists()


def test_exit_codes_and_one_line(tmp_path):
    bad = tfrun(tmp_path, "push", finished_run(tmp_path / "bad", blessed=False), "--to", "models")
    assert bad.code == 3 and bad.err.startswith("run error: ") and bad.err.count("\n") == 1
    good = finished_run(tmp_path / "good")
    done = tfrun(tmp_path, "push", good / "exports/serving", "--to", "models", "--label", "stable", "--name", "boots")
    assert done.code == 0 and "pushed      boots version 1: models/boots/1, 0.0 MB\nlabels      stable 1" in done.out
    missing = tfrun(tmp_path, "rollback", "models", "bots")
    assert missing.code == 1 and "bots: is no model of models; did you mean 'boots'?" in missing.err


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda run: (run / "exports/serving/shoes/1700000000/saved_model.pb").write_bytes(b"grapf"),
            "is not what was measured",
        ),
        (lambda run: shutil.rmtree(run / "exports/serving/shoes"), "is gone or empty"),
        (lambda run: (run / "result.json").write_text('{"status": "done"'), "result.json: cannot be read"),
        (lambda run: (run / "result.json").write_text('{"status": "done"}'), "result.json: is damaged .name: Field required"),
        (lambda run: (run / "result.json").write_text("[]"), "result.json: is damaged"),
        (lambda run: (run / "result.json").unlink(), "holds no result.json"),
    ],
)
def test_damage_of_the_run_is_one_line(run, repository, damage, message):
    damage(run)
    with pytest.raises(RunError, match=message) as caught:
        repository.push(evidence(run))
    assert "\n" not in str(caught.value) and not repository.folder.exists()


def test_damage_of_a_version_keeps_it_from_becoming_stable(run, repository):
    repository.push(evidence(run))
    (repository.folder / "shoes/1/saved_model.pb").write_bytes(b"grapf")
    with pytest.raises(RunError, match="is damaged: it is not what was pushed"):
        repository.promote("shoes")
    (repository.folder / "shoes/7").mkdir()  # half a copy, made by hand
    with pytest.raises(RunError, match=r"is no whole version: it holds no saved_model.pb"):
        repository.promote("shoes", 7)
    assert repository.push(evidence(run)).version == 8


def test_a_damaged_history_stops_every_command(run, repository):
    repository.push(evidence(run))
    content = repository.history.path.read_text()
    repository.history.path.write_text("{}\n" + content)
    with pytest.raises(RunError, match=r"history.jsonl: line 1 is damaged"):
        repository.promote("shoes")
    repository.history.path.write_text(content + '{"half a li')  # a killed process: as if it had never begun
    assert repository.push(evidence(run)).version == 2
    assert actions(repository) == [("push", 1), ("push", 2)]


def test_a_repository_inside_the_run_is_refused(run):
    with pytest.raises(RunError, match="is inside the run itself"):
        Repository(run / "exports/serving").push(evidence(run))


def test_two_processes_push_at_once(tmp_path):
    """Both end as whole versions with different numbers; neither is lost."""
    runs = [finished_run(tmp_path / f"run{number}", bytes([number]) * 5_000_000) for number in range(2)]
    pushes = [
        subprocess.Popen([sys.executable, "-m", "tfrun", "push", str(run), "--to", "models"], cwd=tmp_path) for run in runs * 2
    ]
    assert [push.wait(timeout=120) for push in pushes] == [0] * 4
    folder, repository = tmp_path / "models/shoes", Repository(tmp_path / "models")
    assert versions(repository) == ["1", "2", "3", "4"]
    pushed = {line["version"]: line["sha256"] for line in repository.history.lines()}
    assert pushed == {version: hash_of(folder / str(version)) for version in (1, 2, 3, 4)}
    assert len(set(pushed.values())) == 2


def test_another_writer_is_named(run, repository):
    repository.folder.mkdir()
    with (
        alone(repository.folder, 0, print),
        pytest.raises(RunError, match=rf"is being written by another process \(process {os.getpid()} of .* on .* since"),
    ):
        repository.push(evidence(run))
    (repository.folder / ".lock").write_text(
        '{"pid": 1, "user": "gone", "host": "away", "since": "long ago"}'
    )  # of one that was killed
    assert repository.push(evidence(run)).version == 1


# Kills itself with SIGKILL right before the n-th call that changes what is on disk.
_KILLED = """
import os, signal, sys
left = int(sys.argv.pop(1))
def audited(event, arguments):
    global left
    path = str(arguments[0]) if arguments else ""
    changes = event in ("os.rename", "os.mkdir", "os.truncate") or event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
    if changes and "models" in path:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
from tfrun.__main__ import main
import tfrun.serving.repository, tfrun.cli.push, tensorflow_serving.config.model_server_config_pb2
sys.addaudithook(audited)
sys.exit(main(sys.argv[1:]))
"""


def test_a_push_that_is_killed_at_any_moment_loses_nothing(run, tmp_path):
    """At each step on disk in turn, until a push gets through: readers see whole versions only, and the next push is sound."""
    outcomes = []
    for moment in range(1, 100):
        repository = Repository(tmp_path / f"models{moment}", wait=0)
        repository.push(evidence(run), label="stable")
        killed = subprocess.run(
            [sys.executable, "-c", _KILLED, str(moment), "push", run, "--to", repository.folder], capture_output=True
        )
        visible = [name for name in versions(repository) if not name.startswith(".")]
        sound = hash_of(repository.folder / "shoes/1")
        assert all(hash_of(repository.folder / "shoes" / name) == sound for name in visible), visible
        assert config(repository)[1] in ({"stable": 1}, {"stable": 1, "canary": 2})
        assert set(config(repository)[1].values()) <= set(map(int, visible)), "no label of what is not there"
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        committed = len(repository.history.lines()) == 2
        done = repository.push(evidence(run))
        assert done.version == (3 if committed else 2) and done.labels == {"stable": 1, "canary": done.version}
        assert versions(repository) == [str(number) for number in range(1, done.version + 1)], "nothing hidden is left"
        outcomes.append(committed)
    assert killed.returncode == 0 and len(outcomes) > 8 and sorted(outcomes) == outcomes and {True, False} == set(outcomes)


@pytest.fixture()
def mounted(tmp_path):
    """A small file system of its own: (folder, remount with options)."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    if (
        os.getuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode
    ):
        pytest.skip("mounting a file system needs root")
    yield folder, lambda options: subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_one_line_and_nothing_is_lost(mounted, tmp_path, run):
    repository = Repository(mounted[0] / "models", wait=0)
    repository.push(evidence(run), label="stable")
    before = {name: (repository.folder / name).read_bytes() for name in ("history.jsonl", "models.config")}
    big = finished_run(tmp_path / "big", os.urandom(3_000_000))
    done = tfrun(tmp_path, "push", big, "--to", repository.folder)
    assert done.code == 1 and done.err.count("\n") == 1
    assert "cannot be written (No space left on device); make room: a version needs 3.0 MB; what is there is whole" in done.err
    assert versions(repository) == ["1"]
    assert before == {name: (repository.folder / name).read_bytes() for name in before}
    assert repository.push(evidence(run)).version == 2, "room for a small one"


def test_a_disk_without_room_for_a_line_of_history_loses_nothing(mounted, run, tmp_path):
    repository = Repository(mounted[0] / "models", wait=0)
    repository.push(evidence(run), label="stable")
    repository.push(evidence(run))
    with (mounted[0] / "filler").open("wb") as file, pytest.raises(OSError, match="No space left"):
        while True:
            os.write(file.fileno(), bytes(4096))
    lines = repository.history.lines()
    for _ in range(20):  # lines that still fit into the last page of the file
        try:
            repository.promote("shoes", 2)
            repository.rollback("shoes")
        except RunError as error:
            assert "No space left on device" in str(error)
    (mounted[0] / "filler").unlink()
    assert repository.history.lines()[:2] == lines and repository.promote("shoes", 1).version == 1
    assert config(repository)[1] == {"stable": 1, "canary": 2}


def test_a_repository_that_cannot_be_written_is_one_line(mounted, run, tmp_path):
    repository = Repository(mounted[0] / "models", wait=0)
    repository.push(evidence(run), label="stable")
    mounted[1]("ro")
    done = tfrun(tmp_path, "push", run, "--to", repository.folder)
    mounted[1]("rw")
    assert done.code == 1 and "cannot be written (Read-only file system)" in done.err and done.err.count("\n") == 1
