"""Hits and citations as nodes: the exact span as text, the post as what it came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llama_index.core.schema import NodeRelationship, NodeWithScore, ObjectType, RelatedNodeInfo, TextNode

from assistant.types import Citation, Hit, Post

SHOWN = frozenset({"title", "author", "created", "url"})
"""Metadata that a language model is shown with the text; the rest is for programs."""
EMBEDDED = frozenset({"title"})
"""Metadata that is embedded with the text, as in the index itself."""


def hit_node(hit: Hit) -> NodeWithScore:
    """A hit. Its id and metadata are the same in every search, so that llama-index knows it again."""
    return NodeWithScore(node=_node(hit.post, hit.start, hit.end, hit.text, {}), score=hit.score)


def citation_nodes(citations: Iterable[Citation]) -> list[NodeWithScore]:
    """The quotes, in the order of their labels, with label, claim and verdict. One that names no post has no node."""
    return [
        NodeWithScore(node=_node(
            citation.post, citation.start, citation.end, citation.quote,
            {"label": citation.label, "claim": citation.claim, "status": citation.verdict.value},
        ))
        for citation in citations if citation.post
    ]  # fmt: skip


def _node(post: Post, start: int, end: int, text: str, more: dict[str, Any]) -> TextNode:
    metadata = _metadata(post) | more
    return TextNode(
        id_=f"{post.post_id}:{start}-{end}", text=text, start_char_idx=start, end_char_idx=end, metadata=metadata,
        excluded_embed_metadata_keys=[name for name in metadata if name not in EMBEDDED],
        excluded_llm_metadata_keys=[name for name in metadata if name not in SHOWN],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(
            node_id=post.post_id, node_type=ObjectType.DOCUMENT, hash=post.body_sha,
        )},
    )  # fmt: skip


def _metadata(post: Post) -> dict[str, Any]:
    """What is known of a post. What is not known is left out: llama-index shows it to models as the word None."""
    known = {
        "title": post.title, "author": post.author, "created": post.created, "activity": post.activity, "url": post.url,
        "post_id": post.post_id, "thread_id": post.thread_id, "source_id": post.source_id, "role": post.role.value,
        "accepted": post.accepted, "replies": post.replies, "views": post.views, "boosts": post.boosts, "score": post.score,
        "tags": list(post.tags), "source": post.sources[0].path if post.sources else None,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value not in (None, "", [])}
