import numpy as np

from tfrun.training.stream import feature_batches, positions


def take(dataset, count):
    return np.array(list(dataset.take(count).as_numpy_iterator()))


def test_each_pass_has_every_row_once_and_its_own_order():
    seen = take(positions(50, seed=1), 150).reshape(3, 50)
    assert (np.sort(seen) == np.arange(50)).all()
    assert (seen[0] != seen[1]).any() and (seen[1] != seen[2]).any()


def test_the_seed_alone_decides_the_order():
    first, again, other = (take(positions(50, seed=seed), 100) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


def test_batches_run_on_over_the_end_of_a_pass_with_one_shape():
    features, labels = np.arange(10, dtype="float32")[:, None], np.arange(10, dtype="int32")
    batches = list(feature_batches(features, labels, 4, seed=0).take(5))
    assert all(inputs.shape == (4, 1) and (inputs[:, 0] == answers).all() for inputs, answers in map(_numpy, batches))
    assert sorted(np.concatenate([answers.numpy() for _, answers in batches])) == sorted([*range(10), *range(10)])


def _numpy(batch):
    return batch[0].numpy(), batch[1].numpy()
