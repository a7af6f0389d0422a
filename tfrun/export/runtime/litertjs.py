"""LiteRT.js in a real browser, for TFLite files of one row."""

import os


def start():
    import browser

    running = browser.launch()
    return lambda path, signature: browser.load(running, os.path.dirname(path), os.path.splitext(os.path.basename(path))[0])
