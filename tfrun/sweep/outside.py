"""What is seen of a sweep from outside while it goes on: the screen, the files beside it, and its tracking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfrun.record.console import Console
from tfrun.sweep.board import Board
from tfrun.sweep.files import Files
from tfrun.sweep.store import Trial

if TYPE_CHECKING:
    from tfrun.sweep.study import Study
    from tfrun.tracking import Session


class Outside:
    """Listens to a study. Nothing of it waits for a server, and the study waits for nothing of it but the writing of sweep.json."""

    def __init__(self, study: Study, console: Console, board: Board):
        self.study, self.console, self.board = study, console, board
        self.directory = study.directory
        self._files = Files(study, console)
        self._session: Session | None = None
        self._began = False
        study.told, study.looked = self._told, self._files.looked
        board.watch(study)

    @property
    def tracks(self) -> bool:
        """Trials are sent with the sweep."""
        return self._session is not None

    def _told(self, trial: Trial) -> None:
        self._files.changed()
        self._begin()
        self.board.show(trial)

    def _begin(self) -> None:
        """Not before the directory is this sweep's alone, and sweep.json is there."""
        if not self._began and self.study.base.debug != "fast":
            self._session = self.study.base.tracking.start_sweep(self)
        self._began = True

    def done(self) -> None:
        """No trial is left: the page is there while the best one is finished."""
        self._files.close("done")
        self._begin()  # where no trial was left to be gone on with

    def close(self, state: str) -> None:
        """The last files, and the end of tracking. state: done, or stopped before its end."""
        if not self._began:
            return  # another process may be at work on this directory
        self._files.close(state)
        if self._session is not None:
            self._session.finish(self, None)

    def say(self, text: str) -> None:
        self.console.line(text)

    def warn(self, text: str) -> None:
        self.console.warning(text)
