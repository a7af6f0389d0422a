"""What TFDV says of a CSV, run by the Python that has it: `python in_tfdv.py DATA OUT [OURS]`.

OUT gets the statistics of all rows and of both halves of the year, the schema and figures.json. OURS: a folder with statistics.pb and
schema.pbtxt that TFDV is to read.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import pandas as pd
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2


def main(data: str, out: Path, ours: Path | None) -> None:
    frame = pd.read_csv(data)
    from_frame = timed(lambda: tfdv.generate_statistics_from_dataframe(frame, n_jobs=1), 5)
    from_frame["peak"] = peak()
    whole = tfdv.generate_statistics_from_dataframe(frame, n_jobs=1)
    from_file = timed(
        lambda: tfdv.generate_statistics_from_csv(data, compression_type="gzip" if data.endswith("gz") else "auto"), 1
    )
    late = frame["month"] > 6
    first, second = (tfdv.generate_statistics_from_dataframe(frame[rows]) for rows in (~late, late))
    schema = tfdv.infer_schema(whole)
    for name, statistics in (("whole", whole), ("first", first), ("second", second)):
        (out / f"{name}.pb").write_bytes(statistics.SerializeToString())
    (out / "schema.pbtxt").write_text(text_format.MessageToString(schema))
    speed = {"frame": from_frame, "file": from_file | {"peak": peak()}}
    figures = {"speed": speed, "drift": drift(schema, first, second)}
    if ours:
        figures["reads"] = read(ours)
    (out / "figures.json").write_text(json.dumps(figures))


def timed(work, times: int) -> dict[str, float]:
    """As in here.py, which this Python cannot import."""
    found = []
    for _ in range(times):
        start, busy = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - start, time.process_time() - busy))
    return {"seconds": min(passed for passed, _ in found), "busy": min(busy for _, busy in found)}


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def drift(schema, before, now) -> dict[str, float]:
    """L-infinity of strings and Jensen–Shannon divergence of numbers, with the histograms TFDV takes by default."""
    measured = schema.__class__.FromString(schema.SerializeToString())
    for feature in measured.feature:
        if feature.type == 1:
            feature.drift_comparator.infinity_norm.threshold = 0.0001
        else:
            feature.drift_comparator.jensen_shannon_divergence.threshold = 0.0001
    anomalies = tfdv.validate_statistics(now, measured, previous_statistics=before)
    return {
        info.path.step[0]: info.drift_measurements[0].value for info in anomalies.drift_skew_info if info.drift_measurements
    }


def read(folder: Path) -> dict[str, object]:
    """What TFDV makes of our files."""
    statistics = tfdv.load_stats_binary(str(folder / "statistics.pb"))
    schema = tfdv.load_schema_text(str(folder / "schema.pbtxt"))
    found = tfdv.validate_statistics(statistics, schema)
    stored = text_format.Parse((folder / "anomalies.pbtxt").read_text(), anomalies_pb2.Anomalies())
    again = text_format.MessageToString(tfdv.infer_schema(statistics))
    return {"anomalies": sorted(found.anomaly_info), "stored": sorted(stored.anomaly_info), "schema": again}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
