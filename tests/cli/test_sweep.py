"""`-m`: a directory for the sweep, a run directory for each trial in it, and the best one finished as any run."""

import json

from tests.conftest import tfrun


def test_each_value_is_a_trial_of_its_own_and_the_best_is_finished(tmp_path, module):
    arguments = [
        "-m", "+experiment=quickstart", "debug=fast", "backbone=hub", f"backbone.handle={module}", "transform.image_size=32",
        "export=[saved_model]", "gate=none", "tracking=none", "training.epochs=3",
    ]  # fmt: skip
    done = tfrun(tmp_path, *arguments, "optimizer.learning_rate=0.000001,0.1", "sweep.objective=loss")
    assert done.code == 0, done.err
    (sweep,) = tmp_path.glob("runs/quickstart/*")
    results = [json.loads((sweep / f"{number}/result.json").read_text()) for number in range(2)]
    assert [result["status"] for result in results] == ["done", "done"]
    assert results[0]["weights_sha256"] != results[1]["weights_sha256"]
    assert "optimizer.learning_rate=0.1" in done.out and "best so far" in done.out
    assert "test" not in results[0]["metrics"] and not (sweep / "0/exports").exists()
    assert (
        "test" in results[1]["metrics"] and (sweep / "1/exports/saved_model").is_dir() and (sweep / "1/report.html").is_file()
    )
    again = tfrun(tmp_path, "resume", str(sweep))
    assert again.code == 0 and "finished already" in again.out


def test_a_value_of_a_sweep_that_is_wrong_is_told_before_the_first_trial(tmp_path):
    done = tfrun(tmp_path, "-m", "+experiment=quickstart", "optimizer.learning_rate=0.1,-1", "head=linear,mpl")
    assert done.code == 2 and "optimizer.learning_rate = -1" in done.err and "did you mean 'mlp'?" in done.err
    assert list(tmp_path.iterdir()) == []
