"""What is left in the run directory, and for result.json."""

from __future__ import annotations

import json

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, statistics_pb2

from tests.checks.conftest import from_csv, stream
from tfrun.checks import Roles, check_data
from tfrun.checks.anomaly import KINDS
from tfrun.checks.features import by_name
from tfrun.checks.schema import read


@pytest.fixture(scope="module")
def findings():
    train, test = "label,x,y\n" + "a,1,u\nb,2,v\n" * 30, "label,x,y\n" + "a,1,\nb,2,<b>w</b>\n" * 30
    return check_data({"train": stream(from_csv(train)), "test": stream(from_csv(test))}, Roles("label"))


def test_the_files_hold_what_was_found(findings, tmp_path):
    folder = findings.write(tmp_path)
    assert sorted(file.name for file in folder.iterdir()) == ["anomalies.pbtxt", "data.html", "schema.pbtxt", "statistics.pb"]
    assert (
        statistics_pb2.DatasetFeatureStatisticsList.FromString((folder / "statistics.pb").read_bytes()) == findings.statistics
    )
    assert read(folder / "schema.pbtxt") == findings.schema
    stored = text_format.Parse((folder / "anomalies.pbtxt").read_text(), anomalies_pb2.Anomalies())
    assert stored == findings.proto() and set(stored.anomaly_info) == {anomaly.feature for anomaly in findings.anomalies}


def test_each_fault_is_a_reason_of_its_feature(findings):
    info = findings.proto().anomaly_info["y"]
    assert {anomalies_pb2.AnomalyInfo.Type.Name(reason.type) for reason in info.reason} >= {
        "ENUM_TYPE_UNEXPECTED_STRING_VALUES"
    }
    assert info.severity == anomalies_pb2.AnomalyInfo.ERROR and info.short_description == "Multiple errors"


def test_every_kind_has_a_name_of_tfdv():
    assert set(KINDS.values()) <= set(anomalies_pb2.AnomalyInfo.Type.keys())


def test_the_result_is_plain(findings):
    plain = json.loads(json.dumps(findings.plain()))
    assert plain["rows"] == {"train": 60, "test": 60} and not plain["failed"]
    assert {"feature", "kind", "split", "text", "figure", "limit", "examples", "severity"} == set(plain["anomalies"][0])


def test_statistics_have_each_number_once(findings):
    features = by_name(findings.statistics.datasets[1])
    common = features["y"].string_stats.common_stats
    assert (common.num_missing, common.num_non_missing, features["y"].string_stats.unique) == (30, 30, 1)
    assert [bucket.sample_count for bucket in features["x"].num_stats.histograms[0].buckets] == [30, *[0] * 8, 30]
