"""A child that has work done apart itself."""

import time


def inner():
    from tfrun import apart
    from tfrun.quiet import import_tensorflow

    began = time.perf_counter()
    import_tensorflow(lambda: apart.server(forked=True))
    kind = type(apart.server()._process).__name__
    return [kind, apart.apart("tests.apart.works:add", a=1, b=2), time.perf_counter() - began]
