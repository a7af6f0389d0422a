"""Planted faults are each found and named; clean data raise nothing."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from tests.checks.conftest import from_csv, split, stream
from tests.conftest import ROOT
from tfrun.checks import Checks, Roles, check_data
from tfrun.config.problems import RunError

ROWS = {"train": 600, "validation": 200, "test": 200}
ROLES = Roles("label", ids="id", digest="digest", dhash="dhash")


def columns(name: str) -> dict[str, list]:
    """A clean split: numbers and categories that have nothing to do with the label."""
    draw, rows = np.random.default_rng(list(ROWS).index(name)), ROWS[name]
    ids = [f"{name}_{row:03}" for row in range(rows)]
    return {
        "id": ids, "label": draw.choice(["cat", "dog", "owl"], rows).tolist(), "weight": draw.normal(20, 5, rows).tolist(),
        "legs": draw.integers(2, 5, rows).tolist(), "coat": draw.choice(["long", "short", "none"], rows).tolist(),
        "größe ✓": draw.uniform(0, 1, rows).tolist(), "digest": [hashlib.sha256(name.encode()).digest() for name in ids],
        "dhash": draw.integers(2**63, size=rows, dtype=np.uint64).tolist(),
    }  # fmt: skip


def checked(change=lambda splits: None, roles=ROLES, **settings):
    splits = {name: columns(name) for name in ROWS}
    change(splits)
    tables = {}
    for name, found in splits.items():
        kinds = {"digest": pa.binary(32), "dhash": pa.uint64()}
        tables[name] = stream(pa.table({key: pa.array(values, kinds.get(key)) for key, values in found.items()}), rows=77)
    return check_data(tables, roles, Checks(**settings))


def only(findings, kind):
    """The one anomaly, which is of `kind`."""
    assert [anomaly.kind for anomaly in findings.anomalies] == [kind], [str(anomaly) for anomaly in findings.anomalies]
    return findings.anomalies[0]


def test_clean_data_raise_nothing():
    findings = checked(on_anomaly="fail")
    assert findings.anomalies == () and not findings.failed


def put(name, column, rows, value):
    def change(splits):
        for row in rows:
            splits[name][column][row] = value

    return change


def test_a_category_that_training_does_not_have_is_named_with_its_share():
    found = only(checked(put("test", "coat", range(0, 200, 20), "curly")), "unexpected_values")
    assert (found.feature, found.split, found.figure, found.limit, found.examples) == ("coat", "test", 0.05, 0.01, ("curly",))
    assert "curly (5.0%)" in found.text


def test_words_among_numbers_that_are_strings_are_named():
    def code(splits):
        for name, found in splits.items():
            found["code"] = [str(row * 7 % 400) for row in range(ROWS[name])]
        splits["test"]["code"][:20] = ["n/a"] * 20

    found = only(checked(code), "unexpected_values")
    assert (found.feature, found.figure, found.examples) == ("code", 0.1, ("n/a",))


@pytest.mark.parametrize(("value", "kind"), [(float("nan"), "nan"), (float("inf"), "infinity")])
def test_nan_and_infinity_are_found_with_their_rows(value, kind):
    found = only(checked(put("validation", "weight", [3, 150], value)), kind)
    assert (found.feature, found.split, found.figure, found.limit) == ("weight", "validation", 0.01, 0)
    assert found.examples == ("validation_003", "validation_150")


def test_a_column_without_values_and_one_that_is_not_there():
    assert only(checked(put("test", "größe ✓", range(200), None)), "all_missing").feature == "größe ✓"
    found = only(checked(lambda splits: splits["test"].pop("legs")), "missing_column")
    assert (found.feature, found.split, found.severity) == ("legs", "test", "error")


def test_missing_values_are_an_anomaly_where_there_are_many_or_many_more_than_in_training():
    everywhere = only_all(
        checked(lambda splits: [put(name, "coat", range(int(0.7 * rows)), None)(splits) for name, rows in ROWS.items()]),
        "missing",
    )
    assert [found.split for found in everywhere] == ["test", "train", "validation"] and everywhere[0].figure == pytest.approx(
        0.7
    )
    found = only(checked(put("test", "weight", range(50), None)), "missing")
    assert (found.split, found.figure, found.limit) == ("test", 0.25, 0.1)


def only_all(findings, kind):
    assert {anomaly.kind for anomaly in findings.anomalies} == {kind}, [str(anomaly) for anomaly in findings.anomalies]
    return findings.anomalies


def test_a_new_column_is_a_warning():
    assert only(checked(lambda splits: splits["test"].update(extra=[1] * 200)), "new_column").severity == "warning"


def test_numbers_as_strings_are_another_type():
    found = only(
        checked(lambda splits: splits["test"].update(weight=[f"{value} kg" for value in splits["test"]["weight"]])), "type"
    )
    assert (found.feature, found.split) == ("weight", "test") and found.examples[0].endswith(" kg")


def test_values_of_two_kinds_in_one_column_are_counted():
    numbers, words = from_csv("label,x\n" + "a,1\nb,2\n" * 20), from_csv("label,x\na,one\nb,2\n")
    tables = {"train": lambda: iter([*numbers.to_batches(), *words.to_batches()])}
    found = [anomaly for anomaly in check_data(tables, Roles("label")).anomalies if anomaly.kind == "mixed_types"]
    assert [(one.feature, one.figure) for one in found] == [("x", pytest.approx(2 / 42))] and "40 numbers, 2 strings" in found[
        0
    ].text


def test_a_class_of_two_rows_one_class_and_a_class_that_training_lacks():
    rare = only(checked(put("train", "label", [5, 6], "bat")), "rare_class")
    assert (rare.feature, rare.figure, rare.limit, rare.examples) == ("label", 2, 5, ("bat",))
    unseen = only(checked(put("test", "label", [0, 1, 2], "bat")), "unseen_label")
    assert (unseen.split, unseen.figure, unseen.examples) == ("test", 0.015, ("bat",)) and "bat (3 rows)" in unseen.text
    constant = only(
        checked(lambda splits: [put(name, "label", range(rows), "cat")(splits) for name, rows in ROWS.items()]),
        "constant_label",
    )
    assert constant.examples == ("cat",)


def test_a_label_that_is_missing_in_rows_or_altogether():
    found = only(checked(put("train", "label", range(6), None)), "missing")
    assert (found.feature, found.figure, found.limit) == ("label", 0.01, 0)
    assert only(checked(lambda splits: [found.pop("label") for found in splits.values()]), "missing_label").severity == "error"


def test_a_feature_that_is_always_the_same_is_a_warning():
    findings = checked(lambda splits: [put(name, "legs", range(rows), 4)(splits) for name, rows in ROWS.items()])
    assert only(findings, "constant").severity == "warning" and not findings.failed


def test_a_feature_that_gives_the_label_away():
    def leak(splits):
        for found in splits.values():
            found["code"] = [{"cat": 1.0, "dog": 2.0, "owl": 3.0}[label] for label in found["label"]]

    found = only(checked(leak), "leakage")
    assert (found.feature, found.figure, found.limit) == ("code", 1.0, 0.9)
    assert (
        checked(leak, roles=Roles("label", ids="id", digest="digest", dhash="dhash", features=("weight", "coat"))).anomalies
        == ()
    )


def test_drift_of_categories_and_of_numbers():
    found = only(checked(lambda splits: splits["test"].update(coat=["long"] * 150 + ["short", "none"] * 25)), "drift")
    assert (found.feature, found.examples) == ("coat", ("long",)) and found.figure == pytest.approx(0.75 - 0.33, abs=0.05)
    shifted = only(
        checked(lambda splits: splits["test"].update(weight=[value + 10 for value in splits["test"]["weight"]])),
        "drift_numbers",
    )
    assert shifted.feature == "weight" and shifted.figure > 0.4 > shifted.limit


def test_rows_that_were_served_need_no_label_and_are_compared_with_training():
    def serve(splits):
        splits["serving"] = {name: values for name, values in columns("validation").items() if name != "label"}

    assert checked(serve).anomalies == checked(lambda splits: splits.pop("validation")).anomalies == ()
    skewed = only(checked(lambda splits: [serve(splits), put("serving", "weight", range(150), 0.0)(splits)]), "drift_numbers")
    assert (skewed.feature, skewed.split) == ("weight", "serving")


def test_rows_that_repeat_and_rows_of_training_in_test_are_named():
    def repeat(splits):
        splits["train"]["digest"][:60] = splits["train"]["digest"][60:120]
        splits["test"]["digest"][:4] = splits["train"]["digest"][200:204]

    duplicates, shared = checked(repeat).anomalies
    assert (duplicates.kind, duplicates.split, duplicates.figure, duplicates.limit) == ("duplicates", "train", 0.1, 0.05)
    assert (shared.kind, shared.split, shared.figure, shared.limit) == ("shared_rows", "test", 0.02, 0.01)
    assert shared.examples == ("test_000", "test_001", "test_002", "test_003") and "4 rows (2.0%)" in shared.text
    assert set(duplicates.examples) <= {f"train_{row:03}" for row in range(120)} and len(duplicates.examples) == 5


def test_pictures_that_differ_in_two_bits_are_near():
    def copy(splits):
        splits["test"]["dhash"][:20] = [look ^ 0b1000100 for look in splits["train"]["dhash"][:20]]

    found = only(checked(copy), "shared_near_duplicates")
    assert (found.split, found.figure, found.limit) == ("test", 0.1, 0.05)
    assert len(found.examples) == 5 and set(found.examples) <= {f"test_{row:03}" for row in range(20)}
    assert checked(copy, near_distance=1).anomalies == ()


def test_embeddings_of_another_distribution():
    def embed(shift):
        def change(splits):
            draw = np.random.default_rng(0)
            for name, found in splits.items():
                found["vector"] = (
                    (draw.normal(size=(ROWS[name], 8)) + (shift if name == "test" else 0)).astype(np.float32).tolist()
                )

        return change

    roles = Roles("label", ids="id", digest="digest", dhash="dhash", embeddings=("vector",), features=("vector",))
    assert checked(embed(0), roles=roles).anomalies == ()
    found = [anomaly for anomaly in checked(embed(1), roles=roles).anomalies if anomaly.kind == "embedding_drift"]
    assert [(one.feature, one.split, one.figure, one.limit) for one in found] == [("vector", "test", 1 / 5000, 0.001)]


def test_an_earlier_run_is_compared_with(tmp_path):
    folder = checked().write(tmp_path)
    assert checked(against=tmp_path).anomalies == checked(against=folder / "statistics.pb").anomalies == ()
    heavier = checked(
        lambda splits: [found.update(weight=[value * 2 for value in found["weight"]]) for found in splits.values()],
        against=tmp_path,
    )
    assert {(one.kind, one.feature, one.split) for one in heavier.anomalies} == {
        ("drift_numbers", "weight", name) for name in ROWS
    }
    assert "the earlier train" in str(heavier.anomalies)
    with pytest.raises(RunError, match=r"checks\.against = .*cannot be read"):
        checked(against=tmp_path / "nowhere")


def test_an_edited_schema_holds_to_the_letter(tmp_path):
    file = checked().write(tmp_path) / "schema.pbtxt"
    text = file.read_text()
    assert checked(schema_file=file).anomalies == ()
    found = only(checked(put("test", "coat", [0], "curly"), schema_file=file), "unexpected_values")
    assert (found.figure, found.limit) == (0.005, 0)
    start = text.index('name: "legs"')
    file.write_text(text[:start] + "int_domain { min: 3 max: 4 }\n  " + text[start:])
    assert {(one.kind, one.feature, one.figure, one.limit) for one in checked(schema_file=file).anomalies} == {
        ("too_small", "legs", 2, 3)
    }
    file.write_text(text[:start] + "lifecycle_stage: DEPRECATED\n  " + text[start:])
    assert checked(lambda splits: splits["test"].pop("legs"), schema_file=file).anomalies == ()
    file.write_text(text[:start] + 'not_in_environment: "test"\n  ' + text[start:] + 'default_environment: "test"\n')
    assert checked(lambda splits: splits["test"].pop("legs"), schema_file=file).anomalies == ()


def test_an_empty_split_no_training_split_and_a_failed_check():
    table = from_csv("label,x\n" + "a,1\nb,2\na,2\nb,1\n" * 20)
    found = check_data({"train": stream(table), "test": stream(table.slice(0, 0))}, Roles("label"), Checks(on_anomaly="fail"))
    assert [(one.kind, one.split) for one in found.anomalies] == [("few_rows", "test")] and found.failed
    assert not check_data({"train": stream(table), "test": stream(table.slice(0, 0))}, Roles("label")).failed
    with pytest.raises(RunError, match="no split called 'train'"):
        check_data({"test": stream(table)}, Roles("label"))


@pytest.mark.parametrize("seed", range(5))
def test_flights_have_one_leak_and_nothing_else(flights, seed):
    found = only(check_data(split(flights, seed), Roles("late")), "leakage")
    assert (found.feature, found.figure) == ("arr_delay", pytest.approx(1.0, abs=0.01))
    assert check_data(split(flights.drop_columns(["arr_delay"]), seed), Roles("late")).anomalies == ()


def test_flights_by_month_drift_and_random_rows_do_not(flights):
    months = np.asarray(flights["month"])
    tables = {"train": stream(flights.filter(pa.array(months <= 6))), "test": stream(flights.filter(pa.array(months > 9)))}
    found = {anomaly.feature for anomaly in check_data(tables, Roles("late", features=("hour", "carrier"))).anomalies}
    assert "month" in found and found <= {
        "month",
        "temp",
        "day",
        "humid",
        "precip",
        "pressure",
        "visib",
        "wind_speed",
        "arr_delay",
    }


@pytest.mark.parametrize("with_digest", [True, False])
def test_sentiment_is_clean(sentiment, with_digest):
    texts = sentiment["text"].to_pylist()
    digests = pa.array([hashlib.sha256(text.encode()).digest() for text in texts], pa.binary(32))
    table = sentiment.append_column("digest", digests) if with_digest else sentiment
    roles = Roles("label", texts=("text",), ids="id", digest="digest" if with_digest else None, features=("text",))
    assert check_data(split(table), roles).anomalies == ()


def test_texts_of_training_in_test_are_found_without_a_digest(sentiment):
    tables = split(sentiment)
    train, test = (pa.Table.from_batches(tables[name]()) for name in ("train", "test"))
    tables["test"] = stream(pa.concat_tables([test, train.slice(0, 100)]))
    found = only(check_data(tables, Roles("label", texts=("text",), ids="id", features=("text",))), "shared_rows")
    assert found.feature == "text" and found.figure == pytest.approx(100 / 1300, abs=0.005) and found.examples


def test_fashion_is_clean():
    with np.load(ROOT / "tfrun/samples/fashion/fashion.npz") as arrays:
        images, parts = arrays["images"], arrays["split"]
        table = pa.table({
            "file": arrays["files"].tolist(), "label": arrays["names"][arrays["labels"]].tolist(),
            "digest": pa.array([hashlib.sha256(image.tobytes()).digest() for image in images], pa.binary(32)),
            "dhash": pa.array([_look(image) for image in images], pa.uint64()),
        })  # fmt: skip
    tables = {name: stream(table.filter(pa.array(parts == name))) for name in ("train", "test")}
    assert check_data(tables, Roles("label", ids="file", digest="digest", dhash="dhash", features=())).anomalies == ()


def _look(image: np.ndarray) -> int:
    small = np.asarray(Image.fromarray(image).resize((9, 8), Image.Resampling.BILINEAR))
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")


def test_a_number_to_predict_has_no_classes_and_can_be_given_away(flights, sentiment):
    table = flights.filter(flights["arr_delay"].is_valid())
    hours = [value / 60 if value is not None else None for value in table["arr_delay"].to_pylist()]
    findings = check_data(split(table.append_column("hours_late", pa.array(hours))), Roles("arr_delay"))
    assert only(findings, "leakage").feature == "hours_late"
    assert check_data(split(sentiment), Roles("rating", texts=("text",), ids="id", features=("text",))).anomalies == ()
