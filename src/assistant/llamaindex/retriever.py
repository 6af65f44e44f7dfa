"""The search as a retriever of llama-index."""

from __future__ import annotations

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle

from assistant.llamaindex.nodes import hit_node
from assistant.llamaindex.opening import Index, assistant_of
from assistant.pipeline import in_thread
from assistant.retrieval.filters import Filters
from assistant.types import Hit


class ForumRetriever(BaseRetriever):
    """The best `k` posts (default: the setting `k`), at most one a thread unless `every_chunk`, best first.

    A node is the span that matches: `body[start_char_idx:end_char_idx] == text`. Its `ref_doc_id` is the post, and its score
    compares within one search. `assistant` may be shared, and is closed by whoever made it or by `assistant.close()`.
    """

    def __init__(
        self,
        index: Index,
        *,
        k: int | None = None,
        filters: Filters | None = None,
        every_chunk: bool = False,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager=callback_manager)
        self.assistant = assistant_of(index)
        self._k = k
        self._filters = filters
        self._every_chunk = every_chunk

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [hit_node(hit) for hit in self._hits(query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [hit_node(hit) for hit in await in_thread(self._hits, query_bundle.query_str)]

    def _hits(self, query: str) -> list[Hit]:
        return self.assistant.search(query, self._k, self._filters, every_chunk=self._every_chunk)
