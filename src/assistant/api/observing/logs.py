"""What a server writes to stderr: one JSON object a line, key=value lines on a terminal; ours, and those of libraries.

Never in it: text of posts and answers, keys, query strings and, unless `log_questions` is set, questions. A library's message
may hold any of these, so it is written only where its words are known; of others the log has logger, level and place. Of an
exception it has classes and lines of code, not the message.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor

from assistant.settings import Settings

OURS = "assistant"
PLAIN_SPOKEN = ("uvicorn", "opentelemetry.exporter", "opentelemetry.sdk")
"""Loggers whose messages are known to be about addresses, processes and counts."""
EVENT = "event"
LIBRARY = "library"


def logger() -> BoundLogger:
    """Where a server's events go: to nobody until `configure` has been called, so nothing is written for who only embeds us."""
    named = logging.getLogger(OURS)
    if not named.handlers:
        named.addHandler(logging.NullHandler())
    processors: list[Processor] = [structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter]
    bound: BoundLogger = structlog.wrap_logger(named, processors=processors, wrapper_class=BoundLogger)
    return bound


def configure(settings: Settings, stream: TextIO | None = None) -> logging.Handler:
    """Send events of ours from `info` on, and of libraries from `warning` on, to `stream` (stderr); its handler."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(stream, told_all=settings.log_questions))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # our own `request` says it without the query
    return handler


def _formatter(stream: TextIO, *, told_all: bool) -> ProcessorFormatter:
    def withheld(_: Any, __: str, event: EventDict) -> EventDict:
        return _withheld(event, told_all=told_all)

    foreign: list[Processor] = [structlog.stdlib.add_logger_name, withheld]
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_messages,
    ]
    return ProcessorFormatter(
        foreign_pre_chain=foreign,
        processors=[*common, ProcessorFormatter.remove_processors_meta, _renderer(stream)],
    )


def _renderer(stream: TextIO) -> Processor:
    if not stream.isatty():
        return structlog.processors.JSONRenderer()
    # A control character in a value is shown as an escape: `repr` obeys none.
    first = ["timestamp", "level", EVENT]
    return structlog.processors.KeyValueRenderer(key_order=first, drop_missing=True)


def _withheld(event: EventDict, *, told_all: bool) -> EventDict:
    """A library's record with its words only where they are known, or may be told."""
    record: logging.LogRecord = event["_record"]
    known = any(record.name == name or record.name.startswith(f"{name}.") for name in PLAIN_SPOKEN)
    event["place"] = f"{Path(record.pathname).name}:{record.lineno}"
    message = event.pop(EVENT)
    event[EVENT] = LIBRARY
    if known or told_all:
        event["message"] = message
    return event


def _without_messages(_: Any, __: str, event: EventDict) -> EventDict:
    """Exceptions as classes and lines of code: a message may quote the input that it is about."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = _chain(error)
    return event


def _chain(error: BaseException) -> Sequence[Mapping[str, Any]]:
    """The exception, then what caused it, and so on."""
    links: list[Mapping[str, Any]] = []
    link: BaseException | None = error
    while link is not None and len(links) < 8:
        links.append({"class": type(link).__qualname__, "at": _lines(link.__traceback__)})
        link = link.__cause__ or link.__context__
    return links


def _lines(traceback: TracebackType | None) -> list[str]:
    lines = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        folder, name = os.path.split(code.co_filename)
        lines.append(f"{os.path.basename(folder)}/{name}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return lines
