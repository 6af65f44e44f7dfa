"""One tree of errors; each class owns its exit code and HTTP status, each error names the command that mends it.

    AssistantError                1   500
    ├── UsageError                2   400   the call itself is wrong
    │   └── SettingsError         2   400   a setting has a value that cannot be used
    ├── SourceError               1   422   a named source cannot be read at all
    ├── EmbedderError             1   500   the embedder is missing or damaged
    ├── IndexUnusable             4   503   there is no index, or it must not be used
    │   ├── IndexMissing          4   503
    │   ├── IndexDamaged          4   503
    │   └── IndexMismatch         4   409   built with other settings than those now in force
    ├── IndexLocked               5   409   another writer holds the index
    ├── PostNotFound              1   404
    ├── EvaluationError           1   422   a set, a run or its scores cannot be used
    ├── RequestRefused            1   400   the server does not take a request
    │   ├── ParameterRefused      1   400   a parameter of OpenAI's protocol cannot be met
    │   │   └── ModelNotFound     1   404   it names another model
    │   ├── KeyNeeded             1   401   without a key, or with one that is not known
    │   ├── ForeignOrigin         1   403   sent by another site's page
    │   ├── RouteUnknown          1   404   nothing is served there
    │   ├── MethodUnknown         1   405   not by this method
    │   ├── BodyTooSlow           1   408   its body does not come
    │   ├── CursorExpired         1   410   the next page of a list that has changed since
    │   ├── BodyTooLarge          1   413
    │   ├── NotJson               1   415   its body is not said to be JSON
    │   ├── ForeignHost           1   421   addressed to a name that is not the server's
    │   ├── FieldsRefused         1   422   its body is JSON, but not what is asked for
    │   └── Overloaded            1   429   as many are answered and waiting as the settings allow
    ├── Fault                     1   500   a fault of ours, as it is told to others
    ├── NotReady                  1   503   the server is to get no requests now
    ├── TookTooLong               1   504   an answer took longer than the server allows
    └── ServerUnreachable         6   502   a model server does not answer
        ├── ServerTimedOut        6   504   it takes too long
        ├── ServerBusy            6   503   it has too much to do, or loads its model
        └── ServerRefused         6   502   it answers that it will not: key, model's name, request

A message says what happened, with the values; `hint` says what to do about it, as a command where there is one.
Errors are caught at a surface only (command line, chat turn, HTTP handler).
"""

from __future__ import annotations

from typing import ClassVar


class AssistantError(Exception):
    """Something that the user can act on; everything else is a fault of ours and keeps its traceback."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AssistantError):
    """The call itself is wrong: an argument that does not fit."""

    exit_code = 2
    http_status = 400


class SettingsError(UsageError):
    """A setting has a value that cannot be used."""


class SourceError(AssistantError):
    """A source that was named cannot be read at all (a single bad line inside one is a `Skipped`, not an error)."""

    http_status = 422


class EmbedderError(AssistantError):
    """The embedder is missing, damaged or answers with something that is not a vector."""


class IndexUnusable(AssistantError):
    """There is no index that a question can be answered from."""

    exit_code = 4
    http_status = 503


class IndexMissing(IndexUnusable):
    """No index has been built in this folder yet."""


class IndexDamaged(IndexUnusable):
    """The index on disk is not what its manifest says."""


class IndexMismatch(IndexUnusable):
    """The index was built with other settings or by another version than those now in force."""

    http_status = 409


class IndexLocked(AssistantError):
    """Another process is writing this index."""

    exit_code = 5
    http_status = 409


class PostNotFound(AssistantError):
    """No post, or more than one, goes by this id."""

    http_status = 404


class EvaluationError(AssistantError):
    """A set of topics, a run or its scores cannot be read or do not belong together."""

    http_status = 422


class RequestRefused(AssistantError):
    """The server does not take a request."""

    http_status = 400


class ParameterRefused(RequestRefused):
    """A parameter of OpenAI's protocol cannot be met. `param` is its path, as in `messages[0].content`, None for the body as a
    whole; `code` is one of OpenAI's codes."""

    def __init__(self, message: str, *, hint: str, param: str | None, code: str = "unsupported_value") -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.code = code


class ModelNotFound(ParameterRefused):
    """There is no model of this name."""

    http_status = 404


class KeyNeeded(RequestRefused):
    """The request carries no key, or one that the server does not know."""

    http_status = 401


class ForeignOrigin(RequestRefused):
    """A page of another site sent the request."""

    http_status = 403


class RouteUnknown(RequestRefused):
    """Nothing is served at this path."""

    http_status = 404


class MethodUnknown(RequestRefused):
    """What is served at this path is not asked for by this method."""

    http_status = 405


class BodyTooSlow(RequestRefused):
    """The body of a request did not come in the time that the server waits for it."""

    http_status = 408


class CursorExpired(RequestRefused):
    """The list that a cursor points into is no longer the one that it was made for."""

    http_status = 410


class BodyTooLarge(RequestRefused):
    """The body of a request is longer than the server reads."""

    http_status = 413


class NotJson(RequestRefused):
    """The body is said to be something else than JSON, or is not said to be JSON."""

    http_status = 415


class ForeignHost(RequestRefused):
    """The request is addressed to a host name that the server does not go by."""

    http_status = 421


class FieldsRefused(RequestRefused):
    """The body is JSON, but not what is asked for."""

    http_status = 422


class Overloaded(RequestRefused):
    """As many questions are being answered, and are waiting, as the settings allow. `retry_after`: seconds, at least 1."""

    http_status = 429

    def __init__(self, message: str, *, hint: str, retry_after: int) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Fault(AssistantError):
    """A fault of ours, as it is told to others. What it was is in the log alone."""

    def __init__(self) -> None:
        super().__init__("something went wrong in the server", hint="see its log, by the id of the request")


class NotReady(AssistantError):
    """The server is to get no requests now."""

    http_status = 503

    @classmethod
    def gave_up(cls) -> NotReady:
        """What is told to a request that a stopping server ends."""
        return cls("the server is stopping and gave this up", hint="ask again")


class TookTooLong(AssistantError):
    """An answer was not ready in the time that the server gives it."""

    http_status = 504


class ServerUnreachable(AssistantError):
    """A model server that the settings name does not answer."""

    exit_code = 6
    http_status = 502


class ServerTimedOut(ServerUnreachable):
    """A model server took longer than the settings allow: to begin, between two pieces, or for the whole."""

    http_status = 504


class ServerBusy(ServerUnreachable):
    """A model server has too much to do, or is still loading its model, and was asked as often as the settings allow."""

    http_status = 503


class ServerRefused(ServerUnreachable):
    """A model server answers that it will not: the key, the model's name or the request is not to its liking."""
