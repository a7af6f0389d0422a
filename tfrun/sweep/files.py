"""The files of a sweep that are kept fresh while it goes on: `sweep.json` at each change, `sweep.html` from time to time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tfrun.apart import Failed, Work, server
from tfrun.apart.limits import Limits
from tfrun.record.console import Console
from tfrun.sweep import page, summary

if TYPE_CHECKING:
    from tfrun.sweep.study import Study

_EVERY, _SHARE = 5.0, 20  # seconds between pages; and so many times as long as a page takes
_LONGEST = 300.0  # seconds that a page may take


class Files:
    """Writes beside the sweep, in children of the server, so that trials are refilled meanwhile."""

    def __init__(self, study: Study, console: Console):
        self.study, self.console = study, console
        self._work: Work | None = None
        self._next, self._changed, self._warned = 0.0, False, False

    def changed(self) -> None:
        """A trial has."""
        summary.write(self.study, "running")
        self._changed = True

    def looked(self) -> None:
        """Called often: starts a page when it is time for one."""
        if self._work and self._work.ended:
            self._end()
        self._work and self._work.watch()
        if self._changed and not self._work and time.monotonic() >= self._next:
            self._changed = False
            self._begin()

    def close(self, state: str) -> None:
        """The last ones. state: as in `summary.write`."""
        if self._work:
            self._end()
        summary.write(self.study, state)
        self._begin()
        self._end()

    def _begin(self) -> None:
        self._work = server().start("tfrun.sweep.page:write_apart", Limits(_LONGEST), directory=str(self.study.directory))

    def _end(self) -> None:
        work, self._work = self._work, None
        try:
            took = work.answer()
            self._next = time.monotonic() + max(_EVERY, _SHARE * took)
        except Failed as failed:
            self._next = time.monotonic() + _LONGEST
            if not self._warned:
                self.console.warning(f"{page.NAME} could not be written: {failed}")
            self._warned = True
