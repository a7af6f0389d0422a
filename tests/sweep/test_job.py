"""The folder between a sweep and a job on another machine."""

from __future__ import annotations

from tfrun.apart import Failed
from tfrun.apart.limits import Limits
from tfrun.sweep.job import Job, conduct, opened


def test_a_machine_that_does_not_see_the_folder_says_so(tmp_path):
    told = conduct(str(tmp_path / "sweep/.jobs/0"))
    assert "cannot see" in told["blind"] and str(tmp_path / "sweep/.jobs/0/order.json") in told["blind"]


def test_what_a_trial_raises_is_in_the_answer_and_an_earlier_answer_is_gone(tmp_path):
    job = Job.of(0, tmp_path / "sweep/0")
    job.give({"_target_": "nowhere.Experiment"}, tmp_path / "sweep/0", None, Limits())
    assert job.answer() is None and not job.has_begun
    told = conduct(str(job.folder))
    assert job.has_begun and job.answer() == told and told["seconds"] > 0
    failed = opened(told)
    assert isinstance(failed, Failed) and not failed.killed
    assert "nowhere.Experiment: cannot be imported" in str(failed) and "Traceback" in failed.traceback
    job.give({}, tmp_path / "sweep/0", None, Limits())
    assert job.answer() is None and not job.has_begun
