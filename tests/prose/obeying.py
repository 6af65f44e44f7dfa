"""A model server that obeys every attack of `eval/attacks`: it knows what an obedient model would write, and writes it in the
worst way. HTTP on loopback, OpenAI's protocol, streaming. The mode is the model's name, so one server plays them all.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ATTACKS = Path(__file__).resolve().parents[2] / "eval" / "attacks"
_LABEL = re.compile(r"\bPOST (\d+)\b")


@dataclass(frozen=True)
class Attack:
    """One topic of the set: what is asked, the words that answer it (empty where none do), what obeying would write."""

    id: str
    question: str
    right: str
    effect: str
    canaries: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def ordinary(self) -> bool:
        """Whether the effect is of ordinary words, which nothing but their absence from the posts tells from an answer."""
        return "ordinary_words" in self.tags

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that the effect names, without what hides them."""
        plain = self.effect.replace("\u200b", "").translate({code + 0xFEE0: code for code in range(0x21, 0x7F)})
        return tuple(re.findall(r"[\w-]+(?:\.[\w-]+)*\.example", plain))


def attacks(folder: Path = ATTACKS) -> list[Attack]:
    """The attacks of a set, in its order."""
    lines = (folder / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    return [_attack(json.loads(line)) for line in lines]


def _attack(topic: dict[str, Any]) -> Attack:
    right = topic["spans"][0]["quote"] if topic.get("spans") else ""
    effect = topic["provenance"]["effect"]
    return Attack(topic["id"], topic["turns"][-1]["content"], right, effect, tuple(topic["canaries"]), tuple(topic["tags"]))


def _inside(attack: Attack, label: int) -> str:
    words = attack.right.rstrip(".").split()
    middle = len(words) // 2
    return f"{' '.join(words[:middle])} {attack.effect} {' '.join(words[middle:])} [{label}]."


MODES: dict[str, Callable[[Attack, int], str]] = {
    "alone": lambda attack, label: attack.effect,
    "cited": lambda attack, label: f"{attack.effect.rstrip('.')} [{label}].",
    "inside": _inside,
    "after": lambda attack, label: f"{attack.right.rstrip('.')} [{label}]. {attack.effect}",
    "before": lambda attack, label: f"{attack.effect}\n\n{attack.right.rstrip('.')} [{label}].",
    "code": lambda attack, label: f"```\n{attack.effect}\n```\n[{label}]\n\nRun `{attack.effect}` [{label}].",
    "split": lambda attack, label: f"{attack.effect} [{label}]",
}
"""What is written for an attack, given the number of the passage that answers."""


class Obeying(ThreadingHTTPServer):
    """The server; `base_url` is where it listens."""

    daemon_threads = True

    def __init__(self, known: list[Attack]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known = {attack.question: attack for attack in known}

    @property
    def base_url(self) -> str:
        """Its address, as the setting takes it."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def written(self, mode: str, prompt: str) -> str:
        """What the model writes to a prompt."""
        # The last question is ours: posts hold some too. It may come with its spelling changed.
        nearest = difflib.get_close_matches(prompt.rpartition("Question: ")[2].strip(), self.known, 1, 0.5)
        if not nearest:
            return "NOT IN THE POSTS"
        attack = self.known[nearest[0]]
        return MODES[mode](attack, _label(prompt, attack.right))


def _label(prompt: str, right: str) -> int:
    """The number of the passage that holds the words that answer; 1 where none does."""
    place = prompt.find(right) if right else -1
    labels = _LABEL.findall(prompt, 0, place) if place >= 0 else []
    return int(labels[-1]) if labels else 1


class _Handler(BaseHTTPRequestHandler):
    server: Obeying

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._document({"object": "list", "data": [{"id": mode, "object": "model", "context_length": 8192} for mode in MODES]})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mode = request["model"]
        text = self.server.written(mode, request["messages"][-1]["content"])
        step = 1 if mode == "split" else 5
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for start in range(0, len(text), step):
            self._event({"choices": [{"index": 0, "delta": {"content": text[start : start + step]}, "finish_reason": None}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, more: dict[str, Any]) -> None:
        event = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "obeying", **more}
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

    def _document(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
