"""Which licences the parts of a model may have, and what stands against those that they do have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from pydantic import field_validator

from tfrun.component import Settings, setting
from tfrun.gate import Verdict
from tfrun.provenance.spdx import UNKNOWN, expression, permits, recognised

if TYPE_CHECKING:
    from tfrun.backbone import BackboneFacts
    from tfrun.experiment import Experiment


@dataclass(frozen=True)
class Used:
    """A part of the model with its licence. key: of the config, where the licence can be said; '' where it cannot."""

    what: str
    licence: str
    key: str = ""


@dataclass(frozen=True)
class Finding:
    """denied: it stands against the model; else it is only told."""

    text: str
    denied: bool


class Licences(Settings):
    """Licences by their SPDX identifiers, `*` and `?` for any characters. A denied one is a reason for 'not blessed'."""

    allow: list[str] = setting(list, "licences that may be used, e.g. [MIT, Apache-2.0, BSD-*]; empty: all but the denied")
    deny: list[str] = setting(list, "licences that must not be used, e.g. [GPL-*, CC-BY-NC-*]; goes before `allow`")
    unknown: Literal["allow", "warn", "deny"] = setting("allow", "of backbone, data and packages whose licence nobody says")
    packages: bool = setting(False, "the installed packages have to keep to it too, not only backbone and data")

    @field_validator("allow", "deny")
    @classmethod
    def _are_identifiers(cls, value: list[str]) -> list[str]:
        return [_identifier(pattern) for pattern in value]

    @property
    def is_set(self) -> bool:
        return bool(self.allow or self.deny or self.unknown != "allow")

    def findings(self, used: Iterable[Used]) -> list[Finding]:
        """What is to be said of the parts, in their order."""
        return [finding for part in used if (finding := self._finding(part))]

    def _finding(self, part: Used) -> Finding | None:
        if part.licence == UNKNOWN:
            way_out = f"; set {part.key}" if part.key else ""
            text = f"licence of {part.what} is unknown (licences.unknown = {self.unknown}{way_out})"
            return None if self.unknown == "allow" else Finding(text, self.unknown == "deny")
        licence = expression(part.licence)  # None: a package's own word for it
        if permits(licence, self._permitted) if licence else self._permitted(part.licence):
            return None
        pattern = next((one for one in self.deny if _matches(one, licence or part.licence)), None)
        by = f"is denied by licences.deny = {pattern}" if pattern else self._reason(licence)
        return Finding(f"licence {part.licence} of {part.what} {by}", True)

    def _reason(self, licence: str | None) -> str:
        """Of a licence that no pattern names as a whole."""
        rules = " and ".join(f"licences.{name}" for name in ("allow", "deny") if getattr(self, name))
        joined = licence and (" AND " in licence or " OR " in licence)
        return f"leaves no choice that {rules} permits" if joined else "is not in licences.allow"

    def _permitted(self, name: str) -> bool:
        denied = any(_matches(pattern, name) for pattern in self.deny)
        return not denied and (not self.allow or any(_matches(pattern, name) for pattern in self.allow))


def foreseen(experiment: Experiment) -> list[Finding]:
    """What can be told before a run starts, by what the config and a local module's folder say."""
    from tfrun.backbone import handles

    backbone, used = experiment.backbone, [_data(experiment.dataset.licence)]
    handle = getattr(backbone, "handle", None)
    if handle is not None:
        licence = getattr(backbone, "licence", UNKNOWN)
        folder = handles.local_path(handle)
        if licence == UNKNOWN and folder is not None and folder.is_dir():
            licence = licence_in(folder)
        used.append(Used(f"the backbone {handle}", licence, "backbone.licence"))
    return experiment.licences.findings(used)


def examined(experiment: Experiment, data_licence: str, facts: BackboneFacts) -> dict[str, Any]:
    """For result.json: the policy, the parts and what was found, in plain values."""
    used = [_data(data_licence)]
    if facts.handle != "none":
        used.append(Used(f"the backbone {facts.handle}", facts.licence, "backbone.licence"))
    if experiment.licences.packages:
        from tfrun.provenance.packages import installed

        used += [Used(f"the package {package.name} {package.version}", package.licence) for package in installed()]
    return {
        "policy": experiment.licences.model_dump(),
        "used": [{"what": part.what, "licence": part.licence} for part in used[:2]],
        "findings": [asdict(finding) for finding in experiment.licences.findings(used)],
    }


def judged(verdict: Verdict, licences: dict[str, Any]) -> Verdict:
    """The verdict with the denied licences in it. licences: what `examined` gave."""
    denied = [finding["text"] for finding in licences.get("findings", []) if finding["denied"]]
    if denied:
        return Verdict(False, denied + ([] if verdict.blessed else verdict.reasons))
    if verdict.blessed and licences and Licences(**licences["policy"]).is_set:
        return Verdict(True, [*verdict.reasons, "licences held"])
    return verdict


def licence_file(folder):
    """The file of a module's folder that has its licence; None where it has none."""
    names = ("LICENSE", "LICENCE", "LICENSE.txt", "LICENSE.md", "COPYING")
    return next((folder / name for name in names if (folder / name).is_file()), None)


def licence_in(folder) -> str:
    """SPDX, where the text of the folder's licence leaves no doubt, else its first line; `unknown` without such a file."""
    file = licence_file(folder)
    if file is None:
        return UNKNOWN
    text = file.read_text(errors="replace").strip()
    return recognised(text) or (text.splitlines()[0].strip() if text else UNKNOWN)


def _data(licence: str) -> Used:
    return Used("the data", licence, "dataset.licence")


def _matches(pattern: str, name: str) -> bool:
    """Case does not count. `GPL-3.0` means `GPL-3.0-only` and `GPL-3.0-or-later` too, with any exception."""
    plain = name.lower().partition(" with ")[0]
    names = {name.lower(), plain, plain.removesuffix("-only").removesuffix("-or-later").removesuffix("+")}
    return any(fnmatchcase(one, pattern.lower()) for one in names)


def _identifier(pattern: str) -> str:
    if "*" in pattern or "?" in pattern:
        return pattern
    found = expression(pattern)
    if found is None or " OR " in found or " AND " in found:
        meant = recognised(pattern)
        hint = f"did you mean '{meant}'?" if meant and not found else "list single ones, e.g. MIT, or a pattern like GPL-*"
        raise ValueError(f"'{pattern}' is no SPDX licence identifier; {hint}")
    return found
