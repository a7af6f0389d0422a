"""The command line: `python -m tfrun +experiment=NAME …` or `python -m tfrun VERB …`."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from typing import NoReturn

import tfrun
from tfrun.ending import end
from tfrun.training.stopping import Terminated, terminate

START_ME_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: "the user is invited to retry"

VERBS = {
    "list": "tfrun.cli.list",
    "show": "tfrun.cli.show",
    "check": "tfrun.cli.check",
    "advise": "tfrun.cli.advise",
    "check-data": "tfrun.cli.check_data",
    "resume": "tfrun.cli.resume",
    "rerun": "tfrun.cli.rerun",
    "export": "tfrun.cli.export",
    "check-contract": "tfrun.cli.check_contract",
    "compare": "tfrun.cli.compare",
    "analyze": "tfrun.cli.analyze",
    "sync": "tfrun.cli.sync",
    "init": "tfrun.cli.init",
    "schema": "tfrun.cli.schema",
    "cache": "tfrun.cli.cache",
    "push": "tfrun.cli.push",
    "promote": "tfrun.cli.promote",
    "rollback": "tfrun.cli.rollback",
    "probe": "tfrun.cli.probe",
    "serve": "tfrun.cli.serve",
}


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 failed, 2 wrong config, 3 done but not blessed, 4 a data check failed, 75 start me again."""
    argv = sys.argv[1:] if argv is None else argv
    sys.stdout.reconfigure(errors="replace")  # a screen without "×" or "–" is no reason to fail
    signal.signal(signal.SIGTERM, terminate)  # a scheduler's "stop" saves what was reached, like Ctrl-C
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # a user's own component classes live where the user stands
    from tfrun.cli.summary import show_problems
    from tfrun.config.problems import ConfigError, Problem, TfrunError, nearest

    try:
        if argv and argv[0] in VERBS:
            return importlib.import_module(VERBS[argv[0]]).main(argv[1:])
        if "--version" in argv:  # Hydra's parser would print its own
            print(f"tfrun {tfrun.__version__}")
            return 0
        if argv and argv[0].replace("-", "").isalpha() and not argv[0].startswith("-"):
            raise ConfigError(Problem(argv[0], "no such verb", nearest(argv[0], VERBS)))
        from tfrun.cli.app import run_app

        return run_app(argv)
    except TfrunError as error:
        if "debug=true" in argv:
            traceback.print_exc()
        show_problems(error)
        return error.exit_code
    except Terminated as stop:
        print(str(stop) or "stopped by SIGTERM: start the same command or `python -m tfrun resume DIR` again", file=sys.stderr)
        return START_ME_AGAIN
    except KeyboardInterrupt as stop:
        print(str(stop) or "stopped: what was reached is in the run directory", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # `tfrun list | head` is no error
        return 0


def command() -> NoReturn:
    """What `tfrun` and `python -m tfrun` are: `main`, and the end of the process."""
    end(main())


if __name__ == "__main__":
    command()
