"""Real processes: a server that has the weights, a worker that changes them."""

from __future__ import annotations

import re

import numpy as np
import psutil
import pytest

from tests.conftest import tfrun
from tests.started import Started
from tfrun import check, load, run
from tfrun.strategy.parameter_server import ParameterServer


def arguments(module, *more: str) -> list[str]:
    return [
        "+experiment=quickstart", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32", "gate=none",
        "tracking=none", "training=finetune", "training.backbone_learning_rate=1.0", "training.keep=last", "training.batch_size=16",
        *more,
    ]  # fmt: skip


@pytest.mark.long
def test_one_worker_trains_what_one_device_trains(tmp_path, module):
    """In turn: with one worker there is an order. Adam's slots lie beside their weights, on two servers."""
    run(load(arguments(module, "debug=fast", "export=[]")), tmp_path / "one" / "run", quiet=True)
    strategy = ("strategy=parameter_server", "strategy.workers=1", "strategy.servers=2", "export=[]")
    served = tfrun(tmp_path, *arguments(module, "debug=fast", "hydra.run.dir=run", *strategy))
    assert served.code == 0, served.err
    assert served.err == ""
    states = [max((folder / "run/checkpoints").glob("step-*")) / "state.npz" for folder in (tmp_path / "one", tmp_path)]
    with np.load(states[0]) as expected, np.load(states[1]) as found:
        for name in (name for name in expected.files if name.startswith("array/")):
            np.testing.assert_allclose(found[name], expected[name], atol=1e-5, err_msg=name)


@pytest.mark.long
def test_a_lost_server_ends_the_run(tmp_path, module):
    strategy = ("strategy=parameter_server", "strategy.workers=2", "export=[]", "training.epochs=1000")
    with Started(tmp_path, *arguments(module, *strategy)) as chief:
        chief.until(lambda: re.search("^model ", chief.out, re.MULTILINE))
        helpers = [child for child in chief.children if "tfrun.strategy.worker" in child.cmdline()]
        assert len(helpers) == 3
        helpers[0].kill()
        code, _, errors = chief.ended(120)
        assert psutil.wait_procs(helpers, timeout=10)[1] == []
    assert code == 75 and errors.startswith("run error: strategy: ps 0 was killed (SIGKILL)"), errors


@pytest.mark.parametrize("option", ["training.precision=mixed_float16", "training.ema_decay=0.9", "training.batch_norm=update"])
def test_what_needs_an_order_is_refused(option):
    overrides = ["strategy=parameter_server", "strategy.workers=2", "training=finetune", option]
    problems = check(load(["+experiment=quickstart", *overrides]))
    assert option.partition("=")[0] in {problem.key for problem in problems}


def test_neither_workers_nor_a_cluster_says_what_to_set(small):
    (problem,) = check(small.model_copy(update={"strategy": ParameterServer()}))
    assert "set strategy.workers=1" in str(problem)
