"""`python -m tfrun probe URL`: ask a server that speaks TensorFlow Serving's REST and gRPC, and compare its answers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from tfrun.cli.arguments import real, seconds, whole
from tfrun.config.problems import RunError
from tfrun.serving.endpoint import Endpoint, Refused, model
from tfrun.serving.probe import Asked, probe
from tfrun.serving.recorded import read
from tfrun.serving.rest import Rest

_LONGEST, _MOST_CONNECTIONS, _MOST_ROWS = 300.0, 64, 1024


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    address = model(args.url)
    contract = read(args.contract) if args.contract else None
    asked = Asked(args.tolerance, args.rows, args.seconds, args.connections)
    problems = []
    for endpoint in _endpoints(args, address):
        try:
            problems += probe(endpoint, contract, asked, lambda line: print(line, flush=True))
        except Refused as refused:  # the other way may be open
            problems += refused.problems
    if problems:
        raise RunError(*problems)
    return 0


def _endpoints(args, address) -> Iterator[Endpoint]:
    yield Rest(address, args.timeout)
    if args.grpc:
        from tfrun.serving.grpc import Grpc

        yield Grpc(args.grpc, address, args.timeout)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tfrun probe", description=__doc__)
    parser.add_argument(
        "url", metavar="URL", help="http://HOST:PORT/v1/models/NAME, or with /versions/N or /labels/LABEL behind it"
    )
    parser.add_argument("--grpc", metavar="HOST:PORT", help="ask there too, through gRPC")
    parser.add_argument(
        "--contract", type=Path, metavar="PATH", help="contract.json of the run: its recorded answers have to come"
    )
    parser.add_argument("--tolerance", type=real(0), default=1e-4, help="largest difference of an answer (default: 1e-4)")
    parser.add_argument("--rows", type=whole(1, _MOST_ROWS), default=1, metavar="N", help="of one request (default: 1)")
    parser.add_argument(
        "--seconds",
        type=seconds(0, _LONGEST),
        default=2.0,
        metavar="S",
        help=f"of load, at most {_LONGEST:g}; 0: none (default: 2)",
    )
    parser.add_argument("--connections", type=whole(1, _MOST_CONNECTIONS), default=1, metavar="N", help="at once (default: 1)")
    parser.add_argument("--timeout", type=seconds(0.001), default=30.0, metavar="SECONDS", help="for one answer (default: 30)")
    return parser
