"""The same statistics by Apache Beam (extra `beam`): blocks of rows are shared out to its workers and merged."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from tfrun.checks.blocks import blocks
from tfrun.checks.gather import Tables
from tfrun.checks.roles import Roles
from tfrun.checks.split import SplitAccumulator
from tfrun.config.problems import Problem, RunError

try:
    import apache_beam as beam
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
except ImportError as error:
    raise RunError(Problem("checks.engine", "needs Apache Beam", "pip install 'tfrun[beam]'", "beam")) from error

if TYPE_CHECKING:
    import pyarrow as pa


class Read(beam.DoFn):
    def __init__(self, stream: Callable[[], Iterator[pa.RecordBatch]]):
        self.stream = stream

    def process(self, name: str) -> Iterator[tuple[str, pa.RecordBatch]]:
        return ((name, block) for block in blocks(self.stream()))


class Gather(beam.CombineFn):
    """Record batches of one split -> SplitAccumulator. They come in any order: rows without ids have no names."""

    def __init__(self, roles: Roles, sample_rows: int):
        self.roles, self.sample_rows = roles, sample_rows

    def create_accumulator(self) -> SplitAccumulator:
        return SplitAccumulator(self.roles, self.sample_rows, ordered=False)

    def add_input(self, accumulator: SplitAccumulator, block: pa.RecordBatch) -> SplitAccumulator:
        accumulator.add(block)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[SplitAccumulator]) -> SplitAccumulator:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: SplitAccumulator) -> SplitAccumulator:
        return accumulator


class Write(beam.DoFn):
    """Leaves an accumulator where this process finds it when the pipeline has ended."""

    def __init__(self, file: str):
        self.file = file

    def process(self, found: tuple[str, SplitAccumulator]) -> None:
        with FileSystems.create(self.file) as stream:
            stream.write(pickle.dumps(found[1]))


def gather(tables: Tables, roles: Roles, sample_rows: int, options: Iterable[str] = ()) -> dict[str, SplitAccumulator]:
    """options: of the pipeline, as on its command line. Results pass through its `--temp_location`, by default a folder here.

    Streams and roles are pickled to the workers, which have to reach what the streams read.
    """
    settings = PipelineOptions(list(options))
    with tempfile.TemporaryDirectory() as here:
        folder = FileSystems.join(settings.view_as(GoogleCloudOptions).temp_location or here, "")
        files = {name: FileSystems.join(folder, f"split-{number}.pickle") for number, name in enumerate(tables)}
        with beam.Pipeline(options=settings) as pipeline:
            for name, stream in tables.items():
                rows = pipeline | f"{name}: start" >> beam.Create([name]) | f"{name}: read" >> beam.ParDo(Read(stream))
                merged = (
                    rows
                    | f"{name}: share out" >> beam.Reshuffle()
                    | f"{name}: gather" >> beam.CombinePerKey(Gather(roles, sample_rows))
                )
                _ = merged | f"{name}: write" >> beam.ParDo(Write(files[name]))
        return {name: _read(file, roles, sample_rows) for name, file in files.items()}


def _read(file: str, roles: Roles, sample_rows: int) -> SplitAccumulator:
    if not FileSystems.exists(file):  # a split without rows
        return SplitAccumulator(roles, sample_rows, ordered=False)
    with FileSystems.open(file) as stream:
        return pickle.loads(stream.read())
