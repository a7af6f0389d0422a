"""Engines on a landscape that takes no training, asked and told as a sweep does it: some at a time, out of order."""

from __future__ import annotations

import math
import random

from tfrun.sweep import Report
from tfrun.sweep.space import parse

SPACE = parse(
    ["optimizer.learning_rate=tag(log,interval(1e-4,1e-1))", "head.units=int(interval(8,256))", "head=linear,mlp"], {}
)


def landscape(values) -> float:
    """Best, 0, at a learning rate of 0.01 and 100 units of mlp."""
    rate = math.log10(values["optimizer.learning_rate"]) + 2
    return -(rate**2) - ((values["head.units"] - 100) / 100) ** 2 - (values["head"] == "linear")


def search(engine, workers=2, fails=lambda number: False, seed=0, epochs=9.0, most=200):
    """Returns the events, as the store keeps them: ("ask", suggestion or None), ("tell", report)."""
    draw, events, running, trained = random.Random(seed), [], [], {}
    while len(events) < 2 * most:
        while len(running) < workers:
            suggestion = engine.ask()
            events.append(("ask", suggestion))
            if suggestion is None:
                break
            running.append(suggestion)
        if not running:
            return events
        ended = running.pop(draw.randrange(len(running)))
        trained[ended.number] = ended.until or epochs
        score = landscape(ended.values) - 1 / trained[ended.number]
        state = "failed" if fails(ended.number) else "paused" if ended.until else "done"
        report = Report(ended.number, state, None if state == "failed" else (score,), trained[ended.number])
        engine.tell(report)
        events.append(("tell", report))
    raise AssertionError("it does not end")


def again(engine, events):
    """What a new engine goes through when a sweep is gone on with."""
    for kind, content in events:
        engine.again(content) if kind == "ask" else engine.tell(content)


def asked(events):
    return [content for kind, content in events if kind == "ask" and content]


def best(events):
    return max(report.objectives[0] for kind, report in events if kind == "tell" and report.objectives)


def gone_on_with(make, at, **how):
    """What an engine suggests after its first events, and what another one that has gone through them suggests."""
    events = search(make(), **how)
    assert search(make(), **how) == events
    second, suggested, suggested_again = make(), [], []
    again(second, events[:at])
    for kind, content in events[at : at + 12]:
        if kind == "ask":
            suggested.append(content)
            suggested_again.append(second.ask())
        else:
            second.tell(content)
    return suggested, suggested_again
