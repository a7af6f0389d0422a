"""The run directory: everything a run leaves behind is written here first."""

from tfrun.record.record import Record

__all__ = ["Record"]
