"""Numbers on the command line."""

import pytest

from tfrun.cli.probe import main as probe
from tfrun.cli.push import main as push


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (push, ["run", "--to", "models", "--keep", "0"], "argument --keep: 0: must be a whole number from 1 up"),
        (probe, ["URL", "--seconds", "1e9"], "argument --seconds: 1e9: must be seconds from 0 to 300"),
        (probe, ["URL", "--rows", "x"], "argument --rows: x: must be a whole number from 1 to 1024"),
        (probe, ["URL", "--tolerance", "nan"], "argument --tolerance: nan: must be a number from 0 up"),
    ],
)
def test_the_rule_is_in_the_message(main, arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and message in capsys.readouterr().err
