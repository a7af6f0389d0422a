"""One dense layer."""

from tfrun.head import Head


class Linear(Head):
    """Logistic regression on the features."""

    def build(self, feature_shape, classes, seed):
        return self._stack(feature_shape, classes, seed, [])
