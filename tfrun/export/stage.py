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
    from tfrun.model import Model
    from tfrun.record import Record

Written = list[tuple[Artifact, float | None]]  # with the largest difference of probabilities that it may have


def export(experiment: Experiment, model: Model, data: Data, held: Held, record: Record, directory: Path) -> list[Artifact]:
    """Writes every target below `directory` and measures every file, each in a fresh process."""
    if not experiment.export:
        return []
    written = _write(experiment, model, data, held, record, directory)
    return sized(_measure(experiment, written, held, record, directory), directory)


def _write(experiment: Experiment, model: Model, data: Data, held: Held, record: Record, directory: Path) -> Written:
    from tfrun.export import module

    written: Written = []
    with record.stage("export", has_progress=True) as stage:
        with (
            record.progress("writing", len(experiment.export), "targets") as progress,
            native_output_to(record.log_path),
            _source(experiment, model, data, held, directory) as source,
        ):
            for number, target in enumerate(experiment.export.values(), start=1):
                written += [(artifact, target.largest_difference(artifact.variant)) for artifact in target.write(source)]
                progress.reach(number, target.target)
        indirect = sorted({artifact.target for artifact, _ in written if artifact.signature == module.NUMERIC})
        note = f"; {', '.join(indirect)} without strings: numbers and indices in (exports/contract.json)" if indirect else ""
        stage.says = f"{len(written)} files{note}"
    return written


@contextmanager
def _source(experiment: Experiment, model: Model, data: Data, held: Held, directory: Path) -> Iterator[Source]:
    """The whole model in a folder that is gone afterwards."""
    from tfrun.export import contract, module
    from tfrun.export.trained import Trained

    exports = directory / "exports"
    scratch = exports / ".source"
    try:
        module.save(model, scratch / "saved_model")
        content = contract.contract(model, contract.example(held.split))
        content |= {"decision": dict(held.decision)} if held.decision else {}
        contract.write(content, exports)
        trained = Trained(experiment, model, data, held.to_numeric)
        yield Source(
            experiment.name, scratch / "saved_model", data, held, content, directory, experiment.seed, held.to_numeric, trained
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
