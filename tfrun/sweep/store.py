"""The state of a sweep in a database: every event is there before the next one happens."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Float, Integer, MetaData, String, Table, Text, create_engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from tfrun.config.problems import Problem, RunError
from tfrun.sweep import Report, Suggestion

_META = MetaData()
_SWEEPS = Table(
    "sweeps", _META, Column("name", String(200), primary_key=True), Column("facts", Text, nullable=False), Column("state", String(20), nullable=False)
)  # fmt: skip
_EVENTS = Table(
    "events", _META, Column("number", Integer, primary_key=True, autoincrement=True), Column("sweep", String(200), index=True),
    Column("time", Float), Column("kind", String(10)), Column("content", Text),
)  # fmt: skip
_TRIALS = Table(
    "trials", _META, Column("sweep", String(200), primary_key=True), Column("number", Integer, primary_key=True), Column("state", String(20)),
    Column("content", Text),
)  # fmt: skip


@dataclass
class Trial:
    """One trial, as it stands. measured: what objectives are taken from, at its end or its last pause. seconds: of all its
    work. killed: how often from outside. error: one line; traceback: of what it raised.
    """

    number: int
    values: dict[str, Any]
    state: str = "running"
    directory: str = ""
    until: float | None = None
    epochs: float = 0.0
    objectives: list[float] | None = None
    measured: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    ended: float = 0.0
    seconds: float = 0.0
    killed: int = 0
    error: str = ""
    traceback: str = ""
    artifacts: list[dict[str, Any]] = field(default_factory=list)


def store_of(directory: Path, url: str | None) -> SweepStore:
    """Of the sweep in `directory`: in a database of its own there, or in the one at `url`, by the last two parts of its path."""
    if url is None:
        return SweepStore(f"sqlite:///{directory / 'sweep.db'}", "sweep")
    return SweepStore(url, "/".join(directory.resolve().parts[-2:]))


class SweepStore:
    """One sweep in the database at `url`. name: of the sweep, among those that share the database.

    Raises RunError where the database cannot be reached or written.
    """

    def __init__(self, url: str, name: str):
        self.url, self.name = url, name
        with self._told():
            self._engine = create_engine(url)
            try:
                _META.create_all(self._engine)
            except SQLAlchemyError:  # another sweep makes them at this moment
                _META.create_all(self._engine)

    def facts(self) -> dict[str, Any] | None:
        """What the sweep was begun with; None: it is new."""
        with self._told(), self._engine.connect() as connection:
            row = connection.execute(select(_SWEEPS.c.facts).where(_SWEEPS.c.name == self.name)).first()
        return json.loads(row[0]) if row else None

    def begin(self, facts: dict[str, Any]) -> None:
        with self._told(), self._engine.begin() as connection:
            connection.execute(insert(_SWEEPS).values(name=self.name, facts=json.dumps(facts), state="running"))

    def end(self, state: str) -> None:
        with self._told(), self._engine.begin() as connection:
            connection.execute(update(_SWEEPS).where(_SWEEPS.c.name == self.name).values(state=state))

    def asked(self, suggestion: Suggestion | None, trial: Trial | None) -> None:
        """None, None: the engine had nothing to suggest then; that too is part of what it went through."""
        content = {"number": suggestion.number, "values": suggestion.values, "until": suggestion.until} if suggestion else None
        self._write("ask", content, trial)

    def told(self, report: Report, trial: Trial) -> None:
        self._write("tell", vars(report), trial)

    def _write(self, kind: str, content: Any, trial: Trial | None) -> None:
        with self._told(), self._engine.begin() as connection:
            connection.execute(
                insert(_EVENTS).values(sweep=self.name, time=time.time(), kind=kind, content=json.dumps(content))
            )
            if trial is not None:
                self._put(connection, trial)

    def keep(self, trial: Trial) -> None:
        """Changes of a trial that no engine is told of."""
        with self._told(), self._engine.begin() as connection:
            self._put(connection, trial)

    def _put(self, connection: Connection, trial: Trial) -> None:
        key = (_TRIALS.c.sweep == self.name) & (_TRIALS.c.number == trial.number)
        row = {"state": trial.state, "content": json.dumps(vars(trial))}
        if not connection.execute(update(_TRIALS).where(key).values(**row)).rowcount:
            connection.execute(insert(_TRIALS).values(sweep=self.name, number=trial.number, **row))

    def events(self) -> list[tuple[str, Any]]:
        """(kind, content) in their order: `ask` with a suggestion or None, `tell` with a report."""
        with self._told(), self._engine.connect() as connection:
            rows = connection.execute(
                select(_EVENTS.c.kind, _EVENTS.c.content).where(_EVENTS.c.sweep == self.name).order_by(_EVENTS.c.number)
            ).all()
        return [(kind, json.loads(content)) for kind, content in rows]

    def trials(self) -> list[Trial]:
        with self._told(), self._engine.connect() as connection:
            rows = connection.execute(
                select(_TRIALS.c.content).where(_TRIALS.c.sweep == self.name).order_by(_TRIALS.c.number)
            ).all()
        return [Trial(**json.loads(content)) for (content,) in rows]

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _told(self):
        """What the database says, in one line."""
        try:
            yield
        except ModuleNotFoundError as error:
            rule = f"needs {error.name}, not installed here"
            way_out = "install it, or name the driver that you have: postgresql+psycopg2://…"
            raise RunError(Problem("sweep.storage", rule, way_out, self.url)) from error
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())[:160]
            way_out = "mend it, and go on with sweep.resume"
            raise RunError(Problem("sweep.storage", f"cannot be used ({reason})", way_out, self.url)) from error
