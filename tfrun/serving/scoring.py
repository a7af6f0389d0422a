"""MLflow's scoring server over an exported SavedModel, in this process: nothing can be left behind when it ends."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from tfrun.config.problems import Problem, RunError, shorten
from tfrun.serving.evidence import Evidence


def listening(host: str, port: int) -> socket.socket:
    """port: 0: one that is free. Raises RunError where it cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0  # negative for names of hosts that are not known
        rule = f"cannot be listened on ({os.strerror(number) if number > 0 else error})"
        raise RunError(Problem(f"{host}:{port}", rule, "choose another --port, or 0 for one that is free")) from error


def app(run: Evidence, saved_model: Path):
    """The ASGI application: POST /invocations, GET /ping, /health, /version. Raises RunError for what cannot be loaded."""
    from tfrun.quiet import import_tensorflow, native_output_to
    from tfrun.tracking.mlflow_model import save_model

    import_tensorflow()
    from mlflow.pyfunc import load_model, scoring_server

    with tempfile.TemporaryDirectory(prefix="tfrun-serve-") as folder:  # read into memory by what follows
        try:
            with native_output_to(Path(folder) / "chatter.txt"):  # progress, and advice to whoever writes such a model
                save_model(run.directory, saved_model, Path(folder) / "model")
                return scoring_server.init(load_model(str(Path(folder) / "model")))
        except Exception as error:  # TensorFlow and MLflow raise errors of many kinds for what is damaged
            what = f"cannot be loaded ({type(error).__name__}: {shorten(error, 200)})"
            raise RunError(Problem(str(saved_model), what, "run the experiment again")) from error


def serve(application, where: socket.socket, ready: Callable[[], None]) -> None:
    """Until Ctrl-C or a SIGTERM, which end what is being answered first. ready: called when it takes requests."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            ready()

    config = uvicorn.Config(application, log_level="warning", access_log=False, timeout_graceful_shutdown=10)
    Server(config).run(sockets=[where])
