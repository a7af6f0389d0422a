"""No thresholds."""

from tfrun.gate import Gate


class NoGate(Gate):
    """Only the checks that are always made: no NaN, no lost weights, float files equal to the trained model."""

    def model_reasons(self, result):
        return []

    def artifact_reasons(self, artifact):
        return []

    def praise(self):
        return "no gate is set"
