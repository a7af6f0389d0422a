import pytest
from pydantic import ValidationError

from tests.conftest import tfrun
from tfrun import load
from tfrun.gate import Verdict
from tfrun.provenance.licences import Licences, Used, foreseen, judged, licence_in


def said(policy: Licences, licence: str) -> list[tuple[str, bool]]:
    return [(finding.text, finding.denied) for finding in policy.findings([Used("the data", licence, "dataset.licence")])]


def test_nothing_is_said_without_a_policy_and_of_what_is_permitted():
    assert (
        said(Licences(), "GPL-3.0-only")
        == said(Licences(), "unknown")
        == said(Licences(allow=["MIT", "BSD-*"]), "BSD-2-Clause")
        == []
    )


@pytest.mark.parametrize(
    ("policy", "licence", "text"),
    [
        (Licences(deny=["GPL-*"]), "GPL-3.0-only", "licence GPL-3.0-only of the data is denied by licences.deny = GPL-*"),
        (Licences(deny=["GPL-3.0"]), "GPL-3.0-or-later", "licence GPL-3.0-or-later of the data is denied by licences.deny = GPL-3.0"),
        (Licences(deny=["CC-BY-NC-*"], allow=["CC-*"]), "CC-BY-NC-4.0", "licence CC-BY-NC-4.0 of the data is denied by"),
        (Licences(allow=["MIT"]), "Apache-2.0", "licence Apache-2.0 of the data is not in licences.allow"),
        (Licences(allow=["MIT"]), "MIT AND Apache-2.0", "licence MIT AND Apache-2.0 of the data leaves no choice that licences.allow"),
        (Licences(deny=["BSD*"]), "BSD License", "licence BSD License of the data is denied by licences.deny = BSD*"),
        (Licences(unknown="deny"), "unknown", "licence of the data is unknown (licences.unknown = deny; set dataset.licence)"),
    ],
)  # fmt: skip
def test_what_is_not_permitted_is_denied_by_name(policy, licence, text):
    ((told, denied),) = said(policy, licence)
    assert told.startswith(text) and denied


def test_a_choice_is_permitted_by_one_side_and_unknown_can_be_only_told():
    assert said(Licences(deny=["GPL-*"]), "MIT OR GPL-3.0-only") == []
    assert said(Licences(unknown="warn"), "unknown")[0][1] is False


def test_a_denied_licence_takes_the_blessing():
    found = {"policy": Licences(deny=["MIT"]).model_dump(), "findings": [{"text": "licence MIT …", "denied": True}]}
    assert judged(Verdict(True, ["fine"]), found) == Verdict(False, ["licence MIT …"])
    assert judged(Verdict(False, ["bad"]), found).reasons == ["licence MIT …", "bad"]
    assert judged(Verdict(True, ["fine"]), {**found, "findings": []}).reasons == ["fine", "licences held"]
    assert judged(Verdict(True, ["fine"]), {}).reasons == ["fine"]


def test_a_misspelt_identifier_is_refused():
    with pytest.raises(ValidationError, match="did you mean 'Apache-2.0'"):
        Licences(allow=["Apache 2"])


def test_a_modules_own_licence_file_counts(module, tmp_path):
    import shutil

    folder = shutil.copytree(module, tmp_path / "module")
    (folder / "LICENSE").write_text("GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\n")
    assert licence_in(folder) == "GPL-2.0-only" and licence_in(module) == "unknown"
    overrides = ["+experiment=quickstart", "backbone=hub", f"backbone.handle={folder}", "licences.deny=[GPL-*]"]
    (finding,) = foreseen(load(overrides))
    assert "GPL-2.0-only of the backbone" in finding.text and finding.denied


def test_check_tells_it_before_anything_is_trained_and_refuses_free_text(tmp_path):
    done = tfrun(tmp_path, "check", "+experiment=quickstart", "licences.allow=[Apache-2.0]")
    assert done.code == 0 and "warning: licence MIT of the data is not in licences.allow" in done.out
    wrong = tfrun(tmp_path, "check", "+experiment=quickstart", "dataset.licence=mine", "licences.unknown=maybe")
    assert wrong.code == 2 and "dataset.licence = mine: must be an SPDX licence expression; give e.g. MIT" in wrong.err
    assert "licences.unknown = maybe: must be one of allow, warn, deny" in wrong.err
