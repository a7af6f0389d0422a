"""The schema: inferred by TFDV's rules, the same after it was written and read."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tests.checks.conftest import from_csv, stream
from tfrun.checks import Roles, schema
from tfrun.checks.gather import gather
from tfrun.checks.statistics import statistics
from tfrun.config.problems import RunError


def inferred(text, texts=()):
    found = statistics(gather({"train": stream(from_csv(text))}, Roles("label", texts=texts), 100))
    return schema.infer(found.datasets[0], texts)


def feature(found, name):
    return next(one for one in found.feature if one.name == name)


def test_types_presence_shapes_and_domains():
    found = inferred("number,count,flag,word,code,gone,maybe\n1.5,3,0,b,7,,x\n2.5,4,1,a,8,,\n")
    assert {one.name: schema_pb2.FeatureType.Name(one.type) for one in found.feature} == {
        "number": "FLOAT", "count": "INT", "flag": "INT", "word": "BYTES", "code": "INT", "gone": "BYTES", "maybe": "BYTES",
    }  # fmt: skip
    number, maybe, gone = (feature(found, name) for name in ("number", "maybe", "gone"))
    assert number.presence.min_fraction == 1 and number.presence.min_count == 1 and number.shape.dim[0].size == 1
    assert not maybe.presence.min_fraction and (maybe.value_count.min, maybe.value_count.max) == (1, 1)
    assert not gone.presence.min_count and not gone.HasField("value_count") and not gone.shape.dim
    assert feature(found, "flag").HasField("bool_domain") and feature(found, "word").domain == "word"
    assert {domain.name: list(domain.value) for domain in found.string_domain} == {"word": ["a", "b"], "maybe": ["x"]}


def test_words_for_true_and_false_are_boolean_and_many_words_have_no_domain():
    rows = "\n".join(f"{'SET' if row % 2 else 'CLEAR'},w{row},some text" for row in range(150))
    found = inferred(f"flag,word,text\n{rows}\n", texts=("text",))
    assert feature(found, "flag").bool_domain.true_value == "SET" and feature(found, "flag").bool_domain.false_value == "CLEAR"
    assert not feature(found, "word").domain and feature(found, "text").HasField("natural_language_domain")


def test_a_written_schema_is_read_as_it_was(tmp_path):
    found = inferred("näme,label\nü,1\n")
    (tmp_path / "schema.pbtxt").write_text(schema.write(found), encoding="utf-8")
    assert schema.read(tmp_path / "schema.pbtxt") == found
    assert "näme" in (tmp_path / "schema.pbtxt").read_text(encoding="utf-8")
    assert text_format.Parse(schema.write(found), schema_pb2.Schema()) == found


@pytest.mark.parametrize("content", [None, "feature { nam: 1 }"])
def test_a_file_that_is_no_schema_is_one_line(tmp_path, content):
    if content:
        (tmp_path / "schema.pbtxt").write_text(content)
    with pytest.raises(RunError, match=r"checks\.schema_file = .*cannot be read .*start from the data/schema\.pbtxt of a run"):
        schema.read(tmp_path / "schema.pbtxt")
