"""`data.html`: what a person looks at: anomalies on top, then a card a feature with its splits overlaid. One file, no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrun.checks import cells, features
from tfrun.checks.anomaly import Anomaly
from tfrun.checks.charts import Bar, Curve, bars, curves
from tfrun.checks.findings import Findings
from tfrun.checks.quantiles import Quantiles

_TEMPLATES = Path(__file__).parent
_SHOWN = 8  # values of a category


@dataclass(frozen=True)
class Card:
    """figures: by split, what is shown beside the chart. curves, bars: one of the two is empty."""

    name: str
    role: str
    kind: str
    anomalies: tuple[Anomaly, ...]
    figures: dict[str, dict[str, str]]
    curves: tuple[Curve, ...] = ()
    low: str = ""
    high: str = ""
    bars: tuple[Bar, ...] = ()

    @property
    def level(self) -> str:
        levels = {anomaly.severity for anomaly in self.anomalies}
        return "error" if "error" in levels else "warning" if levels else "fine"


def page(findings: Findings) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("data.html.j2").render(
        cards=cards(findings), anomalies=findings.anomalies, failed=findings.failed,
        steps=findings.steps, along=findings.checks.drift_by, limits=(findings.checks.drift_categories, findings.checks.drift_numbers),
        rows={dataset.name: dataset.num_examples for dataset in findings.statistics.datasets},
    )  # fmt: skip


def cards(findings: Findings) -> list[Card]:
    """The label first, then what has anomalies, then the rest in the order of the table."""
    splits = {dataset.name: features.by_name(dataset) for dataset in findings.statistics.datasets}
    names = dict.fromkeys(name for found in splits.values() for name in found)
    made = [_card(findings, name, {split: found[name] for split, found in splits.items() if name in found}) for name in names]
    order = {"error": 0, "warning": 1, "fine": 2}
    return sorted(made, key=lambda card: (card.role != "label", order[card.level]))


def _card(findings: Findings, name: str, found: dict[str, features.Feature]) -> Card:
    wrong = tuple(anomaly for anomaly in findings.anomalies if anomaly.feature == name)
    first = next(iter(found.values()))
    text = name in findings.roles.texts
    kind = "text" if text else first.Type.Name(first.type).lower()
    figures = {split: _figures(feature) for split, feature in found.items()}
    card = Card(name, _role(findings, name), kind, wrong, figures)
    spreads = {split: _spread(feature) for split, feature in found.items()}
    if all(spread is not None for spread in spreads.values()):
        drawn, low, high = curves(spreads)
        return Card(**{**vars(card), "curves": drawn, "low": low, "high": high})
    counted = {split: features.counts(feature) for split, feature in found.items()}
    return Card(**{**vars(card), "bars": bars(counted, _SHOWN)})


def _role(findings: Findings, name: str) -> str:
    roles = findings.roles
    if name == roles.label:
        return "label"
    return "feature" if name in roles.inputs([name]) else "id" if name == roles.ids else "column"


def _spread(feature: features.Feature) -> Quantiles | None:
    """Of the numbers, or of the lengths of texts; None for other columns."""
    own = features.custom(feature, cells.NAME) or features.custom(feature, "characters")
    return cells.read(own.histogram) if own else None


def _figures(feature: features.Feature) -> dict[str, str]:
    common = features.common(feature)
    figures = {"missing": _percent(features.missing_share(feature))}
    if features.is_number(feature):
        numbers = feature.num_stats
        count = max(common.tot_num_values, 1)
        figures |= {"zeros": _percent(numbers.num_zeros / count), "mean": _short(numbers.mean), "std": _short(numbers.std_dev)}
        return figures | {"min": _short(numbers.min), "median": _short(numbers.median), "max": _short(numbers.max)}
    if feature.WhichOneof("stats") == "bytes_stats":
        return figures | {
            "different": f"{feature.bytes_stats.unique:,.0f}",
            "bytes": f"{feature.bytes_stats.avg_num_bytes:,.0f}",
        }
    strings = feature.string_stats
    figures |= {"different": f"{strings.unique:,}"}
    for name in ("characters", "words"):
        own = features.custom(feature, name)
        if own:
            figures[f"median {name}"] = _short(cells.read(own.histogram).quantiles(np.array([0.5]))[0])
    scripts = features.custom(feature, "scripts")
    if scripts:
        figures["script"] = scripts.rank_histogram.buckets[0].label
    return figures if scripts else {**figures, "mean bytes": f"{strings.avg_length:,.1f}"}


def _percent(share: float) -> str:
    return "0" if not share else f"{share:.1%}" if share >= 0.001 else "< 0.1%"


def _short(value: float) -> str:
    return f"{value:,.0f}" if (float(value).is_integer() and abs(value) < 1e7) or 1e3 <= abs(value) < 1e7 else f"{value:.3g}"
