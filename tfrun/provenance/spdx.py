"""SPDX licence expressions: read, recognised in the words that people use, and asked whether they permit."""

from __future__ import annotations

import re
from collections.abc import Callable

UNKNOWN = "unknown"
_LONGEST = 200  # characters of what can be an expression

# Of a licence's own text, or of what packages call it; the first that is found. Each names one licence and no other.
_WORDS = (
    (r"GNU AFFERO GENERAL PUBLIC LICENSE\W+Version 3", "AGPL-3.0-only"),
    (r"GNU LESSER GENERAL PUBLIC LICENSE\W+Version 3", "LGPL-3.0-only"),
    (r"GNU LESSER GENERAL PUBLIC LICENSE\W+Version 2\.1", "LGPL-2.1-only"),
    (r"GNU GENERAL PUBLIC LICENSE\W+Version 3", "GPL-3.0-only"),
    (r"GNU GENERAL PUBLIC LICENSE\W+Version 2", "GPL-2.0-only"),
    (r"Mozilla Public License\W+(?:Version\W+)?2\.0|MPL\W?2\.0", "MPL-2.0"),
    (r"Apache(?: Software)?(?: License)?\W+(?:Version\W+|v)?2(?:\.0)?\b", "Apache-2.0"),
    (r"CC0 1\.0 Universal|\bCC0\b", "CC0-1.0"),
    (r"Attribution-NonCommercial-NoDerivatives 4\.0", "CC-BY-NC-ND-4.0"),
    (r"Attribution-NonCommercial-ShareAlike 4\.0", "CC-BY-NC-SA-4.0"),
    (r"Attribution-NonCommercial 4\.0", "CC-BY-NC-4.0"),
    (r"Attribution-ShareAlike 4\.0", "CC-BY-SA-4.0"),
    (r"Attribution 4\.0 International", "CC-BY-4.0"),
    (r"\bBSD\W+3|3-Clause BSD", "BSD-3-Clause"),
    (r"\bBSD\W+2|2-Clause BSD", "BSD-2-Clause"),
    (r"Redistribution and use in source and binary forms.*(?:Neither the name|may not be used to endorse)", "BSD-3-Clause"),
    (r"Redistribution and use in source and binary forms", "BSD-2-Clause"),
    (r"\bMIT Licen[sc]e|Permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
    (r"Permission to use, copy, modify, and/?(?:or)? distribute this software for any purpose", "ISC"),
)


def expression(text: str) -> str | None:
    """`text` as a canonical SPDX expression (`mit or apache-2.0` → `MIT OR Apache-2.0`); None: it is none."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if not text.strip() or len(text) > _LONGEST:
        return None
    try:
        return str(canonicalize_license_expression(text.strip()))
    except InvalidLicenseExpression:
        return None


def recognised(text: str) -> str | None:
    """The SPDX expression that a licence's text, or a package's word for it, stands for; None where that is not certain."""
    found = expression(text)
    if found:
        return found
    head = " ".join(text[:4000].split())
    return next((name for pattern, name in _WORDS if re.search(pattern, head, re.IGNORECASE)), None)


def checked(text: str | None) -> str:
    """A licence as a config gives it: canonical, or `unknown`. Raises ValueError with the way out."""
    if text is None or text.strip().lower() == UNKNOWN:
        return UNKNOWN
    found = expression(text)
    if found:
        return found
    meant = recognised(text)
    hint = f"did you mean '{meant}'?" if meant else "give e.g. MIT, CC-BY-4.0, LicenseRef-NAME for one of your own, or unknown"
    raise ValueError(f"must be an SPDX licence expression; {hint}")


def permits(licence: str, permitted: Callable[[str], bool]) -> bool:
    """Whether one may go by the canonical expression `licence`: one side of each OR and both sides of each AND are `permitted`.

    permitted: takes one identifier, with its exception where it has one (`GPL-2.0-only WITH Classpath-exception-2.0`).
    """
    tokens = re.findall(r"[()]|[^\s()]+", licence)
    answer, rest = _either(tokens, permitted)
    if rest:
        raise ValueError(f"{licence}: is no SPDX licence expression")
    return answer


def _either(tokens: list[str], permitted: Callable[[str], bool]) -> tuple[bool, list[str]]:
    answer, rest = _both(tokens, permitted)
    while rest[:1] == ["OR"]:
        other, rest = _both(rest[1:], permitted)
        answer = answer or other
    return answer, rest


def _both(tokens: list[str], permitted: Callable[[str], bool]) -> tuple[bool, list[str]]:
    answer, rest = _one(tokens, permitted)
    while rest[:1] == ["AND"]:
        other, rest = _one(rest[1:], permitted)
        answer = answer and other
    return answer, rest


def _one(tokens: list[str], permitted: Callable[[str], bool]) -> tuple[bool, list[str]]:
    if tokens[:1] == ["("]:
        answer, rest = _either(tokens[1:], permitted)
        return answer, rest[1:]
    if tokens[1:2] == ["WITH"]:
        return permitted(" ".join(tokens[:3])), tokens[3:]
    return permitted(tokens[0]), tokens[1:]
