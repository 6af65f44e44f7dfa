"""The seam between text and vectors: one protocol, the embedded model, and servers that speak OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant.errors import EmbedderError, ServerUnreachable, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from openai import OpenAI

    from assistant.settings import Settings

    Vectors = np.ndarray[Any, np.dtype[np.float32]]

OLLAMA_URL = "http://127.0.0.1:11434/v1"
TEXTS_A_REQUEST = 64
CONNECT_SECONDS, READ_SECONDS = 2.0, 60.0
CHARACTERS_A_TOKEN = 3.0
"""Low on purpose: a server's tokenizer is not known here, and a chunk too short costs less than one cut off."""
REMOTE_MAX_TOKENS = 512


class Embedder(Protocol):
    """Texts to unit vectors. `fingerprint` names model and version: vectors of unlike fingerprints do not mix."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of a text; what is longer is cut off."""
        ...

    def count_tokens(self, text: str) -> int: ...

    def is_word(self, word: str) -> bool:
        """Whether the model has `word` (in lower case) whole in its vocabulary; True where that cannot be known."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), d), in the order of `texts`. Raises EmbedderError, ServerUnreachable."""
        ...


class ServerEmbedder:
    """Embeddings of a server with OpenAI's `/v1/embeddings` (OpenAI, Ollama, llama.cpp, vLLM, LM Studio)."""

    max_tokens = REMOTE_MAX_TOKENS

    def __init__(self, kind: str, model: str, base_url: str | None, api_key: str | None) -> None:
        self.fingerprint = f"{kind}:{model}@{base_url or 'default'}"
        self._model = model
        self._base_url = base_url
        self._api_key = api_key

    def is_word(self, word: str) -> bool:
        return True

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        return openai.OpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "unused",
            timeout=openai.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            max_retries=2,
        )

    def count_tokens(self, text: str) -> int:
        """An upper estimate."""
        return int(len(text) / CHARACTERS_A_TOKEN) + 1 if text else 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        rows: list[Sequence[float]] = []
        for start in range(0, len(texts), TEXTS_A_REQUEST):
            rows.extend(self._request(texts[start : start + TEXTS_A_REQUEST]))
        try:
            vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), -1)
        except (ValueError, TypeError) as error:
            raise self._no_protocol("vectors of unlike lengths, or of no numbers") from error
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or (len(texts) and not lengths.all()):
            raise EmbedderError(
                f"{self.fingerprint} gave a vector that is zero or not a number",
                hint="check the model on its server; `assistant doctor` embeds one text and shows the answer",
            )
        unit: Vectors = vectors / lengths
        return unit

    def _request(self, texts: Sequence[str]) -> list[Sequence[float]]:
        import openai

        # An empty text is refused by some servers; a space stands for it.
        inputs = [text or " " for text in texts]
        try:
            answer = self._client.embeddings.create(model=self._model, input=inputs, encoding_format="float")
        except openai.APIConnectionError as error:
            raise ServerUnreachable(
                f"no answer from the embedding server at {self._client.base_url} ({error})",
                hint="start the server, or set --embedder minilm to embed without one",
            ) from error
        except openai.OpenAIError as error:
            raise EmbedderError(
                f"the embedding server at {self._client.base_url} refused: {error}",
                hint="check the model's name and the key (`assistant config show --origin`)",
            ) from error
        except ValueError as error:
            raise self._no_protocol(f"an answer that is not understood ({error})") from error
        items = list(getattr(answer, "data", None) or ())
        rows: dict[Any, Any] = {getattr(item, "index", None): getattr(item, "embedding", None) for item in items}
        if (
            len(items) != len(texts)
            or sorted(rows, key=str) != sorted(range(len(texts)), key=str)
            or not all(isinstance(row, list) for row in rows.values())
        ):
            raise self._no_protocol(f"{len(items)} vectors for {len(texts)} texts, or not one for each")
        return [rows[index] for index in range(len(texts))]

    def _no_protocol(self, what: str) -> EmbedderError:
        return EmbedderError(
            f"{self.fingerprint} gave {what}",
            hint="this server does not speak OpenAI's embeddings protocol; use another, or --embedder minilm",
        )


def embedder_from(settings: Settings) -> Embedder:
    """The embedder that `settings.embedder` names: `minilm`, `openai:MODEL` or `ollama:MODEL`."""
    kind, _, model = settings.embedder.partition(":")
    if kind == "minilm" and not model:
        from assistant.indexing.minilm import MiniLM

        return MiniLM(Path(settings.cache_dir), settings.threads)
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if kind == "openai" and model:
        return ServerEmbedder(kind, model, settings.embedder_base_url, key)
    if kind == "ollama" and model:
        return ServerEmbedder(kind, model, settings.embedder_base_url or OLLAMA_URL, None)
    raise SettingsError(
        f"embedder {settings.embedder!r} is none that is known",
        hint="use --embedder minilm, openai:MODEL or ollama:MODEL",
    )
