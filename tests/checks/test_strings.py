"""Texts: lengths, words, scripts, and values too long to keep."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tfrun.checks import Roles
from tfrun.checks.gather import accumulate


def column(values, roles=None, kind=None):
    batch = pa.record_batch({"x": pa.array(values, kind)})
    return accumulate(iter([batch]), roles or Roles("y", texts=("x",)), 100).columns["x"]


@pytest.mark.parametrize(("text", "script"), [
    ("plain words", "Latin"), ("Ünïcode ß", "Latin"), ("добрый день", "Cyrillic"), ("今日は", "Han"), ("ありがとう", "Kana"),
    ("안녕하세요", "Hangul"), ("مرحبا", "Arabic"), ("Καλημέρα κόσμε, hi", "Greek"), ("नमस्ते", "Devanagari"), ("สวัสดี", "Thai"),
    ("שלום", "Hebrew"), ("123 !?", "no letters"), ("", "no letters"), ("😀😀", "emoji"),
])  # fmt: skip
def test_the_script_is_that_of_most_letters(text, script):
    assert dict(column([text]).strings.scripts) == {script: 1}


def test_characters_words_and_bytes_are_counted_by_row():
    found = column(["один два", "three", None, "three", ""]).strings
    assert (found.count, found.size, found.empty, found.shortest, found.longest) == (4, 25, 1, 0, 15)
    assert (found.characters.high, found.words.mean, int(found.distinct)) == (8, 1.0, 3)


def test_ten_megabytes_of_text_are_told_apart_and_not_kept():
    long = "x" * 10_000_000
    found = column([long + "a", long + "b", long + "b"]).strings
    assert int(found.distinct) == 2 and found.longest == 10_000_001
    assert max(map(len, found.frequencies.counts)) < 200 and sorted(found.frequencies.counts.values()) == [1, 2]


def test_bytes_that_are_text_are_text_and_others_are_bytes():
    assert column([b"abc", b"abd"]).kind == "string"
    found = column([b"\xff\xfe\x00", b"\x00"])
    assert found.kind == "bytes" and (found.strings.size, found.strings.shortest, int(found.strings.distinct)) == (4, 1, 2)
