"""Encoding the blocks of a job with Apache Beam: on its own runner here, or on Flink, Spark or Dataflow.

The input, the encoder and the folder of parts must be seen by all workers under the same paths.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import shlex
import threading
from typing import TYPE_CHECKING, Any

from zoo.bulk.job import Worker
from zoo.bulk.parts import Parts
from zoo.errors import InputError, ZooError, one_line, suggestion

try:
    logging.disable(logging.WARNING)  # of packages for Google's cloud, which most have no use for
    import apache_beam as beam
    from apache_beam.metrics import Metrics
    from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, WorkerOptions
    from apache_beam.portability.api import beam_provision_api_pb2
    from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, FnApiRunner
    from apache_beam.runners.portability.portable_runner import JobServiceHandle
except ImportError as missing:
    raise InputError("runner needs Apache Beam: pip install 'encoder-zoo[beam]'") from missing
finally:
    logging.disable(logging.NOTSET)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zoo.bulk.job import Job
    from zoo.tables.table import Block

_PAUSE = 1.0  # seconds between looks at what is finished
_DIRECT = "DirectRunner"


class EncodeBlocks(beam.DoFn):
    """Blocks that are read in one go -> how many rows were kept as parts. Loads the encoder once in each worker."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._rows = Metrics.counter("zoo", "rows")

    def setup(self) -> None:
        """Called once in a worker."""
        self._worker = Worker(self._job)

    def process(self, element: Sequence[Block]) -> Iterator[int]:
        """Encodes blocks; whatever is wrong with the rows is written down for the one who started the job."""
        try:
            for block, table in self._worker.work(element):
                self._worker.parts.write(block, table)
                self._rows.inc(block.rows)
                yield block.rows
        except ZooError as error:
            Parts(self._job.parts).write_failure(error)
            raise


class BeamRunner:
    """A `zoo.bulk.encode_file.Runner`.

    Args:
        runner: its name with Beam, such as `FlinkRunner`.
        options: pipeline options, as on a command line.

    Raises:
        InputError: Beam knows no such runner, or does not understand the options.
    """

    def __init__(self, runner: str, options: str) -> None:
        known = {name.lower(): name for name in StandardOptions.KNOWN_RUNNER_NAMES}
        if "." not in runner and runner.lower() not in known:
            raise InputError(f"runner={runner}: Beam knows no such runner; {suggestion(runner, known.values())}")
        self._name = known.get(runner.lower(), runner)
        logging.getLogger("apache_beam").setLevel(logging.ERROR)
        try:
            self._options = PipelineOptions(shlex.split(options))
            given = self._options.get_all_options(drop_default=True, retain_unknown_options=True)
        except (SystemExit, ValueError) as error:
            raise InputError(f"options={options}: Beam does not understand them ({error})") from None
        unknown = sorted(set(given) - set(self._options.get_all_options()))
        if unknown:
            raise InputError(f"options={options}: Beam knows no --{', --'.join(unknown)}")
        if "default_sdk_harness_log_level" not in given:
            self._options.view_as(WorkerOptions).default_sdk_harness_log_level = "ERROR"

    def __call__(self, job: Job, blocks: Sequence[Block], done: Callable[[Block], None]) -> None:
        """Runs the pipeline to its end.

        Raises:
            ZooError: as the workers raised it, or the runner's own.
        """
        parts = Parts(job.parts)
        tasks = [list(group) for _, group in itertools.groupby(blocks, key=lambda block: block.task)]
        parts.forget_failure()
        with _watched(parts, blocks, done):
            try:
                pipeline = beam.Pipeline(runner=self._runner(), options=self._options)
                _ = (
                    pipeline
                    | "blocks" >> beam.Create(tasks)
                    | "to all workers" >> beam.Reshuffle()
                    | "encode" >> beam.ParDo(EncodeBlocks(job))
                    | "count" >> beam.combiners.Count.Globally()
                )
                pipeline.run().wait_until_finish()
            except Exception as error:
                parts.raise_failure()
                raise ZooError(f"{self._name} failed: {one_line(error)[-500:]}") from error
        lost = sum(not parts.has(block) for block in blocks)
        if lost:
            parts.raise_failure()
            raise ZooError(f"{self._name} ended, but {lost} of {len(blocks)} blocks were not encoded")

    def _runner(self) -> Any:
        if self._name != _DIRECT:
            return self._name
        # by its name, DirectRunner would download another runner (Prism) and leave the work to it
        encoded = JobServiceHandle.encode_pipeline_options(self._options.get_all_options())
        return FnApiRunner(
            provision_info=ExtendedProvisionInfo(beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded))
        )


@contextlib.contextmanager
def _watched(parts: Parts, blocks: Sequence[Block], done: Callable[[Block], None]) -> Iterator[None]:
    """Tells of blocks that workers have finished, while the pipeline runs."""
    ended = threading.Event()

    def watch() -> None:
        missing = list(blocks)
        while missing:
            last = ended.is_set()
            for block in [each for each in missing if parts.path(each).is_file()]:
                missing.remove(block)
                done(block)
            if last:
                return
            ended.wait(_PAUSE)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
