"""The answerer as a query engine of llama-index."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import (
    RESPONSE_TYPE,
    AsyncStreamingResponse,
    Response,
    StreamingResponse,
)
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle

from assistant.llamaindex.nodes import citation_nodes
from assistant.llamaindex.opening import Index, assistant_of
from assistant.llamaindex.retriever import ForumRetriever
from assistant.llamaindex.running import pieces_of, result_of
from assistant.pipeline import Answered, TextDelta, answer_of
from assistant.render import answer_json
from assistant.retrieval.filters import Filters
from assistant.types import Answer


class ForumQueryEngine(BaseQueryEngine):
    """Answers from the posts alone. A refusal is a response too: `metadata["status"]` says which it is.

    `source_nodes` are the exact quotes of the citations, each with `label`, `claim` and `status` (the verdict); `metadata` is
    the Answer as JSON. With `streaming` the text comes as it is made, and both are filled in when it has ended.
    """

    def __init__(
        self,
        index: Index,
        *,
        filters: Filters | None = None,
        streaming: bool = False,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self.assistant = assistant_of(index)
        self._filters = filters
        self._streaming = streaming

    def retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The posts nearest to the query, for engines that put several together."""
        return ForumRetriever(self.assistant, filters=self._filters).retrieve(query_bundle)

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        if not self._streaming:
            return _response(result_of(answer_of(self.assistant, query_bundle.query_str, (), self._filters)))
        nodes, metadata, pieces = self._streamed(query_bundle.query_str)
        return StreamingResponse(pieces_of(pieces), nodes, metadata)

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        if not self._streaming:
            return _response(await answer_of(self.assistant, query_bundle.query_str, (), self._filters))
        nodes, metadata, pieces = self._streamed(query_bundle.query_str)
        return AsyncStreamingResponse(pieces, nodes, metadata)

    def _streamed(self, question: str) -> tuple[list[NodeWithScore], dict[str, Any], AsyncGenerator[str, None]]:
        """Nodes, metadata and the text as it comes; the first two are filled in when that has ended."""
        nodes: list[NodeWithScore] = []
        metadata: dict[str, Any] = {}

        async def pieces() -> AsyncGenerator[str, None]:
            async with aclosing(self.assistant.ask(question, (), self._filters)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        yield event.text
                    elif isinstance(event, Answered):
                        nodes.extend(citation_nodes(event.answer.reply.citations))
                        metadata.update(answer_json(event.answer))

        return nodes, metadata, pieces()

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _response(answer: Answer) -> Response:
    return Response(answer.reply.text, citation_nodes(answer.reply.citations), answer_json(answer))
