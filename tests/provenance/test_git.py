from tests.provenance.conftest import git as run_git
from tfrun.provenance.git import diff, git


def test_commit_changes_and_untracked_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert git() == {"commit": "none", "dirty": False, "untracked": []}
    run_git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("one\n")
    assert git()["commit"] == "none" and git()["untracked"] == ["a.txt"]
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-qm", "a")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/result.json").write_text("{}")
    assert git() == {"commit": run_git(tmp_path, "rev-parse", "HEAD"), "dirty": False, "untracked": []} and diff() == ""
    (tmp_path / "a.txt").write_text("two\n")
    assert git()["dirty"] and "-one\n+two\n" in diff()


def test_a_long_diff_is_cut_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "commit", "-qm", "a")
    (tmp_path / "a.txt").write_text("ä" * 40 + "\n" + "line of some length\n" * 100_000)
    assert len(diff().encode()) < 1_001_000 and diff().endswith("bytes, 1,000,000 are kept\n")


def test_without_git_nothing_is_known_and_nothing_fails(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git()["commit"] == "none" and diff() == ""
