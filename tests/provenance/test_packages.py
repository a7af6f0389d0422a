from email.parser import HeaderParser

import pytest

from tfrun.provenance.packages import installed, licence_of


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("License-Expression: mit\nLicense: BSD", "MIT"),
        ("Classifier: License :: OSI Approved :: Apache Software License\nLicense: ours", "Apache-2.0"),
        ("Classifier: License :: OSI Approved :: BSD License\nLicense: BSD-3-Clause", "BSD-3-Clause"),
        ("Classifier: License :: OSI Approved :: BSD License", "BSD License"),
        ("Classifier: License :: OSI Approved\nLicense: BSD", "BSD"),
        ("License: UNKNOWN", "unknown"),
        ("Name: x", "unknown"),
    ],
)
def test_the_licence_is_told_by_the_field_that_says_most(head, licence):
    assert licence_of(HeaderParser().parsestr(head)) == licence


def test_the_installed_packages_are_there_once_with_their_licences():
    found = {package.name: package for package in installed()}
    assert len(found) == len(installed()) > 50
    assert found["tensorflow"].licence == "Apache-2.0" and found["pydantic"].licence == "MIT" and found["numpy"].version
