import keras
import numpy as np
import pytest

from tfrun.config.problems import RunError
from tfrun.head.wide_and_deep import WideAndDeep
from tfrun.transform.layout import Block, placed

COLUMNS = placed(
    [Block(("a",), "number", 1), Block(("b",), "category", 5), Block(("a",), "missing", 1), Block(("a", "b"), "cross", 6)]
)


def answers(head, change: int) -> float:
    """How much the logits move where one feature does."""
    rows = np.random.default_rng(0).normal(size=(4, 13)).astype("float32")
    moved = rows.copy()
    moved[:, change] += 1
    return float(np.abs(head(rows) - head(moved)).max())


def test_logits_are_the_sum_of_a_linear_and_a_hidden_part():
    head = WideAndDeep(units=[8], embedding=2).build_on(COLUMNS, (13,), 3, seed=0)
    kernels = {variable.path: tuple(variable.shape) for variable in head.trainable_variables}
    assert kernels == {
        "wide/kernel": (11, 3), "wide/bias": (3,), "embedding_0/kernel": (5, 2), "hidden_0/kernel": (4, 8), "hidden_0/bias": (8,),
        "logits/kernel": (8, 3), "logits/bias": (3,),
    }  # fmt: skip
    assert all(answers(head, place) > 0 for place in range(13))


def test_crosses_do_not_reach_the_hidden_part():
    head = WideAndDeep(units=[8]).build_on(COLUMNS, (13,), 3, seed=0)
    head.get_layer("wide").kernel.assign(np.zeros((11, 3)))
    assert [answers(head, place) > 0 for place in (0, 1, 6, 7, 12)] == [True, True, True, False, False]


def test_the_same_seed_gives_the_same_head_whatever_came_before():
    heads = []
    for _ in range(2):
        keras.utils.set_random_seed(len(heads))
        heads.append(WideAndDeep(dropout=0.1).build_on(COLUMNS, (13,), 3, seed=4))
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(heads[0].variables, heads[1].variables, strict=True))


def test_tables_of_one_sort_only_have_one_part():
    dense = WideAndDeep().build_on(placed([Block(("a",), "number", 2)]), (2,), 2, seed=0)
    sparse = WideAndDeep(embedding=0).build_on(placed([Block(("a",), "category", 3)]), (3,), 2, seed=0)
    assert "wide/kernel" not in [v.path for v in dense.variables] and [v.path for v in sparse.variables] == [
        "wide/kernel",
        "wide/bias",
    ]


def test_without_columns_it_is_refused():
    with pytest.raises(RunError, match="needs the columns of a table"):
        WideAndDeep().build((8,), 2, seed=0)
