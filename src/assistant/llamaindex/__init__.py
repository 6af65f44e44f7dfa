"""The index and the answerer for programs that are written with llama-index.

`ForumRetriever` is a retriever, `ForumQueryEngine` a query engine, like those of llama-index itself: synchronous and
asynchronous, in a script and where an event loop runs already (a notebook). Errors are those of `assistant.errors`.
"""

from __future__ import annotations

from assistant.llamaindex.query_engine import ForumQueryEngine
from assistant.llamaindex.retriever import ForumRetriever
from assistant.retrieval.filters import Filters

__all__ = ["Filters", "ForumQueryEngine", "ForumRetriever"]
