"""TensorFlow.js in a real browser, for graph models."""

import os


def start():
    import browser

    running = browser.launch()
    return lambda path, signature: browser.load(running, os.path.dirname(path), os.path.basename(path))
