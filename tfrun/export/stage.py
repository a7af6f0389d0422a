"""The stage of a run that writes every target and measures every file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tfrun.export import Artifact, Source
from tfrun.export.held import Held
from tfrun.export.measure import Worker, measured
from tfrun.export.size import sized
from tfrun.quiet import native_output_to

if TYPE_CHECKING:
    from tfrun.dataset import Data
    from tfrun.experiment import Experiment
    from tfrun.export.trained import Trained
    from tfrun.model import Model
    from tfrun.record import Record

Written = list[tuple[Artifact, float | None]]  # with the largest difference of probabilities that it may have


def export(
    experiment: Experiment, model: Model, data: Data, held: Held, record: Record, directory: Path,
    validation: dict[str, float] | None = None,
) -> list[Artifact]:  # fmt: skip
    """Writes every target below `directory` and measures every file, each in a fresh process.

    validation: metrics of the trained model on that split, through the backbone itself; None: found where they are needed.
    """
    if not experiment.export:
        return []
    from tfrun.export.trained import Trained

    trained = Trained(experiment, model, data, held.to_numeric, (validation or {}).get(experiment.evaluation.primary))
    written = _write(trained, held, record, directory)
    return sized(_measure(experiment, written, held, record, directory), directory)


def _write(trained: Trained, held: Held, record: Record, directory: Path) -> Written:
    from tfrun.export import module

    targets = trained.experiment.export
    written: Written = []
    with record.stage("export", has_progress=True) as stage:
        with (
            record.progress("writing", len(targets), "targets") as progress,
            native_output_to(record.log_path),
            _source(trained, held, directory) as source,
        ):
            for number, target in enumerate(targets.values(), start=1):
                written += [(artifact, target.largest_difference(artifact.variant)) for artifact in target.write(source)]
                progress.reach(number, target.target)
        indirect = sorted({artifact.target for artifact, _ in written if artifact.signature == module.NUMERIC})
        note = f"; {', '.join(indirect)} without strings: numbers and indices in (exports/contract.json)" if indirect else ""
        stage.says = f"{len(written)} files{note}"
    return written


@contextmanager
def _source(trained: Trained, held: Held, directory: Path) -> Iterator[Source]:
    """The whole model in a folder that is gone afterwards."""
    from tfrun.export import contract, module

    experiment, model = trained.experiment, trained.model
    exports = directory / "exports"
    scratch = exports / ".source"
    try:
        module.save(model, scratch / "saved_model")
        content = contract.contract(model, contract.example(held.split))
        content |= {"decision": dict(held.decision)} if held.decision else {}
        contract.write(content, exports)
        yield Source(
            experiment.name, scratch / "saved_model", trained.data, held, content, directory, experiment.seed, held.to_numeric, trained
        )  # fmt: skip
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _measure(experiment: Experiment, written: Written, held: Held, record: Record, directory: Path) -> list[Artifact]:
    artifacts: list[Artifact] = []
    with record.stage("measuring", has_progress=True) as stage:
        with record.progress("measuring", len(written), "files") as progress:
            for artifact, allowed in written:
                with Worker(artifact.runtime) as worker:
                    artifacts.append(
                        measured(artifact, worker, directory / artifact.path, held, experiment.evaluation, allowed)
                    )
                progress.reach(len(artifacts), artifact.name)
        stage.says = f"{len(artifacts)} files in their own runtimes on {len(held.split):,} held-out rows"
    return artifacts
