import pytest

from tfrun.provenance.spdx import checked, expression, permits, recognised


def test_expressions_become_canonical_and_free_text_is_none():
    assert expression("mit or (apache-2.0 and bsd-3-clause)") == "MIT OR (Apache-2.0 AND BSD-3-Clause)"
    assert expression("LicenseRef-Ours") == "LicenseRef-Ours"
    assert expression("BSD License") is None and expression("") is None


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Apache 2.0", "Apache-2.0"),
        ("Apache License\n    Version 2.0, January 2004", "Apache-2.0"),
        ("BSD 3-Clause License\n\nCopyright (c) 2020", "BSD-3-Clause"),
        ("Copyright 2018\n\nRedistribution and use in source and binary forms, with or without\nNeither the name of", "BSD-3-Clause"),
        ("The MIT License (MIT)", "MIT"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "LGPL-3.0-only"),
        ("Creative Commons Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("BSD", None),
        ("see LICENSE", None),
    ],
)  # fmt: skip
def test_licences_are_known_by_their_words_where_these_leave_no_doubt(text, licence):
    assert recognised(text) == licence


@pytest.mark.parametrize(
    ("licence", "holds"),
    [
        ("MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("(GPL-3.0-only OR MIT) AND MIT", True),
        ("GPL-3.0-only AND MIT OR GPL-2.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0 AND MIT", True),
    ],
)
def test_one_side_of_or_and_both_sides_of_and_have_to_be_permitted(licence, holds):
    assert permits(licence, lambda name: name in ("MIT", "GPL-2.0-only WITH Classpath-exception-2.0")) is holds


def test_a_licence_in_a_config_is_spdx_or_unknown():
    assert checked("cc-by-4.0") == "CC-BY-4.0" and checked(None) == "unknown" and checked("Unknown") == "unknown"
    with pytest.raises(ValueError, match="did you mean 'Apache-2.0'"):
        checked("Apache License 2.0")
