"""Answers of a model on disk, by what was asked: the same question to the same model is put once.

The address of the server is no part of the name: a recording made here is played anywhere. Files are readable JSON with
request and response, never a key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import EvaluationError
from assistant.evaluation.runs import json_text, write_text

Messages = Sequence[Mapping[str, str]]


def key_of(model: str, parameters: Mapping[str, Any], messages: Messages) -> str:
    """sha256 over model, parameters and messages; the order of keys does not count."""
    asked = {"model": model, "parameters": dict(parameters), "messages": [dict(message) for message in messages]}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Cassettes:
    """A folder of recordings. With `replay_only` nothing may be asked of a server."""

    folder: Path
    replay_only: bool = False

    def find(self, key: str) -> dict[str, Any] | None:
        """The recorded response; None where there is none and one may be made. Raises EvaluationError on a miss with
        `replay_only`, and for a file that is not a recording."""
        path = self.path(key)
        try:
            response = json.loads(path.read_text(encoding="utf-8"))["response"]
            if not isinstance(response, dict):
                raise TypeError("the response is no object")
        except FileNotFoundError:
            if self.replay_only:
                raise EvaluationError(
                    f"there is no recording {key} in {self.folder}",
                    hint="record it: run the same command without --replay-only, with --base-url, and keep the folder",
                ) from None
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise EvaluationError(
                f"{path} is not a recording ({error})", hint="remove this file and record it again"
            ) from error
        return response

    def keep(self, model: str, parameters: Mapping[str, Any], messages: Messages, response: Mapping[str, Any]) -> None:
        """Write a recording, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        request = {"model": model, "parameters": dict(parameters), "messages": [dict(message) for message in messages]}
        document = {"request": request, "response": dict(response)}
        write_text(self.path(key_of(model, parameters, messages)), json_text(document))

    def path(self, key: str) -> Path:
        """Where the recording of this key lies."""
        return self.folder / f"{key}.json"
