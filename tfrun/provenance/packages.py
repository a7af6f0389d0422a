"""The installed packages with their versions and licences, as their own metadata tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from functools import cache
from importlib import metadata

from tfrun.provenance.spdx import UNKNOWN, expression, recognised

_CLASSIFIERS = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "zlib/libpng License": "Zlib",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
}


@dataclass(frozen=True)
class Package:
    """licence: an SPDX expression, else the package's own word for it, else `unknown`."""

    name: str
    version: str
    licence: str


@cache
def installed() -> tuple[Package, ...]:
    """Every distribution on the path, once, by name."""
    found: dict[str, Package] = {}
    for distribution in metadata.distributions():
        head = _head(distribution)
        name = head["Name"]
        if name:  # a half-removed package has none
            found.setdefault(normalised(name), Package(name, head["Version"] or "", _licence(distribution, head)))
    return tuple(package for _, package in sorted(found.items()))


def versions() -> dict[str, str]:
    return {package.name: package.version for package in installed()}


def normalised(name: str) -> str:
    """As the package index compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(head: Message) -> str:
    """By what can be trusted most: `License-Expression`, classifiers, `License`. Several classifiers that leave no doubt hold
    together; one like `BSD License` says less than a field `License` that names one licence.
    """
    exact = expression(head["License-Expression"] or "")
    if exact:
        return exact
    told = [value.rpartition(" :: ")[2] for value in head.get_all("Classifier", []) if value.startswith("License :: ")]
    told = [name for name in told if name != "OSI Approved"]
    if told and all(name in _CLASSIFIERS for name in told):
        return " AND ".join(sorted({_CLASSIFIERS[name] for name in told}))
    field = (head["License"] or "").strip()
    first = field.splitlines()[0].strip() if field else ""
    return recognised(field) or (told[0] if told else first[:60] if first.upper() != "UNKNOWN" else "") or UNKNOWN


def _licence(distribution: metadata.Distribution, head: Message) -> str:
    """What the fields say, else what the text says that comes with the package."""
    told = licence_of(head)
    if told != UNKNOWN:
        return told
    files = head.get_all("License-File", [])
    texts = (distribution.read_text(f"licenses/{file}") or distribution.read_text(file) for file in files)
    return next((found for text in texts if text and (found := recognised(text))), UNKNOWN)


def _head(distribution: metadata.Distribution) -> Message:
    """The fields without the description after them, which is most of the file."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    return HeaderParser().parsestr(text.partition("\n\n")[0])
