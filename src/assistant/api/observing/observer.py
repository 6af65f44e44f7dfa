"""What is seen of the server from outside: one object that everything is told to."""

from __future__ import annotations

from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.types import Answer


class Observer:
    """Hears of answers, failures and requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def answered(self, surface: str, answer: Answer) -> None:
        """An answer was given at `surface`."""

    def failed(self, surface: str, error: AssistantError) -> None:
        """A question or a search ended in an error."""

    def requested(self, method: str, route: str, status: int, seconds: float, request_id: str) -> None:
        """A request was answered; `route` is the template of its path, empty where it has none."""
