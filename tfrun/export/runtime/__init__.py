"""Runtimes that exported files are measured in: plain scripts that run without tfrun, one file a runtime (see worker.py)."""
