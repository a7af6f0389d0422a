"""A real Chromium for tests, and folders served to it as any static file server does."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tfrun.export import Artifact
from tfrun.export.measure import Worker, measured

RUNTIMES = ROOT / "tfrun/export/runtime"


def runtime(name: str):
    """A file of tfrun/export/runtime, imported as a worker does: without tfrun, its folder last on the path."""
    if str(RUNTIMES) not in sys.path:
        sys.path.append(str(RUNTIMES))
    return importlib.import_module(name)


def _missing() -> str:
    try:
        runtime("browser").executable()
        import playwright.sync_api  # noqa: F401
    except (runtime("wire").Missing, ImportError) as missing:
        return f"needs a browser: {missing}"
    return ""


MISSING = _missing()  # why there is no browser, or nothing
needs_browser = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@contextlib.contextmanager
def chromium() -> Iterator:
    from playwright.sync_api import sync_playwright

    browser = runtime("browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser.executable(), args=[*browser.FLAGS, "--no-sandbox"])
        yield running
        running.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address of a server that knows nothing of models: no headers of its own, no types of its own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def remeasured(artifact: Artifact, directory: Path, held, evaluation, allowed: float | None = None) -> Artifact:
    with Worker(artifact.runtime) as worker:
        return measured(artifact, worker, directory / artifact.path, held, evaluation, allowed)
