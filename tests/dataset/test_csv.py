"""Tables as people have them, and the ways they are broken."""

from __future__ import annotations

import bz2
import gzip

import numpy as np
import pyarrow as pa
import pytest

from tests.conftest import ROOT
from tfrun.config.problems import RunError
from tfrun.dataset.csv import Csv

FLIGHTS = ROOT / "tfrun/samples/flights/flights.csv.gz"
HEADER = "size,colour,when,note,label\n"


def lines(count: int = 40) -> list[str]:
    return [
        f"{number}.5,{['red', 'blue'][number % 2]},2024-01-{number % 28 + 1:02},the note of row number {number},{['a', 'b'][number % 2]}"
        for number in range(count)
    ]


def write(folder, text: str | bytes, name: str = "table.csv") -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(folder / name)


def table(*rows: str, header: str = HEADER) -> str:
    return header + "\n".join([*lines(), *rows]) + "\n"


def told(path: str, **settings) -> str:
    """What `check` or opening says is wrong."""
    dataset = Csv(file=path, **settings)
    problems = dataset.problems()
    if problems:
        return "\n".join(map(str, problems))
    with pytest.raises(RunError) as caught:
        dataset.open()
    return str(caught.value)


def whole(data) -> list[dict]:
    return [row for split in data.splits.values() for row in split.inputs()]


def test_columns_have_kinds_names_and_values(tmp_path):
    dataset = Csv(file=write(tmp_path, table()))
    assert dataset.says() == "number: size; category: colour; time: when; text: note"
    data = dataset.open()
    assert [(spec.name, spec.dtype, spec.kind) for spec in data.inputs] == [
        ("size", "float32", "number"), ("colour", "string", "category"), ("when", "float64", "time"), ("note", "string", "text"),
    ]  # fmt: skip
    assert data.kind == "table" and data.classes == ("a", "b") and {len(split) for split in data.splits.values()} == {26, 6, 8}
    split = data.splits["test"]
    row, line = next(split.inputs()), int(split.ids[0])
    assert row["size"] == line - 2 + 0.5 and row["colour"] == [b"red", b"blue"][line % 2]
    assert row["note"].decode() == f"the note of row number {line - 2}"
    assert row["when"] == np.datetime64(f"2024-01-{(line - 2) % 28 + 1:02}").astype("datetime64[s]").astype(float)


def test_many_rows_are_read_at_once_as_one_by_one(tmp_path):
    split = Csv(file=write(tmp_path, table())).open().splits["train"]
    together = {name: value.numpy() for name, value in split.read(split.positions).items()}
    for number, row in enumerate(split.inputs()):
        assert all(row[name] == together[name][number] for name in together)
    assert split.reads_batches


def test_a_table_of_one_text_column_is_text(tmp_path):
    data = Csv(file=write(tmp_path, table()), features=["note"]).open()
    assert data.kind == "text" and [(spec.kind, spec.dtype, spec.shape) for spec in data.inputs] == [("text", "string", ())]


def test_missing_values_stay_missing(tmp_path):
    text = table(",,2024-02-01,,a", "NA,NA,,some words are written here,b", "nan,red,2024-02-03,x,a")
    data = Csv(file=write(tmp_path, text), split={"test": 0.4, "validation": 0.2}).open()
    rows = {int(i): row for split in data.splits.values() for i, row in zip(split.ids, split.inputs(), strict=True)}
    assert [np.isnan(rows[line]["size"]) for line in (41, 42, 43, 44)] == [False, True, True, True]
    assert rows[42]["colour"] == b"" and rows[42]["note"] == b"" and rows[43]["colour"] == b"NA" and np.isnan(rows[43]["when"])
    facts = {
        int(i): [split.facts[name][n] for name in ("size", "colour")]
        for split in data.splits.values()
        for n, i in enumerate(split.ids)
    }
    assert np.isnan(facts[42][0]) and facts[42][1] is None and facts[41] == [39.5, "blue"]


def test_facts_and_slices_have_every_column_also_ignored_ones(tmp_path):
    dataset = Csv(file=write(tmp_path, table()), ignore=["size", "when"])
    data = dataset.open()
    assert [spec.name for spec in data.inputs] == ["colour", "note"]
    assert dataset.slice_columns() == ["size", "colour", "when", "note", "label"]
    split = data.splits["test"].take(np.array([2, 0]))
    assert list(split.facts) == ["size", "colour", "when", "note"] and split.facts["size"].dtype == np.float64
    assert [str(value) for value in split.facts["size"]] == list(split.columns["size"])


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("t.csv.gz", gzip.compress),
        ("t.csv.bz2", bz2.compress),
        ("t.csv.zst", lambda raw: pa.compress(raw, "zstd", asbytes=True)),
        ("größe 包.csv", lambda raw: raw),
        ("[a] b.csv", lambda raw: raw),
        ("bom.csv", lambda raw: b"\xef\xbb\xbf" + raw),
        ("crlf.csv", lambda raw: raw.replace(b"\n", b"\r\n")),
        ("no_end.csv", lambda raw: raw.rstrip()),
    ],
)
def test_compressed_and_oddly_named_files_are_the_same_table(tmp_path, name, pack):
    plain = Csv(file=write(tmp_path, table())).open()
    assert Csv(file=write(tmp_path, pack(table().encode()), name)).open().fingerprint == plain.fingerprint


def test_other_encodings_are_read_when_named_and_told_when_not(tmp_path):
    text = table("1,grün,2024-01-01,,a")
    for encoding in ("latin-1", "utf-16"):
        path = write(tmp_path, text.encode(encoding), f"{encoding}.csv")
        assert "set dataset.encoding" in told(path)
        data = Csv(file=path, encoding=encoding).open()
        assert "grün" in set(np.concatenate([split.columns["colour"] for split in data.splits.values()]))


def test_a_wrong_encoding_far_down_is_told_too(tmp_path):
    path = write(tmp_path, (HEADER + "\n".join(lines(60)) * 400 + "\n").encode() + "1,grün,,,a\n".encode("latin-1"))
    assert "set dataset.encoding" in told(path)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "~"])
def test_other_delimiters(tmp_path, delimiter):
    path = write(tmp_path, table().replace(",", delimiter))
    given = {"delimiter": delimiter} if delimiter == "~" else {}
    assert len(Csv(file=path, **given).open().inputs) == 4


def test_several_files_are_one_table_with_one_header(tmp_path):
    for number in range(3):
        write(tmp_path, table(), f"part_{number}.csv")
    data = Csv(file=str(tmp_path / "part_*.csv")).open()
    assert sum(len(split) for split in data.splits.values()) == 120
    assert str(data.splits["test"].ids[-1]).startswith("part_2.csv:")
    write(tmp_path, table(header="size,color,when,note,label\n"), "part_9.csv")
    assert "part_9.csv: has other columns than" in told(str(tmp_path / "part_*.csv"))


def test_rows_that_cannot_be_used_are_told_with_line_and_column(tmp_path):
    text = table("1,red,2024-01-01,x", "1,red,2024-01-01,x,a,b", "1,red,2024-01-01,x,", "inf,red,2024-01-01,x,a", "five,red,2024-01-01,x,a",
                 "1,red,2024-13-01,x,a")  # fmt: skip
    path = write(tmp_path, text)
    message = told(path)
    for part in (
        "line 42 has 4 fields where the header has 5", "line 43 has 6 fields", "line 44 has no value in column 'label'",
        "line 45 holds infinity in column 'size'", "line 46 holds 'five' in column 'size', where a number is wanted",
        "line 47 holds '2024-13-01' in column 'when', where a date is wanted", "on_corrupt=skip",
    ):  # fmt: skip
        assert part in message
    assert all(line.startswith(path) for line in message.splitlines())
    data = Csv(file=path, on_corrupt="skip").open()
    assert sum(len(split) for split in data.splits.values()) == 40 and sum(item.count for item in data.skipped) == 6
    assert {len(item.reason) > 10 for item in data.skipped} == {True}


def test_many_bad_rows_are_counted(tmp_path):
    message = told(write(tmp_path, table(*["1,red,2024-01-01,x,"] * 30)))
    assert len(message.splitlines()) == 11 and "20 more rows cannot be used" in message


def test_true_and_false_are_numbers(tmp_path):
    text = "on,label\n" + "\n".join(f"{['True', 'false', ''][n % 3]},{n % 2}" for n in range(30)) + "\n"
    data = Csv(file=write(tmp_path, text)).open()
    values = np.array([row["on"] for row in whole(data)])
    assert data.inputs[0].kind == "number" and np.isnan(values).sum() == 10 and np.nansum(values) == 10


@pytest.mark.parametrize(
    ("text", "settings", "hint"),
    [
        ("", {}, "is empty"),
        (HEADER, {}, "holds no row"),
        ("a,b,a\n1,2,3\n", {}, "columns 1 and 3 are both called 'a'"),
        ("a,,b\n1,2,3\n", {}, "column 2 has no name"),
        (table(), {"label": "lable"}, "did you mean 'label'?"),
        (table(), {"ignore": ["colr"]}, "dataset.ignore = colr: is no column of"),
        (table(), {"types": {"siz": "text"}}, "did you mean 'size'?"),
        (table(), {"group": "patient"}, "dataset.group = patient: is no column of"),
        (table(), {"features": ["size", "label"]}, "holds the label"),
        (table(), {"split": {"time": "wen"}}, "did you mean 'when'?"),
        (table(), {"split": {"values": {"train": {"color": ["red"]}}}}, "did you mean 'colour'?"),
        (table(), {"label": "note"}, "holds 40 classes in 40 rows"),
        (table(), {"ignore": ["size", "colour", "when", "note"]}, "no column is left"),
        ("x,label\n" + "1,a\n" * 30, {}, "holds one class only, 'a'"),
        ("x,y,label\n" + "1,,a\n1,,b\n" * 30, {}, "column 'y' has no value at all; set dataset.ignore=[y]"),
        ("x,label\n" + "1,a\n2,b\n" * 30 + "n/k,a\n", {}, "line 62 holds 'n/k' in column 'x', where a number is wanted"),
        ("x,label\n" + "1,a\n2,b\n" * 30 + "n/k,a\n" * 20, {}, "line 62 holds 'n/k' in column 'x', where most are numbers"),
        (b"PK\x03\x04\x00\x00\x00", {}, "is no text"),
        ("x;label\n1;a\n", {"delimiter": ","}, "does not split the header"),
    ],
)  # fmt: skip
def test_a_broken_table_is_one_line_with_a_way_out(tmp_path, text, settings, hint):
    message = told(write(tmp_path, text), **settings)
    assert hint in message and len(message.splitlines()) == 1


def test_mixed_values_are_categories_where_that_is_said(tmp_path):
    text = "x,label\n" + "1,a\n2,b\n" * 30 + "n/k,a\n"
    data = Csv(file=write(tmp_path, text), types={"x": "category"}).open()
    assert {row["x"] for row in whole(data)} == {b"1", b"2", b"n/k"}
    data = Csv(file=write(tmp_path, text), types={"x": "number"}, missing=["n/k"]).open()
    assert np.isnan([row["x"] for row in whole(data)]).sum() == 1


def test_files_that_are_not_there_or_cannot_be_read(tmp_path):
    assert "is a folder, where a file is wanted" in told(str(tmp_path))
    assert "does not exist" in told(str(tmp_path / "none.csv"))
    assert "no file has a name like this" in told(str(tmp_path / "*.csv"))
    assert "set" not in told(write(tmp_path, b"not zipped", "bad.csv.gz")) and "cannot be read" in told(
        str(tmp_path / "bad.csv.gz")
    )
    assert "unpack it" in told(write(tmp_path, b"x", "t.csv.xz"))
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    assert "cannot be read" in told(str(tmp_path / "loop.csv"))
    cut = gzip.compress(table().encode() * 50)[:-200]
    assert "cannot be read" in told(write(tmp_path, cut, "cut.csv.gz"))


def test_long_texts_quotes_and_line_breaks(tmp_path):
    large = "word " * 2_000_000
    text = (
        "body,label\n" + "".join(f'"some words, ""{n}""\nand more words",{"ab"[n % 2]}\n' for n in range(20)) + f'"{large}",a\n'
    )
    data = Csv(file=write(tmp_path, text)).open()
    bodies = {row["body"].decode() for row in whole(data)}
    assert data.kind == "text" and large in bodies and 'some words, "3"\nand more words' in bodies


def test_odd_column_names_become_argument_names(tmp_path):
    header = "class,2nd size,Größe (cm),年龄,self,a b,a_b,label\n"
    rows = "".join(f"{n},{n},{n},{n},{n},{n},{n},{n % 2}\n" for n in range(30))
    data = Csv(file=write(tmp_path, header + rows)).open()
    names = {spec.name: spec.column for spec in data.inputs}
    assert names == {
        "class_": "class", "column_2nd_size": "2nd size", "Gro_e_cm": "Größe (cm)", "column_4": "年龄", "self_": "self",
        "a_b_2": "a b", "a_b": "",
    }  # fmt: skip
    assert data.classes == ("0", "1") and "2nd size" in data.splits["test"].facts


def test_unicode_labels_are_classes(tmp_path):
    data = Csv(file=write(tmp_path, "x,label\n" + "".join(f"{n},{['große', '包'][n % 2]}\n" for n in range(30)))).open()
    assert data.classes == ("große", "包")


def test_a_table_without_room_is_the_same_table(tmp_path):
    path = write(tmp_path, table())
    held, mapped = Csv(file=path).open(), Csv(file=path, memory=0).open()
    assert mapped.fingerprint == held.fingerprint
    for name, split in held.splits.items():
        assert list(split.inputs()) == list(mapped.splits[name].inputs())
        assert (split.content() == mapped.splits[name].content()).all()
        assert list(split.columns["note"]) == list(mapped.splits[name].columns["note"])


def test_a_changed_value_changes_its_digest_and_the_fingerprint(tmp_path):
    before = Csv(file=write(tmp_path, table())).open()
    after = Csv(file=write(tmp_path, table().replace("7.5,", "7.25,", 1), "other.csv")).open()
    assert before.fingerprint != after.fingerprint and before.splits["train"].content().shape == (26, 32)
    same = [np.array_equal(before.splits[name].content(), after.splits[name].content()) for name in before.splits]
    assert same.count(False) == 1


def test_given_splits_groups_and_time(tmp_path):
    header = HEADER.replace("label", "split,who,label")
    rows = [line.rpartition(",") for line in lines()]
    text = header + "".join(
        f"{rest},{['train', 'test', 'dev', 'train'][n % 4]},p{n // 4},{label}\n" for n, (rest, _, label) in enumerate(rows)
    )
    path = write(tmp_path, text)
    data = Csv(file=path, ignore=["who"]).open()
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 20, "validation": 10, "test": 10}
    assert "split" not in [spec.name for spec in data.inputs]
    by_group = Csv(file=path, group="who", split_column="none", ignore=["split"]).open()
    sides = [set(split.columns["who"]) for split in by_group.splits.values()]
    assert not (sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2])
    by_time = Csv(file=path, split_column="none", ignore=["split", "who"], split={"time": "when"}).open()
    times = [by_time.splits[name].facts["when"] for name in ("train", "validation", "test")]
    assert times[0].max() < times[1].min() and times[1].max() < times[2].min()
    assert "is in train and in test" in told(path, group="who")


def test_the_shipped_flights_by_month():
    dataset = Csv(
        file=str(FLIGHTS), label="late", ignore=["arr_delay"], split={"values": {"train": {"month": [1, 2, 3, 4, 5, 6]}}}
    )
    data = dataset.open()
    assert set(data.splits["train"].columns["month"]) == set("123456") and data.classes == ("late", "on_time")
    assert set(data.splits["test"].columns["month"]) == {"7", "8", "9", "10", "11", "12"}
    assert "month" not in [spec.name for spec in data.inputs] and "arr_delay" in data.splits["test"].facts
