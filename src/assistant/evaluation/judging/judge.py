"""One judgement: a rubric, the material as JSON, a label out of three. What is no label is a `judge_error`, not a guess.

The rubric is the system's message and a file of its own; its hash is part of the column's name, since one clause of a
rubric moves what comes out. Material never goes through a template.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from assistant.errors import AssistantError, EvaluationError, ServerUnreachable
from assistant.evaluation.judging.cassettes import Cassettes, key_of
from assistant.evaluation.systems.chat_client import ChatServer
from assistant.evaluation.systems.reply_sources import content_of
from assistant.prompting import prompt

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Task = Literal["nugget", "support", "clarify"]
Judged = Literal["yes", "partly", "no"]

SEED = 7
LONGEST_WHY = 300
SHOWN_OF_REPLY = 120
SCHEMA = {
    "type": "object",
    "properties": {"why": {"type": "string"}, "label": {"type": "string", "enum": list(get_args(Judged))}},
    "required": ["why", "label"],
    "additionalProperties": False,
}
PARAMETERS: dict[str, Any] = {
    "temperature": 0,
    "seed": SEED,
    "response_format": {"type": "json_schema", "json_schema": {"name": "judgement", "strict": True, "schema": SCHEMA}},
}


def rubric(task: Task) -> str:
    """What the judge is told. Raises AssistantError where the installation lacks it."""
    return prompt(f"judge_{task}").render()


def column(task: Task, model: str) -> str:
    """Name of what this model says by this rubric, these labels and these parameters: `judge:TASK:MODEL:HASH`."""
    deciding = json.dumps([rubric(task), PARAMETERS], sort_keys=True)
    return f"judge:{task}:{model}:{hashlib.sha256(deciding.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Said:
    """A label and why, or what went wrong; and the recording that it rests on."""

    label: Judged | None
    why: str = ""
    error: str | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """A model at a server, or in recordings alone where `server` is None."""

    model: str
    server: ChatServer | None
    cassettes: Cassettes

    async def label(self, client: AsyncOpenAI | None, task: Task, material: Mapping[str, str]) -> Said:
        """What the model says of the material. A reply that is no label, a refusal of the server and a time-out are an
        `error`. Raises ServerUnreachable, and EvaluationError where a recording is missing and nothing may be asked."""
        messages = (
            {"role": "system", "content": rubric(task)},
            {"role": "user", "content": json.dumps(dict(material), ensure_ascii=False, indent=1)},
        )
        key = key_of(self.model, PARAMETERS, messages)
        response = self.cassettes.find(key)
        if response is None:
            if client is None or self.server is None:
                raise EvaluationError(f"there is no recording {key} and no server", hint="say --base-url")
            try:
                response = await self.server.completion(client, self.model, messages, PARAMETERS)
            except ServerUnreachable:
                raise
            except AssistantError as error:
                return Said(None, error=error.message, key=key)
            self.cassettes.keep(self.model, PARAMETERS, messages, response)
        return _read(content_of(response), key)


def _read(reply: str, key: str) -> Said:
    shown = reply if len(reply) <= SHOWN_OF_REPLY else f"{reply[:SHOWN_OF_REPLY]} …"
    try:
        document = json.loads(reply)
    except ValueError:
        return Said(None, error=f"the reply is not JSON: {shown!r}", key=key)
    label = document.get("label") if isinstance(document, dict) else None
    if label not in get_args(Judged):
        return Said(None, error=f"the reply has no label of {', '.join(get_args(Judged))}: {shown!r}", key=key)
    why = document.get("why")
    return Said(label, why[:LONGEST_WHY] if isinstance(why, str) else "", None, key)
