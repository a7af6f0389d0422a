"""Keys: the same for the same, another for whatever can change a feature."""

from __future__ import annotations

import importlib

import pytest

from tfrun.store.key import code_of, key_of

OWN = "from tfrun.transform import Transform\nfrom colours import scale\n\n\nclass Own(Transform):\n    def build(self):\n        return scale(1)\n"


@pytest.fixture()
def own(tmp_path, monkeypatch):
    """The hash of a class of the user's own in `own.py`, which imports `colours.py` beside it."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "colours.py").write_text("def scale(value):\n    return value\n")
    module = importlib.import_module("own")

    def now(name="own.py", text=None):
        if text is not None:
            (tmp_path / name).write_text(text)
        return code_of(module.Own)

    yield now
    for name in ("own", "colours"):
        importlib.sys.modules.pop(name, None)


def test_the_order_of_parts_does_not_count_and_their_values_do():
    assert key_of(a=1, b=[2]) == key_of(b=[2], a=1) != key_of(a=1, b=[3])


def test_a_change_of_code_is_another_key(own):
    assert own() != own(text=OWN.replace("scale(1)", "scale(2)"))


def test_a_change_in_a_module_beside_it_counts_too(own):
    assert own() != own("colours.py", "def scale(value):\n    return value * 2\n")


def test_comments_and_layout_do_not_count(own):
    assert own() == own(text="# said before\n" + OWN.replace("scale(1)", "scale( 1 )  # said here"))


def test_the_hub_layer_counts_for_the_hub_option():
    from tfrun.backbone.hub import Hub
    from tfrun.backbone.none import NoBackbone

    assert code_of(Hub) != code_of(NoBackbone) and code_of(Hub) == code_of(Hub)


def test_a_class_without_source_has_no_key():
    space: dict = {"__name__": "typed_in"}
    exec("class Typed:\n    pass\n", space)
    assert code_of(space["Typed"]) is None
