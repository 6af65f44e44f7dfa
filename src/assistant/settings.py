"""One frozen Settings: flags > environment > project file > user file > default.

Built at the surface (command line, server) and passed down; nothing below reads the environment or a file of settings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from assistant.errors import SettingsError
from assistant.types import Part, Parts

PROJECT_FILE = Path("assistant.toml")
PREFIX = "ASSISTANT_"
_GENERATOR = re.compile(r"extractive|(?:openai|ollama):\S+")


def user_file() -> Path:
    """The user's own settings file, whether it exists or not."""
    return platformdirs.user_config_path("assistant") / "assistant.toml"


class Settings(BaseSettings):
    """What can be set. A name here is the flag's, the key in `assistant.toml`, and with ASSISTANT_ the variable's."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    index: Path = Field(Path("index"), description="folder of the index")
    cache_dir: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("assistant"),
        description="folder of the prepared embedder",
    )
    embedder: str = Field("minilm", description="`minilm`, `openai:MODEL` or `ollama:MODEL`")
    embedder_base_url: str | None = Field(None, description="server of the embedder, with its /v1")
    generator: str = Field(
        "extractive",
        description="who words the answer: `extractive` quotes the posts; `openai:MODEL` and `ollama:MODEL` write prose",
    )
    base_url: str | None = Field(
        None, min_length=1, description="server of the generator; an OpenAI-compatible one with its /v1"
    )
    context_tokens: int | None = Field(
        None, ge=1024, le=2_000_000, description="tokens that prompt and answer share; what the server says if not set"
    )
    answer_tokens: int = Field(800, ge=64, le=32_000, description="tokens that a model may write for one answer")
    temperature: float = Field(0.0, ge=0.0, le=2.0, description="how freely the model words; 0 is the same words each time")
    connect_seconds: float = Field(5.0, gt=0, le=120, description="how long a connection to the generator may take")
    first_token_seconds: float = Field(
        90.0, gt=0, le=3600, description="how long until the model's first word, retries included"
    )
    idle_seconds: float = Field(30.0, gt=0, le=3600, description="how long between two words of the model")
    total_seconds: float = Field(300.0, gt=0, le=36_000, description="how long for a whole answer of the model")
    retries: int = Field(2, ge=0, le=10, description="how often a failed request is sent again, before the first word only")
    price_in: float | None = Field(None, ge=0, description="price of a million tokens that the model reads, for the cost shown")
    price_out: float | None = Field(None, ge=0, description="price of a million tokens that the model writes")
    strict: bool = Field(False, description="drop what no cited words support, and exit with 3 when no answer is left")
    threads: int | None = Field(None, ge=1, le=256, description="threads of the embedder; all processors if not set")
    k: int = Field(10, ge=1, le=1000, description="how many posts a search shows")
    max_characters: int = Field(600, ge=80, le=10_000, description="how much of the posts an answer quotes at most")
    refuse_below: float = Field(
        0.5, ge=0.0, le=1.0, description="confidence under which a question is refused; at 0 only what no post was found for"
    )
    confidence_model: Path | None = Field(
        None, description="confidence fitted by `assistant eval calibrate`, in place of the one that comes with the program"
    )
    redact: bool = Field(True, description="mask e-mail addresses, keys, tokens and team ids in posts when an index is built")
    host: str = Field("127.0.0.1", min_length=1, description="address that `serve` listens at; any but loopback needs a key")
    port: int = Field(8000, ge=0, le=65_535, description="port that `serve` listens at; 0 takes a free one")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="names, or name:port, that `serve` is reached by besides its address; requests to others are refused"
    )
    public_url: str | None = Field(
        None, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="address that people reach `serve` by, where a proxy stands before it; for links to posts without one",
    )  # fmt: skip
    api_keys: Path = Field(
        default_factory=lambda: platformdirs.user_config_path("assistant") / "api-keys.json",
        description="file of the hashed keys that `serve` takes, kept by `assistant key`",
    )
    api_key: SecretStr | None = Field(None, min_length=20, description="one more key that `serve` takes; never a flag")
    concurrent: int | None = Field(
        None, ge=1, le=1000,
        description="how many questions `serve` answers at once; one a processor if not set, 16 where a model writes",
    )  # fmt: skip
    waiting: int | None = Field(
        None, ge=0, le=10_000,
        description="how many more may wait, others are told to come again later; as many as are answered at once if not set",
    )  # fmt: skip
    request_seconds: float = Field(310.0, gt=0, le=36_000, description="how long `serve` works on one request at most")
    drain_seconds: float = Field(10.0, ge=0, le=600, description="how long `serve` lets answers end when it is stopped")
    log_questions: bool = Field(False, description="whether the log of `serve` holds what was asked")
    traces: str | None = Field(
        None, min_length=1, description="OTLP/gRPC collector that `serve` sends its traces to, e.g. http://127.0.0.1:4317"
    )
    without: Parts = Field(frozenset(), description=f"components to switch off, to see what they are worth: {', '.join(Part)}")
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("openai_api_key", f"{PREFIX}OPENAI_API_KEY", "OPENAI_API_KEY"),
        description="key of an OpenAI-compatible server; never a flag",
    )

    @field_validator("generator")
    @classmethod
    def _known_generator(cls, value: str) -> str:
        if not _GENERATOR.fullmatch(value):
            raise ValueError(f"{value!r} is none of extractive, openai:MODEL, ollama:MODEL")
        return value

    def deciding(self) -> dict[str, Any]:
        """The settings that decide what an answer says, by name; those of a model only where one is asked."""
        names = {"generator", "max_characters", "refuse_below", "embedder", "without"}
        if self.generator != "extractive":
            names |= {"answer_tokens", "context_tokens", "temperature", "strict"}
        return self.model_dump(include=names) | {"without": sorted(self.without)}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = (TomlConfigSettingsSource(settings_cls, path) for path in (PROJECT_FILE, user_file()))
        return (init_settings, env_settings, *files)


def load(flags: dict[str, Any]) -> Settings:
    """Settings in force, given the flags that were said (those that are None were not). Raises SettingsError."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        said = "there is no such setting" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        place = _place_of(name, flags)
        raise SettingsError(
            f"setting {name!r}{f' ({place})' if place else ''}: {said}",
            hint="correct it there; the README lists all settings, `assistant config show --origin` those in force",
        ) from error
    except ValueError as error:
        raise SettingsError(f"{_torn_file()} is not TOML: {error}", hint="correct it, or move it away") from error


def _torn_file() -> Path:
    """The first settings file that does not parse."""
    for path in (PROJECT_FILE, user_file()):
        try:
            TomlConfigSettingsSource(Settings, path)()
        except ValueError:
            return path
    return PROJECT_FILE


def origins(flags: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    """Each setting with its value in force and where that comes from. A secret is shown as set or not set."""
    settings = load(flags)
    sources = _sources(flags)
    shown: dict[str, tuple[Any, str]] = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        origin = next((source for source, values in sources if name in values), "default")
        shown[name] = (value if not isinstance(value, SecretStr) else "(set)", origin)
    return shown


def _sources(flags: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Where settings come from, the first of which wins, with what each says."""
    return [
        ("flag", {name: value for name, value in flags.items() if value is not None}),
        ("environment", _from_environment()),
        (str(PROJECT_FILE), TomlConfigSettingsSource(Settings, PROJECT_FILE)()),
        (str(user_file()), TomlConfigSettingsSource(Settings, user_file())()),
    ]


def _place_of(name: str, flags: dict[str, Any]) -> str:
    """Where a setting that cannot be used was set; empty where that is not known."""
    return next((place for place, values in _sources(flags) if name.split(".", maxsplit=1)[0] in values), "")


def _from_environment() -> dict[str, Any]:
    import os

    names = {f"{PREFIX}{name.upper()}": name for name in Settings.model_fields}
    names["OPENAI_API_KEY"] = "openai_api_key"
    return {names[variable]: value for variable, value in os.environ.items() if variable in names}
