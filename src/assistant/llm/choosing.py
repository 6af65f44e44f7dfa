"""From the setting `generator` to a model."""

from __future__ import annotations

from assistant.errors import SettingsError
from assistant.llm.connecting import server_at
from assistant.llm.model import Model
from assistant.llm.ollama_protocol import OllamaModel
from assistant.llm.openai_protocol import OpenAiModel
from assistant.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://127.0.0.1:11434"


def model_from(settings: Settings) -> Model | None:
    """The model that the settings name; None for `extractive`. Nothing is sent yet. Raises UsageError for an address that is
    none, SettingsError for a key that no request can carry.

    The key goes to servers with OpenAI's protocol only. Ollama's own address is wanted: /v1 or /api at its end is taken off.
    """
    protocol, _, model = settings.generator.partition(":")
    if protocol == "openai":
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
        if settings.base_url is None and not key:
            raise SettingsError(
                f"{settings.generator} at {OPENAI_URL} needs a key",
                hint="set OPENAI_API_KEY, or say --base-url for a server of your own",
            )
        return OpenAiModel(server_at("openai", model, settings.base_url or OPENAI_URL, key), settings)
    if protocol == "ollama":
        address = (settings.base_url or OLLAMA_URL).rstrip("/")
        return OllamaModel(server_at("ollama", model, address.removesuffix("/v1").removesuffix("/api")), settings)
    return None
