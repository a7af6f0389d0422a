"""One database for several sweeps, which run at the same time in processes of their own."""

from __future__ import annotations

import pytest

from tests.conftest import tfrun
from tests.sweep.small import Started, command
from tfrun.config.problems import RunError
from tfrun.sweep.store import store_of


def states(folder, url: str) -> dict[int, str]:
    store = store_of(folder / "sweep", url)
    try:
        return {trial.number: trial.state for trial in store.trials()}
    finally:
        store.close()


@pytest.mark.long
def test_two_sweeps_at_a_time_share_a_database_and_each_goes_on_from_it(tmp_path, module):
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    sweep = command(module, "training.epochs=2", f"sweep.storage={url}", "sweep.workers=1")
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    with Started(one, *sweep, "seed=1,2") as first, Started(two, *sweep, "seed=3,4,5") as second:
        assert first.ended()[0] == 0, first.err
        second.until(lambda directory: (directory / "1").is_dir())
        second.kill()
    assert states(one, url) == {0: "done", 1: "done"}
    done = tfrun(two, "resume", "sweep", f"sweep.storage={url}")
    assert done.code == 0, done.err
    assert states(two, url) == {0: "done", 1: "done", 2: "done"} and states(one, url) == {0: "done", 1: "done"}
    assert not list(tmp_path.glob("*/sweep/sweep.db"))


def test_a_driver_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(RunError, match="needs MySQLdb, not installed here"):
        store_of(tmp_path, "mysql+mysqldb://127.0.0.1/sweeps")
