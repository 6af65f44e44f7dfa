"""A program of llama-index over an index of the assistant: find posts, have them answer, stream an answer.

python examples/llama_index_program.py FOLDER QUESTION
"""

from __future__ import annotations

import asyncio
import sys

from assistant.llamaindex import Filters, ForumQueryEngine, ForumRetriever


async def main(folder: str, question: str) -> None:
    """Shows what each part gives."""
    retriever = ForumRetriever(folder, k=3)
    print("Nearest posts")
    for found in await retriever.aretrieve(question):
        print(f"  {found.score:.2f}  {found.node.ref_doc_id}  {found.node.metadata['title']}")

    engine = ForumQueryEngine(retriever.assistant)  # one open index for both
    response = await engine.aquery(question)
    print(f"\nAnswer ({response.metadata['status']}, confidence {response.metadata['confidence']:.2f})\n{response}\n\nQuotes")
    for quote in response.source_nodes:
        node, about = quote.node, quote.node.metadata
        print(f"  [{about['label']}] {about['status']}: {node.ref_doc_id} {node.start_char_idx}-{node.end_char_idx}")
        print(f"      {' '.join(node.text.split())}")

    recent = ForumQueryEngine(retriever.assistant, filters=Filters(since="2026"), streaming=True)
    print("\nFrom posts since 2026, as it is made")
    streamed = await recent.aquery(question)
    async for piece in streamed.async_response_gen():
        print(piece, end="", flush=True)
    print(f"\n({streamed.metadata['status']})")
    retriever.assistant.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
