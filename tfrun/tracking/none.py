"""No tracking: the run directory is all."""

from tfrun.tracking import Tracking


class NoTracking(Tracking):
    """Nothing is sent anywhere."""

    def start(self, record):
        return self

    def finish(self, record, result):
        """Nothing was started."""
