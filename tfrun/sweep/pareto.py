"""What no other one beats."""

from __future__ import annotations

from collections.abc import Sequence


def pareto(points: Sequence[Sequence[float]], less_is_better: Sequence[bool]) -> list[int]:
    """Places of the points, in order, that no other one beats in one figure without being worse in another; equals all stay.

    points: figures of each. less_is_better: of each figure.
    """
    costs = [[value if less else -value for value, less in zip(point, less_is_better, strict=True)] for point in points]
    front: list[int] = []
    for place in sorted(range(len(costs)), key=lambda place: costs[place]):  # who beats is before
        mine = costs[place]
        if not any(costs[other] != mine and all(a <= b for a, b in zip(costs[other], mine, strict=True)) for other in front):
            front.append(place)
    return sorted(front)
