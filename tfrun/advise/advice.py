"""From what was measured of each candidate to what to do, with the reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tfrun.advise.blocks import Block
from tfrun.advise.probe import Probe
from tfrun.checks.anomaly import named

_NAMED = 8
_ROWS_TO_UNFREEZE = 500  # below, what a fine-tune gains is lost in chance (docs/how-to/advise.md)


@dataclass(frozen=True)
class Assessed:
    """One candidate. interval: of the probe's score, 95 %. behind: score minus that of the best, with its 95 % interval.

    distance: to the earlier data, see checks.two_sample; p_value: of it. trainable: its weights could be trained.
    seconds: that the features took. computed: rows that were not in the feature store.
    """

    name: str
    overrides: tuple[str, ...]
    backbone: str
    size: int
    probe: Probe
    interval: list[float] | None
    logme: float
    nleep: float
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


def advised(assessed: list[Assessed], metric: str, rows: int) -> Advice:
    """assessed: best probe first. rows: that features were fitted to."""
    best = assessed[0]
    own = next((one for one in assessed if one.own), None)
    overrides, reasons = list(best.overrides), [_chosen(assessed, metric)]
    gain = None if own is None else best.probe.score - own.probe.score
    training, why, more = _training(best, metric, rows)
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


def _training(best: Assessed, metric: str, rows: int) -> tuple[str, str, float]:
    """The override, its reason and what it is expected to gain."""
    train, held = best.probe.train, best.probe.score
    told = f"the probe reaches {train:.3f} on rows it was fitted to and {held:.3f} on others"
    if not best.trainable:
        return "training=frozen", "the backbone has no weights that could be trained", 0.0
    if rows < _ROWS_TO_UNFREEZE:
        return "training=frozen", f"{rows:,} rows are few to fine-tune with; {told}", 0.0
    if 1 - train <= train - held:
        return "training=frozen", f"{told}: more rows would help, more weights would not", 0.0
    return "training=finetune", f"{told}: these features cannot tell the classes apart; train the backbone too", (1 - train) / 4


def _data(best: Assessed) -> list[str]:
    found = []
    (few, low), (_, middle), (many, high) = best.probe.curve
    if high - middle > 0.01:
        found.append(f"more rows are worth it: {few:,} rows gave {low:.3f}, {many:,} give {high:.3f}")
    if best.p_value is not None:
        same = "differ from" if best.p_value < 0.01 else "look like"
        found.append(f"the data {same} the earlier ones (MMD² {best.distance:.4f}, p-value {best.p_value:.4f})")
    return found
