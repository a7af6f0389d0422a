"""What children are asked to do in these tests."""

import os
import subprocess
import sys
import time
from pathlib import Path


def add(a, b):
    import tensorflow as tf

    return float(tf.reduce_sum(tf.constant([a, b])))


def fail():
    print("about to fail")
    raise ValueError("the file is broken")


def die():
    os.abort()


def leave():
    print("out of paper", flush=True)
    os._exit(7)


def hang(started):
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(started).write_text(f"{os.getpid()} {helper.pid}")
    time.sleep(600)


def eat():
    held = []
    while True:
        held.append(bytearray(os.urandom(2**20)) * 16)


def where():
    return [os.getcwd(), os.environ.get("TF_CPP_MIN_LOG_LEVEL"), "tensorflow" in sys.modules]
