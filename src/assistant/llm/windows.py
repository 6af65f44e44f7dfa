"""How large a model's window is, in the words of the servers that say so. Unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIELDS = ("max_model_len", "loaded_context_length", "context_length", "context_window", "max_context_length")
"""vLLM; LM Studio; OpenRouter and Together; Groq; Mistral."""


def entry_of(listed: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    """The entry of `/v1/models` for a model, or the only one there is: llama.cpp serves its model by any name."""
    data = listed.get("data")
    entries = [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    named = [entry for entry in entries if entry.get("id") == model]
    return (named or (entries if len(entries) == 1 else [{}]))[0]


def window_of_entry(entry: Mapping[str, Any]) -> int | None:
    """Tokens, from an entry of `/v1/models`. Of llama.cpp's, `n_ctx` is taken, what one request has; `n_ctx_train`, what the
    model was trained on, is more than that."""
    meta = entry.get("meta")
    if isinstance(meta, Mapping) and (window := _tokens(meta.get("n_ctx"))):
        return window
    return next((window for name in _FIELDS if (window := _tokens(entry.get(name)))), None)


def window_of_props(props: Mapping[str, Any]) -> int | None:
    """Tokens, from llama.cpp's `/props`."""
    settings = props.get("default_generation_settings")
    return _tokens(settings.get("n_ctx")) if isinstance(settings, Mapping) else None


def window_of_shown(model_info: Mapping[str, Any], parameters: str) -> tuple[int | None, int | None]:
    """Tokens that Ollama's model was trained on, and tokens that its Modelfile sets as `num_ctx`."""
    trained = next((_tokens(value) for name, value in model_info.items() if name.endswith(".context_length")), None)
    lines = (line.split() for line in parameters.splitlines())
    chosen = next((line[1] for line in lines if len(line) == 2 and line[0] == "num_ctx"), "")
    return trained, int(chosen) if chosen.isdecimal() and int(chosen) > 0 else None


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
