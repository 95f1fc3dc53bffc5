"""The server's flags, under TensorFlow Serving's names where it has them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """What `python -m serving --help` describes."""
    flags = argparse.ArgumentParser(
        prog="python -m serving",
        usage="python -m serving --store DIR [--host ADDRESS] [--port PORT] [--rest_api_port PORT] ... (see --help)",
        description="Serves SavedModels with TensorFlow Serving's REST and gRPC protocol.",
        epilog="exit status: 0 stopped by a signal, 2 wrong flag, file or folder, 1 anything else",
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    models = flags.add_argument_group("models (one of these)")
    models.add_argument(
        "--store",
        type=_place,
        default=None,
        help="serve every model in a folder NAME/VERSION/saved_model.pb, as its models.config says, if it has one; or "
        "behind a URL that fsspec knows (s3://, gs://, ...)",
    )
    models.add_argument(
        "--store_cache",
        type=Path,
        default=None,
        help="where what is served of a URL is copied to; None is a folder in ~/.cache/encoder-zoo",
    )
    models.add_argument("--model_config_file", default="", help="text proto of ModelServerConfig")
    models.add_argument("--model_base_path", type=Path, default=None, help="serve the one model in this folder")
    models.add_argument("--model_name", default="default", help="its name")

    ports = flags.add_argument_group("ports")
    ports.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for every one")
    ports.add_argument("--port", type=_port, default=8500, help="gRPC; 0 picks a free one")
    ports.add_argument("--rest_api_port", type=_port, default=8501, help="REST; 0 picks a free one")
    ports.add_argument("--ssl_config_file", default="", help="text proto of SSLConfig, for both ports")
    ports.add_argument(
        "--bearer_token_file",
        default="",
        help="file of a token that every request must carry (Authorization: Bearer); one a line, any of them will do",
    )
    ports.add_argument(
        "--reload_token_file",
        default="",
        help="file of the token that HandleReloadConfigRequest must carry; without it nobody may reload a server that "
        "has a token",
    )
    ports.add_argument(
        "--secrets_poll_wait_seconds",
        type=float,
        default=5.0,
        help="between readings of the files of the certificate and the tokens; 0 reads once",
    )
    ports.add_argument(
        "--allow_metrics_without_token",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        help="let Prometheus read its page without the token",
    )
    ports.add_argument(
        "--enable_grpc_healthcheck_service", type=_boolean, nargs="?", const=True, default=True, help="grpc.health.v1"
    )
    ports.add_argument(
        "--enable_grpc_reflection",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        help="tell grpcurl and its like which methods and messages there are, without a token",
    )
    ports.add_argument(
        "--rest_api_enable_cors_support", type=_boolean, nargs="?", const=True, default=False, help="CORS headers"
    )
    ports.add_argument(
        "--access_log",
        choices=["none", "text", "json"],
        default="none",
        help="a line for each request on standard error; its id is the header X-Request-ID, or made up",
    )
    ports.add_argument(
        "--monitoring_config_file", default="", help="text proto of MonitoringConfig: Prometheus metrics"
    )

    limits = flags.add_argument_group("limits")
    limits.add_argument(
        "--rest_api_timeout_in_ms",
        type=_positive,
        default=30_000,
        help="that a REST request may take to come in, and then to be answered",
    )
    limits.add_argument(
        "--rest_api_num_threads", type=_positive, default=4 * (os.cpu_count() or 1), help="requests that run at once"
    )
    limits.add_argument(
        "--max_queued_requests", type=_natural, default=1024, help="requests that may wait; more get 429"
    )
    limits.add_argument(
        "--rest_api_max_body_bytes",
        type=_positive,
        default=2**24,
        help="of a body, inflated, and of a gRPC message; larger ones get 413 (RESOURCE_EXHAUSTED)",
    )
    limits.add_argument(
        "--max_bytes_in_flight",
        type=_positive,
        default=2**28,
        help="of all bodies together that came in and are not answered; further large ones get 429",
    )
    limits.add_argument(
        "--drain_seconds", type=float, default=10.0, help="time that requests under way get after SIGTERM"
    )

    polling = flags.add_argument_group("loading")
    polling.add_argument(
        "--file_system_poll_wait_seconds",
        type=float,
        default=None,
        help="between looks for new versions; 0 looks once; None is 1, and 10 for a store at a URL",
    )
    polling.add_argument(
        "--model_config_file_poll_wait_seconds",
        type=float,
        default=0.0,
        help="between readings of the file; 0 reads once",
    )
    polling.add_argument("--max_num_load_retries", type=_natural, default=5, help="of a version that failed")
    polling.add_argument("--load_retry_interval_micros", type=_natural, default=60_000_000, help="between them")
    polling.add_argument(
        "--enable_model_warmup", type=_boolean, default=True, help="play a version's warm-up requests before it serves"
    )
    polling.add_argument("--saved_model_tags", default="serve", help="comma-separated tags of the graph")
    polling.add_argument(
        "--allow_version_labels_for_unavailable_models",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        help="let a reload give labels to versions not loaded yet",
    )

    running = flags.add_argument_group("running")
    running.add_argument(
        "--workers",
        type=_positive,
        default=1,
        help="processes that share the ports, for more cores than one process uses; each loads the models",
    )
    running.add_argument("--worker", default=None, help=argparse.SUPPRESS)  # PARENT:FOLDER:NUMBER, of one of them
    running.add_argument(
        "--require_declared_shapes",
        type=_boolean,
        nargs="?",
        const=True,
        default=False,
        help="refuse inputs of other shapes than the signature declares, instead of leaving them to the graph; the "
        "zoo's encoders look at their inputs themselves",
    )
    running.add_argument(
        "--enable_batching", type=_boolean, nargs="?", const=True, default=False, help="run requests together"
    )
    running.add_argument("--batching_parameters_file", default="", help="text proto of BatchingParameters")
    running.add_argument(
        "--tensorflow_intra_op_parallelism",
        type=_natural,
        default=0,
        help="threads in an operation; 0 as TensorFlow likes",
    )
    running.add_argument(
        "--tensorflow_inter_op_parallelism",
        type=_natural,
        default=0,
        help="operations of a request at once; 0 or 1: one by one in its thread, quickest for small models",
    )
    return flags


def read_flags(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parses and checks the command line; exits with status 2 for what is wrong with it."""
    flags = parser()
    read = flags.parse_args(arguments)
    given = [name for name in ("store", "model_config_file", "model_base_path") if getattr(read, name)]
    if not given:
        flags.error("nothing to serve: give --store DIR, --model_config_file FILE or --model_base_path DIR")
    if len(given) > 1:
        flags.error(f"--{given[0]} and --{given[1]} exclude each other")
    if read.batching_parameters_file and not read.enable_batching:
        flags.error("--batching_parameters_file needs --enable_batching")
    for name in ("store", "model_base_path"):
        folder = getattr(read, name)
        if isinstance(folder, Path) and not folder.is_dir():
            flags.error(f"--{name}: {folder} is not a folder")
    if read.workers > 1 and isinstance(read.store, str):
        flags.error("--workers goes with a --store on this machine")
    if read.store_cache is not None and not isinstance(read.store, str):
        flags.error("--store_cache goes with a --store at a URL")
    if read.file_system_poll_wait_seconds is None:
        # each look at an object store is a request that is paid for
        read.file_system_poll_wait_seconds = 10.0 if isinstance(read.store, str) else 1.0
    if isinstance(read.store, Path) and any(path.parent.name.isdigit() for path in read.store.glob("*/saved_model.pb")):
        flags.error(
            f"--store: {read.store} holds the versions of one model: give the folder above it, or --model_base_path"
        )
    return read


def _place(text: str) -> Path | str:
    return text if "://" in text else Path(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"a whole number is wanted, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"a whole number above 0 is wanted, not {text!r}")
    return int(text)


def _boolean(text: str) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"true or false is wanted, not {text!r}")
    return known[text.lower()]
