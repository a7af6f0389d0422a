"""From what was measured of each candidate to what to do, with the reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tfrun.advise.blocks import Block
from tfrun.advise.probe import Probe
from tfrun.checks.anomaly import named

_NAMED = 8
_ROWS_TO_UNFREEZE = 800  # up to these, logistic regression on frozen features is as good or better (Kornblith et al., 2019)
_TAKES_AWAY = 0.04  # of the errors of a frozen backbone, the least that fine-tuning took away where it was better (docs/how-to/advise.md)
_WORTH_IT = 0.002  # expected gain below which the time of a fine-tune is not worth it


@dataclass(frozen=True)
class Assessed:
    """One candidate. interval: of the probe's score, 95 %. behind: score minus that of the best, with its 95 % interval.

    nleep: None but of one class a row. distance: to the earlier data, see checks.two_sample; p_value: of it. trainable: its weights could be trained.
    seconds: that the features took. computed: rows that were not in the feature store.
    """

    name: str
    overrides: tuple[str, ...]
    backbone: str
    size: int
    probe: Probe
    interval: list[float] | None
    logme: float
    nleep: float | None
    trainable: bool
    own: bool = False
    seconds: float = 0.0
    computed: int = 0
    behind: float = 0.0
    behind_interval: list[float] | None = None
    distance: float | None = None
    p_value: float | None = None

    def plain(self) -> dict[str, Any]:
        content = asdict(self)
        content["probe"] = {key: content["probe"][key] for key in ("score", "train", "strength", "curve")}
        return content


@dataclass(frozen=True)
class Advice:
    """overrides: to be added to the command. gain: expected of them, in the primary metric, against the experiment as it is.

    blocks: of the backbone, where it is to be trained; see `blocks.Block`.
    """

    overrides: list[str]
    says: str
    reasons: list[str] = field(default_factory=list)
    gain: float | None = None
    blocks: list[Block] = field(default_factory=list)

    @property
    def unfreezes(self) -> bool:
        return self.overrides[-1] == "training=finetune"

    def with_blocks(self, blocks: list[Block]) -> Advice:
        pulled = [block.name for block in blocks if block.is_pulled]
        told = named(tuple(pulled[:_NAMED]), len(pulled))
        reason = f"the rows pull at {len(pulled)} of the backbone's {len(blocks)} blocks: {told}"
        return replace(self, blocks=blocks, reasons=[*self.reasons, reason])


def advised(assessed: list[Assessed], metric: str, rows: int, perfect: float | None = 1.0) -> Advice:
    """assessed: best probe first. rows: that there are to train on. perfect: the best value of the metric; None: it is not known."""
    best = assessed[0]
    own = next((one for one in assessed if one.own), None)
    overrides, reasons = list(best.overrides), [_chosen(assessed, metric)]
    gain = None if own is None else best.probe.score - own.probe.score
    training, why, more = _training(best, metric, rows, perfect)
    if gain is not None:
        gain += more
    return Advice([*overrides, training], f"{best.name}, {training}", [*reasons, why, *_data(best)], gain)


def _chosen(assessed: list[Assessed], metric: str) -> str:
    best, others = assessed[0], assessed[1:]
    text = f"a linear probe on {best.backbone} reaches {metric} {best.probe.score:.3f}"
    if not others:
        return text + "; nothing else was there to compare it with"
    second = others[0]
    certain = second.behind_interval is not None and second.behind_interval[1] < 0
    text += f"; the next, {second.name}, {second.probe.score:.3f} ({'certain' if certain else 'may be chance'})"
    ranked = max(assessed, key=lambda one: one.logme)
    return text + (", LogME agrees" if ranked is best else f"; LogME would take {ranked.name}")


def _training(best: Assessed, metric: str, rows: int, perfect: float | None) -> tuple[str, str, float]:
    """The override, its reason and what it is expected to gain."""
    if not best.trainable:
        return "training=frozen", "the backbone has no weights that could be trained", 0.0
    if rows < _ROWS_TO_UNFREEZE:
        why = f"{rows:,} training rows are few to fine-tune with: up to {_ROWS_TO_UNFREEZE} a frozen backbone is as good"
        return "training=frozen", why, 0.0
    if perfect is None:
        return (
            "training=finetune",
            f"{rows:,} training rows are enough to fine-tune with; what it gains is not known of {metric}",
            0.0,
        )
    wrong = perfect - best.probe.score
    gain = _TAKES_AWAY * wrong
    if gain < _WORTH_IT:
        why = f"the probe is {wrong:.3f} short of a perfect {metric}: what fine-tuning may take away of that, {gain:.4f}, is not worth its time"
        return "training=frozen", why, 0.0
    why = f"{rows:,} training rows are enough to fine-tune with, and the probe is {wrong:.3f} short of a perfect {metric}"
    return "training=finetune", f"{why}: where it helped, fine-tuning took away {_TAKES_AWAY:.0%} of that or more", gain


def _data(best: Assessed) -> list[str]:
    found = []
    (few, low), (_, middle), (many, high) = best.probe.curve
    if high - middle > 0.01:
        found.append(f"more rows are worth it: {few:,} rows gave {low:.3f}, {many:,} give {high:.3f}")
    if best.p_value is not None:
        same = "differ from" if best.p_value < 0.01 else "look like"
        found.append(f"the data {same} the earlier ones (MMD² {best.distance:.4f}, p-value {best.p_value:.4f})")
    return found
