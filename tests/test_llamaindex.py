"""The adapter for llama-index, inside llama-index's own retrievers and engines."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import MetadataMode, QueryBundle
from llama_index.core.tools import QueryEngineTool
from scripted_model import Scripted

from assistant.errors import IndexMissing, ServerUnreachable
from assistant.llamaindex import Filters, ForumQueryEngine, ForumRetriever
from assistant.pipeline import Assistant, answer_of
from assistant.render import answer_json
from assistant.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "llama_index_program.py"
QUESTION = "How do I fix mount code 37?"
OF_THIS_YEAR = "How do I mount a volume at login without the password prompt?"
ABSENT = "What is the capital of Peru?"


@pytest.fixture
def engine(sample):
    return ForumQueryEngine(sample)


@contextmanager
def answering(sample_index, embedder, model):
    """A query engine whose answers a scripted model words."""
    assistant = Assistant(Settings(index=sample_index, generator=model.name), embedder, model)
    yield ForumQueryEngine(assistant, streaming=True)
    assistant.close()


def sentences(count):
    return [f"Step {number} is to put the roots into an array [1]. " for number in range(count)]


def without_times(document):
    return {name: value for name, value in document.items() if name != "timings_ms"}


def test_nodes_are_the_hits_of_a_search_with_exact_spans(sample):
    nodes = ForumRetriever(sample, k=5).retrieve(QUESTION)
    hits = sample.search(QUESTION, 5)
    assert [(node.text, node.score, node.node.ref_doc_id) for node in nodes] == [
        (hit.text, hit.score, hit.post.post_id) for hit in hits
    ]
    for found, hit in zip(nodes, hits, strict=True):
        node = found.node
        assert hit.post.body[node.start_char_idx : node.end_char_idx] == node.text
        assert (node.metadata["post_id"], node.metadata["thread_id"]) == (hit.post.post_id, hit.post.thread_id)
        assert None not in node.metadata.values()


def test_a_node_is_the_same_in_every_search_that_finds_it(sample):
    first, again = (ForumRetriever(sample, k=1).retrieve(words)[0].node for words in (QUESTION, "TKMountErrorDomain Code=37"))
    assert first.metadata["thread_id"] == again.metadata["thread_id"]
    once, twice = (ForumRetriever(sample, k=3).retrieve(QUESTION) for _ in range(2))
    assert [(found.node.node_id, found.node.hash) for found in once] == [
        (found.node.node_id, found.node.hash) for found in twice
    ]
    assert len({found.node.node_id for found in once}) == 3


def test_models_see_title_and_words_but_no_ids(sample):
    node = ForumRetriever(sample, k=1).retrieve(QUESTION)[0].node
    shown, embedded = node.get_content(MetadataMode.LLM), node.get_content(MetadataMode.EMBED)
    assert node.metadata["title"] in shown
    assert node.text in shown
    assert node.metadata["post_id"] not in shown
    assert [line for line in embedded.splitlines() if line.startswith("title: ")]
    assert "author: " not in embedded


def test_filters_and_k_hold(sample):
    found = ForumRetriever(sample, k=4, filters=Filters(since="2026")).retrieve(QUESTION)
    assert len(found) == 4
    assert all(node.metadata["created"] >= "2026" for node in found)


def test_every_chunk_lists_more_than_one_post_of_a_thread(sample):
    threads = [node.metadata["thread_id"] for node in ForumRetriever(sample, k=20, every_chunk=True).retrieve(QUESTION)]
    assert len(set(threads)) < len(threads)


def test_retrieving_asynchronously_is_retrieving(sample):
    retriever = ForumRetriever(sample, k=3)
    assert asyncio.run(retriever.aretrieve(QUESTION)) == retriever.retrieve(QUESTION)


def test_a_folder_and_settings_make_an_assistant(sample_index, sample, run):
    for index in (str(sample_index), sample_index, Settings(index=sample_index)):
        retriever = ForumRetriever(index, k=1)
        assert retriever.retrieve(QUESTION)[0].node.node_id == ForumRetriever(sample, k=1).retrieve(QUESTION)[0].node.node_id
        retriever.assistant.close()


def test_without_an_index_the_error_says_so(tmp_path, run):
    with pytest.raises(IndexMissing) as caught:
        ForumRetriever(tmp_path / "none").retrieve(QUESTION)
    assert "assistant index" in caught.value.hint


def test_a_response_is_the_answer_with_its_quotes_as_nodes(engine, sample):
    response = engine.query(QUESTION)
    assert str(response) == response.metadata["text"]
    assert response.metadata["status"] == "grounded"
    assert [node.metadata["label"] for node in response.source_nodes] == [c["label"] for c in response.metadata["citations"]]
    for node in response.source_nodes:
        body = sample.post(node.node.ref_doc_id).body
        assert body[node.node.start_char_idx : node.node.end_char_idx] == node.text
        assert node.metadata["status"] == "verified"
        assert f"[{node.metadata['label']}]" in str(response)


def test_a_refusal_is_a_response_without_sources(engine):
    response = engine.query(ABSENT)
    assert response.metadata["status"] == "refused"
    assert response.source_nodes == []
    assert response.metadata["nearest"]


def test_asking_asynchronously_and_inside_a_running_loop_gives_the_same(engine):
    async def within() -> tuple[object, object]:
        return await engine.aquery(QUESTION), engine.query(QUESTION)  # the second blocks the loop, as a notebook's cell does

    awaited, nested = asyncio.run(within())
    plain = engine.query(QUESTION)
    assert without_times(awaited.metadata) == without_times(nested.metadata) == without_times(plain.metadata)


def test_a_stream_gives_the_text_and_is_filled_in_at_its_end(sample):
    engine, whole = ForumQueryEngine(sample, streaming=True), ForumQueryEngine(sample).query(QUESTION)
    response = engine.query(QUESTION)
    assert response.source_nodes == []
    assert "".join(response.response_gen) == str(whole)
    assert [node.node_id for node in response.source_nodes] == [node.node_id for node in whole.source_nodes]
    assert without_times(response.metadata) == without_times(whole.metadata)

    async def streamed() -> object:
        response = await engine.aquery(QUESTION)
        return [piece async for piece in response.async_response_gen()], response

    pieces, response = asyncio.run(streamed())
    assert "".join(pieces) == str(whole)
    assert without_times(response.metadata) == without_times(whole.metadata)


def test_a_stream_that_is_given_up_stops_the_model(sample_index, embedder):
    model = Scripted(sentences(400), wait=0.02)
    with answering(sample_index, embedder, model) as engine:
        pieces = engine.query(QUESTION).response_gen
        next(pieces)
        started = time.monotonic()
        pieces.close()
        assert time.monotonic() - started < 2
    assert model.closed == 1


def test_a_model_server_that_fails_at_once_raises(sample_index, embedder):
    model = Scripted(["never said"], fails_after=0)
    with answering(sample_index, embedder, model) as engine, pytest.raises(ServerUnreachable):
        next(engine.query(QUESTION).response_gen)


def test_an_answer_that_breaks_off_is_kept_and_says_so(sample_index, embedder):
    with answering(sample_index, embedder, Scripted(sentences(3), breaks_off=True)) as engine:
        response = engine.query(QUESTION)
        assert "".join(response.response_gen) == response.metadata["text"]
    assert "broke off" in response.metadata["cut_off"]["message"]


def test_metadata_is_the_answer_as_every_surface_gives_it(engine, sample):
    assert without_times(engine.query(QUESTION).metadata) == without_times(
        answer_json(asyncio.run(answer_of(sample, QUESTION)))
    )


def test_the_retriever_feeds_an_engine_of_llama_index(sample):
    synthesizer = get_response_synthesizer(llm=MockLLM())
    response = RetrieverQueryEngine(ForumRetriever(sample, k=2), synthesizer).query(QUESTION)
    assert response.source_nodes[0].metadata["title"] in str(response)  # the mock model says its prompt
    assert all(node.text.split()[0] in str(response) for node in response.source_nodes)


def test_the_retriever_is_fused_with_another(sample):
    plain, recent = ForumRetriever(sample, k=4), ForumRetriever(sample, k=4, filters=Filters(since="2026"))
    fused = QueryFusionRetriever(
        [plain, recent], llm=MockLLM(), num_queries=1, similarity_top_k=6, mode="reciprocal_rerank", use_async=False
    ).retrieve(QUESTION)
    ids = [node.node_id for node in fused]
    assert len(set(ids)) == len(ids)
    either = {node.node_id for part in (plain, recent) for node in part.retrieve(QUESTION)}
    assert set(ids) <= either
    both = {node.node_id for node in plain.retrieve(QUESTION)} & {node.node_id for node in recent.retrieve(QUESTION)}
    assert set(ids[: len(both)]) == both


class ByWord(BaseSelector):
    """Takes the first tool whose description has a word of the query."""

    def _select(self, choices, query):
        words = set(query.query_str.lower().split())
        index = next(n for n, choice in enumerate(choices) if words & set(choice.description.lower().split()))
        return SelectorResult(selections=[SingleSelection(index=index, reason="a word of it")])

    async def _aselect(self, choices, query):
        return self._select(choices, query)

    def _get_prompts(self):
        return {}

    def _update_prompts(self, prompts):
        pass


def test_the_engine_is_one_tool_of_a_router(engine, sample):
    other = RetrieverQueryEngine(ForumRetriever(sample, k=1), get_response_synthesizer(llm=MockLLM()))
    tools = [
        QueryEngineTool.from_defaults(other, description="animals"),
        QueryEngineTool.from_defaults(engine, description="mount"),
    ]
    response = RouterQueryEngine(ByWord(), tools, llm=MockLLM()).query(QUESTION)
    assert str(response) == str(engine.query(QUESTION))
    assert response.metadata["status"] == "grounded"
    assert asyncio.run(RouterQueryEngine(ByWord(), tools, llm=MockLLM()).aquery(QUESTION)).source_nodes == response.source_nodes


def test_an_engine_retrieves_for_engines_that_put_several_together(engine, sample):
    assert engine.retrieve(QueryBundle(QUESTION)) == ForumRetriever(sample).retrieve(QUESTION)


def test_the_example_program_runs_and_shows_what_it_says(sample_index, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(sample_index), OF_THIS_YEAR],
        capture_output=True, text=True, cwd=tmp_path, env=os.environ, timeout=120, check=True,
    )  # fmt: skip
    nearest, answer, quotes, recent = re.split(r"\n\n(?=Answer \(|Quotes\n|From posts)", done.stdout)
    assert len(nearest.splitlines()) == 4
    assert answer.startswith("Answer (grounded, confidence 0.")
    numbers = re.findall(r"^  \[(\d+)\] verified: p[0-9a-f]{16} \d+-\d+$", quotes, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert set(re.findall(r"\[(\d+)\]", answer)) == set(numbers)
    assert recent.rstrip().endswith("(grounded)")


def test_the_document_shows_the_example_as_it_is():
    shown = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "llamaindex.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown == [EXAMPLE.read_text(encoding="utf-8")]


def test_the_program_itself_does_not_load_the_adapter():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, assistant.cli, assistant.pipeline; print('llama_index' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"
