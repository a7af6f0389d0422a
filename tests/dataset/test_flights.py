import numpy as np

from tfrun.dataset.flights import Flights


def test_the_answer_is_no_feature_and_months_do_not_mix():
    data = Flights().open()
    assert data.classes == ("late", "on_time") and data.licence == "CC0-1.0" and data.kind == "table"
    assert not {"arr_delay", "late", "month"} & {spec.name for spec in data.inputs}
    months = {name: set(split.columns["month"]) for name, split in data.splits.items()}
    assert months["train"] == months["validation"] == set("123456") and months["test"] == {"7", "8", "9", "10", "11", "12"}
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 2502, "validation": 441, "test": 3057}


def test_the_label_is_a_delay_of_more_than_15_minutes():
    split = Flights().open().splits["test"]
    assert ((split.facts["arr_delay"] > 15) == (split.labels == 0)).all()


def test_few_values_are_missing_and_some_planes_are_unknown():
    facts = Flights().open().splits["train"].facts
    assert np.isnan(facts["plane_age"]).mean() > 0.1 and not np.isnan(facts["distance"]).any()
