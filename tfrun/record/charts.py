"""Charts for pages: matplotlib's figures as inline SVG."""

from __future__ import annotations

import io

COLOURS = ("#2f6fb5", "#c2571a", "#18794e", "#7a4fb5", "#b42318", "#0f8b8d", "#9a6700", "#5c6b7a", "#c13584", "#1d2733")


def as_svg(figure) -> str:
    """The <svg> element alone; the same bytes for the same figure."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().partition("<svg")[1] + buffer.getvalue().partition("<svg")[2]
