"""`python -m tfrun +experiment=NAME …`: check first, in under a second; then let Hydra start the run or the sweep."""

from __future__ import annotations

import sys
from pathlib import Path

from tfrun.config.compose import compose, opened
from tfrun.config.load import from_mapping
from tfrun.config.places import packaged
from tfrun.config.problems import ConfigError, Problem
from tfrun.config.source import registered
from tfrun.config.switched import without_stale


def run_app(argv: list[str]) -> int:
    """argv: without the program's name. Returns the exit code; of a sweep, the worst of its runs."""
    from hydra._internal.utils import get_args_parser
    from omegaconf import OmegaConf

    args = get_args_parser().parse_args(argv)
    config_dir = Path(args.config_dir) if args.config_dir else None
    if config_dir and not config_dir.is_dir():
        raise ConfigError(Problem("--config-dir", "is no folder", "give the folder that holds your configs", config_dir))
    if args.cfg and args.multirun:
        raise ConfigError(Problem("--cfg", "shows one config, not a sweep", "leave out -m"))
    shows_only = args.help or args.hydra_help or args.info or args.shell_completion
    for override in args.overrides:
        if override.startswith("hydra.run.dir=") and Path(override.partition("=")[2]).is_file():
            raise ConfigError(Problem("hydra.run.dir", "is a file, not a folder", "choose another", override.partition("=")[2]))
    if not shows_only:
        problems = (
            _of_a_sweep(args.overrides, config_dir) if args.multirun else _problems(args.overrides, config_dir, bool(args.cfg))
        )
        if problems:
            raise ConfigError(*problems)
    if args.cfg == "job" and not args.multirun and not args.package:
        mapping, _ = compose(args.overrides, config_dir)
        print(OmegaConf.to_yaml(OmegaConf.create(mapping)), end="")
        return 0
    rest = _without_config_dir(argv)
    if not shows_only and not args.multirun:
        plus = dict(zip(args.overrides, opened(args.overrides, config_dir), strict=True))
        rest = [plus.get(argument, argument) for argument in rest]
    return _hand_over([*rest, *_ANY_CHOICE] if args.help and not args.overrides else rest, config_dir)


# Help is composed too, and needs some option of the groups that have no default.
_ANY_CHOICE = ("dataset=fashion", "backbone=none")


def _problems(overrides: list[str], config_dir: Path | None, composed_only: bool) -> list[Problem]:
    mapping, problems = compose(overrides, config_dir)
    if composed_only and not problems:
        return []
    from tfrun.config.check import check

    try:
        return check(from_mapping(mapping, problems))
    except ConfigError as error:
        return error.problems


def _of_a_sweep(overrides: list[str], config_dir: Path | None) -> list[Problem]:
    from tfrun.sweep.command import problems_of

    with registered(config_dir):
        return problems_of(overrides)


def _without_config_dir(argv: list[str]) -> list[str]:
    """Our search path carries that folder: as a plain Hydra folder its YAMLs would not be filled from their classes."""
    kept, skip = [], False
    for argument in argv:
        if skip:
            skip = False
        elif argument in ("--config-dir", "-cd"):
            skip = True
        elif not argument.startswith("--config-dir="):
            kept.append(argument)
    return kept


def _hand_over(argv: list[str], config_dir: Path | None) -> int:
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    codes: list[int] = []  # of a run, or of a sweep as a whole

    def task(config) -> float | None:
        mapping = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
        result, code = _one_run(without_stale(mapping, list(HydraConfig.get().overrides.task)))
        codes.append(code)
        return result

    task.codes = codes  # the sweeper's too
    sys.argv = [sys.argv[0], *argv]
    with registered(config_dir):
        hydra.main(config_path=str(packaged("conf")), config_name="config", version_base="1.3")(task)()
    return max(codes, key=_SEVERITY.index, default=0)


_SEVERITY = (0, 3, 75, 4, 2, 1)  # of a sweep's exit codes, the worst last


def _one_run(mapping: dict) -> tuple[float | None, int]:
    """The validation split's primary metric, for a sweeper (never the test split's), and the exit code."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from tfrun.cli.summary import tell
    from tfrun.run import run

    hydra_config = HydraConfig.get()
    experiment = from_mapping(mapping)
    chosen = any(override.startswith("hydra.run.dir=") for override in hydra_config.overrides.hydra)
    sweep = hydra_config.mode == RunMode.MULTIRUN
    directory = Path(hydra_config.runtime.output_dir) if chosen or sweep else None
    if sweep:
        print(f"\ntrial {hydra_config.job.num}: {hydra_config.job.override_dirname.replace(',', ' ')}", flush=True)
    result, code = tell(experiment, lambda: run(experiment, directory))
    validation = result.metrics.get("validation", {}) if result else {}
    return validation.get(experiment.evaluation.primary), code
