"""`python -m tfrun cache`."""

from __future__ import annotations

import pytest

from tests.conftest import tfrun
from tests.store.test_collection import Asked
from tfrun.cli.cache import main
from tfrun.config.problems import ConfigError
from tfrun.store import room
from tfrun.store.lock import locked


@pytest.fixture()
def store(tmp_path):
    Asked(tmp_path, "aa11")(range(50))
    Asked(tmp_path, "bb22")(range(7))
    return tmp_path


def test_it_lists_what_there_is(store, tmp_path):
    done = tfrun(tmp_path, "cache", "--folder", store)
    assert done.code == 0 and not done.err
    assert all(text in done.out for text in ("aa11", "bb22", "50", "features test", "last used"))


def test_it_clears_all_or_one(store, capsys):
    assert main(["--folder", str(store), "--clear", "aa11"]) == 0
    assert [item.key for item in room.items(store)] == ["bb22"]
    assert main(["--folder", str(store), "--clear"]) == 0
    assert room.items(store) == [] and "removed" in capsys.readouterr().out


def test_only_what_is_old(store):
    main(["--folder", str(store), "--clear", "--older-than", "1h"])
    assert len(room.items(store)) == 2


def test_what_is_being_written_stays(store, capsys):
    with locked(store, "aa11"):
        main(["--folder", str(store), "--clear"])
    assert [item.key for item in room.items(store)] == ["aa11"] and "another process" in capsys.readouterr().out


def test_an_empty_store_is_no_error(tmp_path, capsys):
    assert main(["--folder", str(tmp_path)]) == 0 and "0 B" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clear", "aa12"], "no such key"),
        (["--older-than", "soon"], "must be an age, like 12h or 30d"),
    ],
)
def test_wrong_arguments_are_one_line(store, arguments, message):
    with pytest.raises(ConfigError, match=message) as caught:
        main(["--folder", str(store), *arguments])
    assert "\n" not in str(caught.value)
