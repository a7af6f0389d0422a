"""`python -m tfrun.strategy.worker`: a process that helps another one of this machine to train.

Standard input has one JSON line: `tf_config` (its place in the cluster) and `experiment` (a worker that runs the same
training), or no experiment (a server that does what it is told). When standard input ends, so does the process.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from tfrun.ending import end


def main() -> int:
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    os.environ["TF_CONFIG"] = job["tf_config"]
    from tfrun.config.problems import TfrunError

    try:
        return _work(job)
    except TfrunError as error:
        print("; ".join(map(str, error.problems)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 0


def _work(job: dict) -> int:
    if job.get("experiment") is None:
        from tfrun.strategy.cluster import from_tf_config
        from tfrun.strategy.server import serve

        serve(from_tf_config(job["tf_config"]))
    from tfrun.config.load import from_mapping
    from tfrun.run import run

    run(from_mapping(job["experiment"]))
    return 0


def _end_with_parent() -> None:
    while os.read(0, 1024):  # not through sys.stdin: its lock must be free when Python ends
        pass
    os._exit(0)


if __name__ == "__main__":
    end(main())
