"""What `-m` does: the study, its screen, and the end of its best trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfrun.apart.limits import Limits
from tfrun.cli.resume import finished
from tfrun.cli.summary import show_problems, tell
from tfrun.config.load import load_file
from tfrun.config.problems import ConfigError, Problem, TfrunError
from tfrun.config.source import config_dir_now
from tfrun.record.console import Console
from tfrun.record.result import read
from tfrun.sweep import Sweep, launcher
from tfrun.sweep.board import Board
from tfrun.sweep.outside import Outside
from tfrun.sweep.pool import LocalPool
from tfrun.sweep.space import Space, parse
from tfrun.sweep.study import Study
from tfrun.sweep.variants import Variants
from tfrun.tracking.none import NoTracking

_OWN = ("hydra.mode=", "hydra.sweep.dir=", "hydra.run.dir=")


def space_of(overrides: list[str]) -> Space:
    """Of the command line and the `search` section. Raises ConfigError."""
    plain = parse(overrides, {})
    base = Variants(plain).mapping(next(plain.probes()))
    return parse(overrides, {str(key): str(value) for key, value in (base.get("search") or {}).items()})


def problems_of(overrides: list[str]) -> list[Problem]:
    """All that is wrong with any value of the sweep, before its first trial."""
    missing = launcher.problems_of(overrides)
    if missing:
        return missing
    try:
        space = space_of(overrides)
        variants = Variants(space)
        problems = variants.problems()
        if not problems:
            base = variants.experiment(next(space.probes()))
            problems = [*base.sweep.problems(), *_of_the_sweep(base, space)]
        return problems
    except ConfigError as error:
        return error.problems


def _of_the_sweep(base, space: Space) -> list[Problem]:
    found = []
    if not space.dimensions:
        found.append(
            Problem(
                "-m", "nothing is searched", "give a key several values: key=a,b,c or key=interval(0,1), or a search section"
            )
        )
    known = {"primary", "seconds", "parameters", *base.evaluation.metric_names()}
    found += [
        Problem("sweep.objective", "is not measured", f"one of {', '.join(sorted(known))}", name)
        for name in base.sweep.objectives
        if name not in known
    ]
    if base.dataset.split.validation == 0:
        found.append(Problem("dataset.split.validation", "a sweep is decided on the validation split", "give it a share", 0))
    if not found:
        base.sweep.engine(space, tuple(False for _ in base.sweep.objectives), 1.0)
    return found


def sweep(plugin: Any, overrides: list[str]) -> float | None:
    """plugin: Hydra's, set up. Returns the best objective; the exit code goes to the task function's `codes`."""
    space = space_of(overrides)
    variants = Variants(space)
    base = variants.experiment(next(space.probes()))
    directory = base.sweep.resume or Path(plugin.config.hydra.sweep.dir)
    console = Console()
    with Board(console, directory) as board:
        outside = None
        try:
            pool = _pool(plugin, base.sweep, space, directory)
            study = Study(base, variants, directory, pool, command=_command(plugin, overrides))
            outside = Outside(study, console, board)
            study.run()
        except BaseException as error:
            if outside is not None:
                outside.close("stopped")
            if isinstance(error, TfrunError):  # Hydra would show its traceback
                show_problems(error)
                plugin.task_function.codes.append(error.exit_code)
                return None
            if isinstance(error, KeyboardInterrupt):
                raise type(error)(f"stopped: `python -m tfrun resume {directory}` goes on with this sweep") from error
            raise
    outside.done()
    board.summary()
    try:
        code = _finish(base, study, outside)
    finally:
        outside.close("done")
    plugin.task_function.codes.append(code)
    best = study.best()
    return best.objectives[0] if best else None


def _pool(plugin: Any, settings: Sweep, space: Space, directory: Path) -> Any:
    """Where trials run. Raises TfrunError where they cannot."""
    memory = int(settings.memory_limit * 1e9) if settings.memory_limit else None
    limits = Limits(settings.time_limit or float("inf"), memory)
    name = launcher.chosen(plugin.config)
    if name and settings.pool != "local":
        raise ConfigError(Problem("sweep.pool", f"hydra/launcher={name} runs trials too", "use one of them", settings.pool))
    if name:
        return launcher.pool_of(plugin, name, settings, space, directory, limits)
    if settings.pool == "ray":
        from tfrun.sweep.ray_pool import RayPool

        return RayPool(settings.ray, settings.workers, limits)
    return LocalPool(settings.workers, limits)


def _command(plugin: Any, overrides: list[str]) -> list[str]:
    """What begins this sweep again, but for its directory."""
    config_dir = config_dir_now()
    of_hydra = [text for text in plugin.config.hydra.overrides.hydra if not text.startswith(_OWN)]
    return [*([f"--config-dir={config_dir}"] if config_dir else []), *overrides, *of_hydra]


def _finish(base, study: Study, outside: Outside) -> int:
    """The exit code."""
    from tfrun.run import resume

    best = study.best()
    if best is None:
        return 1
    if base.sweep.finish == "none":
        return 0
    directory = Path(best.directory)
    if "test" in read(directory)["metrics"]:  # the sweep was gone on with after its end
        Console().line(f"finished already: {directory / 'report.html'}")
        return finished(directory)
    (directory / "trial.json").unlink(missing_ok=True)
    experiment = load_file(directory / "config.yaml")
    if outside.tracks:  # the sweep's tracking sends it with the other trials
        experiment = experiment.model_copy(update={"tracking": NoTracking()})
    _, code = tell(base, lambda: resume(directory, experiment))
    return code
