"""Systems behind a wire, against real servers on loopback that can misbehave, and the records they become."""

from __future__ import annotations

import asyncio
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import EvaluationError, ServerUnreachable, UsageError
from assistant.evaluation.measures.reading import Reading
from assistant.evaluation.records import AnswerRecord, Decision, PostRecord
from assistant.evaluation.systems.chat_completions import ChatCompletions, observation_of
from assistant.evaluation.systems.endpoints import Endpoint
from assistant.evaluation.systems.known_posts import KnownPosts, NamedSource, located
from assistant.evaluation.systems.marked_text import marked, written
from assistant.evaluation.systems.system import TimedOut, post_record, record_of
from assistant.evaluation.systems.worded_decisions import worded_decision
from assistant.evaluation.topics import Topic
from assistant.pipeline import answer_of
from assistant.render import answer_json, hit_json, post_json
from assistant.types import Turn

ANSWERED = "Why is the preview of my external camera rotated by 90 degrees?"
REFUSED = "How do I get Bluetooth LE audio working on Corvid OS?"
TOPICS = Path(__file__).resolve().parents[2] / "eval" / "sample" / "topics.jsonl"
SAMPLE_QUESTIONS = [json.loads(line)["turns"][-1]["content"] for line in TOPICS.read_text().splitlines()[::2]]


class Server(ThreadingHTTPServer):
    """Answers by `routes`: (method, path) to a function of the request's JSON that gives status, content type and bytes, or
    an iterator of bytes, which are sent slowly."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes, self.requests, self.headers = {}, [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def asked(self, path):
        return [body for method, where, body in self.requests if where == path]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self._reply("POST", json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def do_GET(self):
        self._reply("GET", None)

    def _reply(self, method, body):
        self.server.requests.append((method, self.path, body))
        self.server.headers.append(dict(self.headers))
        route = self.server.routes.get((method, self.path)) or self.server.routes.get((method, self.path.rpartition("/")[0]))
        status, kind, content = route(body if method == "POST" else unquote(self.path.rpartition("/")[2]))
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            if isinstance(content, bytes):
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            for piece in [content] if isinstance(content, bytes) else content:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(0 if isinstance(content, bytes) else 0.05)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log_message(self, *arguments):
        pass


def document(value, status=200):
    return status, "application/json", json.dumps(value, ensure_ascii=False).encode()


@pytest.fixture
def server(serving):
    return serving(Server())


@pytest.fixture
def closed_url(closed_port):
    return f"http://127.0.0.1:{closed_port}"


@pytest.fixture
def api(server, sample):
    """Our HTTP API over the sample forum, by the contract, without streaming."""

    def ask(body):
        history = [Turn(turn["role"], turn["content"]) for turn in body["history"]]
        return document(answer_json(asyncio.run(answer_of(sample, body["question"], history))))

    def search(body):
        return document({"query": body["query"], "hits": [hit_json(hit) for hit in sample.search(body["query"], body["k"])]})

    def post(name):
        return document(post_json(sample.post(name)))

    server.routes = {("POST", "/ask"): ask, ("POST", "/search"): search, ("GET", "/posts"): post}
    return server


def streaming(server, *events, end="\n\n"):
    """Put events around what `/ask` answers; `answer` in `events` stands for the Answer itself."""
    plain = server.routes["POST", "/ask"]

    def ask(body):
        _, _, answer = plain(body)
        blocks = []
        for name, data in events:
            blocks.append(f"event: {name}\ndata: {answer.decode() if data is None else data}{end}")
        return 200, "text/event-stream; charset=utf-8", "".join(blocks).encode()

    server.routes["POST", "/ask"] = ask


def topic(*turns, **fields):
    said = [{"role": "user" if number % 2 == 0 else "assistant", "content": text} for number, text in enumerate(turns)]
    return Topic(id="T1", turns=said, answerable=True, expect="answer", **fields)


def observed(system, about):
    return asyncio.run(system.ask(about))


def unmeasured(record):
    return record.model_copy(update={"latency_ms": {}, "retrieved": ()})


# --- answers of the contract ---------------------------------------------------------------------------------------------

texts = st.text(max_size=20)
optional = st.none() | texts
citations = st.fixed_dictionaries(
    {"label": st.integers(1, 99)},
    optional={
        "claim": optional, "post_id": optional, "source_id": optional, "thread_id": optional, "title": optional,
        "start": st.none() | st.integers(0, 999), "end": st.none() | st.integers(0, 999), "quote": optional,
        "status": st.sampled_from(["verified", "unsupported", "dangling"]),
    },
)  # fmt: skip


@given(st.lists(citations, max_size=8), st.sampled_from(["grounded", "partly_grounded", "ungrounded", "refused"]))
def test_a_record_keeps_every_citation_in_order(given_citations, status):
    record = record_of({"text": "t", "status": status, "citations": given_citations}, (), topic("q"))
    assert [cited.n for cited in record.citations] == [citation["label"] for citation in given_citations]
    for cited, citation in zip(record.citations, given_citations, strict=True):
        kept = (cited.post, cited.quote, cited.sentence, cited.start, cited.end)
        said = tuple(citation.get(name) for name in ("post_id", "quote", "claim", "start", "end"))
        assert kept == tuple(value or empty for value, empty in zip(said, ("", "", "", 0, 0), strict=True))
        assert cited.state == citation.get("status", "verified")
    assert AnswerRecord.model_validate_json(record.model_dump_json()) == record


def test_a_real_answer_becomes_a_record_whose_quotes_stand_in_their_posts(sample):
    answer = answer_json(asyncio.run(answer_of(sample, ANSWERED)))
    record = record_of(answer, [hit_json(hit) for hit in sample.search(ANSWERED, 5)], topic(ANSWERED))
    assert record.decision is Decision.ANSWER
    assert record.citations and len(record.citations) == len(answer["citations"])
    for cited in record.citations:
        assert sample.post(cited.post).body[cited.start : cited.end] == cited.quote
    assert len(record.retrieved) == 5 and record.confidence == answer["confidence"]
    assert set(record.latency_ms) == {"rewrite", "retrieve", "first_token", "total"}


def test_a_refusal_is_told_by_its_status_not_by_its_words(sample):
    answer = answer_json(asyncio.run(answer_of(sample, REFUSED)))
    assert record_of(answer, (), topic(REFUSED)).decision is Decision.ABSTAIN
    assert record_of(answer | {"status": "grounded"}, (), topic(REFUSED)).decision is Decision.ANSWER


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "confident"}, "'confident' is none of"),
        ({"citations": {}}, "citations is dict"),
        ({"citations": [{"claim": "c"}]}, "has no 'label'"),
        ({"citations": [7]}, "not of the contract"),
        ({"text": None}, "text"),
        ({"confidence": "high"}, "confidence"),
        ({"timings_ms": {"total": "soon"}}, "latency_ms"),
    ],
)
def test_an_answer_that_is_not_of_the_contract_is_named_with_its_field(change, words):
    answer = {"text": "t", "status": "grounded", "citations": []} | change
    with pytest.raises(EvaluationError, match=words):
        record_of(answer, (), topic("q"))


@pytest.mark.parametrize(
    "names", [("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"), ("input", "output")]
)
def test_tokens_are_read_by_any_usual_name(names):
    usage = {names[0]: 11, names[1]: 7, "cost": 0.25}
    record = record_of({"text": "t", "status": "grounded", "citations": [], "usage": usage}, (), topic("q"))
    assert (record.tokens.input, record.tokens.output, record.cost) == (11, 7, 0.25)


# --- our HTTP API --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [ANSWERED, REFUSED])
def test_the_api_gives_the_record_that_the_assistant_gives_in_process(api, sample, question):
    seen = observed(Endpoint(api.url), topic(question))
    expected = record_of(answer_json(asyncio.run(answer_of(sample, question))), (), topic(question))
    assert unmeasured(seen.record) == unmeasured(expected)
    assert [hit.post for hit in seen.record.retrieved] == [hit.post.post_id for hit in sample.search(question, 10)]
    assert seen.record.latency_ms["round_trip"] >= seen.record.latency_ms["total"]


def test_every_post_that_a_record_names_comes_with_its_body(api, sample):
    seen = observed(Endpoint(api.url, depth=7), topic(ANSWERED))
    named = {item.post for group in (seen.record.citations, seen.record.seen, seen.record.retrieved) for item in group}
    assert len(seen.record.retrieved) == 7
    assert {post.post: post.body for post in seen.posts} == {name: sample.post(name).body for name in named}


def test_a_post_is_fetched_once_for_all_topics(api):
    system = Endpoint(api.url)
    observed(system, topic(ANSWERED))
    before = len(api.requests)
    observed(system, topic(ANSWERED))
    assert [where for method, where, _ in api.requests[before:]] == ["/ask", "/search"]


def test_a_stream_gives_the_same_record_and_the_time_of_the_first_words(api):
    whole = observed(Endpoint(api.url), topic(ANSWERED)).record
    streaming(api, ("retrieved", "{}"), ("delta", '"a\u2028b"'), ("answer", None))
    seen = observed(Endpoint(api.url), topic(ANSWERED)).record
    assert unmeasured(seen) == unmeasured(whole)
    assert 0 < seen.latency_ms["first_delta"] <= seen.latency_ms["round_trip"]


def test_a_topic_with_a_history_is_sent_with_it_and_ranked_three_ways(api, sample):
    first = "Why is the preview of my external camera rotated?"
    about = topic(first, "It is.", "And on the front one?", standalone="Is the preview of the front camera rotated?")
    seen = observed(Endpoint(api.url), about).record
    assert api.asked("/ask")[0]["history"] == [{"role": "user", "content": first}, {"role": "assistant", "content": "It is."}]
    assert [body["query"] for body in api.asked("/search")] == [seen.standalone, about.question, about.standalone]
    assert set(seen.rankings) == {"last_turn", "standalone"}
    expected = [hit.post.post_id for hit in sample.search(about.standalone, 10)]
    assert [hit.post for hit in seen.rankings["standalone"]] == expected


def test_a_search_only_set_asks_for_no_answer_and_no_bodies(api):
    seen = observed(Endpoint(api.url, task="search"), topic(ANSWERED))
    assert [where for _, where, _ in api.requests] == ["/search"]
    assert len(seen.record.retrieved) == 10 and not seen.posts


def test_a_citation_of_a_post_that_the_server_does_not_know_stays_and_its_post_is_missing(api):
    plain = api.routes["POST", "/ask"]

    def ask(body):
        answer = json.loads(plain(body)[2])
        answer["citations"][0]["post_id"] = "gone/../away"
        return document(answer)

    known = api.routes["GET", "/posts"]
    api.routes["POST", "/ask"] = ask
    api.routes["GET", "/posts"] = lambda name: document({}, 404) if name == "gone/../away" else known(name)
    seen = observed(Endpoint(api.url), topic(ANSWERED))
    assert seen.record.citations[0].post == "gone/../away"
    assert "gone/../away" not in {post.post for post in seen.posts} and seen.posts
    assert ("GET", "/posts/gone%2F..%2Faway", None) in api.requests


def test_a_closed_port_is_a_server_that_cannot_be_reached(closed_url):
    with pytest.raises(ServerUnreachable, match="POST /ask"):
        observed(Endpoint(closed_url), topic("q"))


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(api, closed_url, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, closed_url)
    assert observed(Endpoint(api.url), topic(ANSWERED)).record.citations


@pytest.mark.parametrize("path", ["/ask", "/search"])
def test_a_server_that_hangs_is_a_time_out_within_its_time(server, path):
    server.routes["POST", "/ask"] = lambda body: document({"text": "t", "status": "grounded", "citations": []})
    server.routes["POST", path] = lambda body: (time.sleep(5.0), document({}))[1]
    started = time.perf_counter()
    with pytest.raises(TimedOut, match=rf"POST {path}.* within 0\.3 s"):
        observed(Endpoint(server.url, total_seconds=0.3), topic("q"))
    assert time.perf_counter() - started < 4


def test_a_server_that_sends_byte_after_byte_is_a_time_out_too(server):
    server.routes["POST", "/ask"] = lambda body: (200, "application/json", iter([b" "] * 60))
    with pytest.raises(TimedOut):
        observed(Endpoint(server.url, total_seconds=0.3), topic("q"))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((503, "application/problem+json", b'{"title": "no index"}'), "503.*no index"),
        ((200, "application/json", b"<html>"), "not JSON"),
        ((200, "application/json", b"[1]"), "no object"),
        ((200, "application/json", b'{"text": "t"}'), "has no 'status'"),
        ((200, "text/event-stream", b"event: delta\ndata: x\n\n"), "ended without an answer"),
        ((200, "text/event-stream", b'event: error\ndata: {"title": "boom"}\n\n'), "reports.*boom"),
        ((200, "text/event-stream", b"event: answer\ndata: {\n\n"), "not JSON"),
    ],
)
def test_an_api_that_answers_otherwise_is_an_error_that_says_how(server, reply, words):
    server.routes["POST", "/ask"] = lambda body: reply
    with pytest.raises(EvaluationError, match=words) as caught:
        observed(Endpoint(server.url), topic("q"))
    assert not isinstance(caught.value, TimedOut)


def test_a_connection_that_breaks_in_the_middle_is_told(server):
    server.routes["POST", "/ask"] = lambda body: (200, "application/json\r\ncontent-length: 99", iter([b"{"]))
    with pytest.raises(ServerUnreachable, match="broke off"):
        observed(Endpoint(server.url), topic("q"))


@pytest.mark.parametrize("system", [Endpoint("http://127.0.0.1:9"), ChatCompletions("http://127.0.0.1:9/v1", "m", ())])
def test_a_topic_that_needs_a_smaller_index_is_not_put_to_a_server(system):
    with pytest.raises(EvaluationError, match="without th_1"):
        observed(system, topic("q", without=("th_1",)))


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host/", "http://", "http://host:99999", "http://[::1"])
def test_what_is_no_address_is_a_usage_error(url):
    with pytest.raises(UsageError, match="not the address of a server"):
        Endpoint(url)


@pytest.mark.parametrize("make", [Endpoint, lambda url: ChatCompletions(url, "m", (), api_key="sk-secret-key")])
def test_no_secret_stands_in_what_the_manifest_is_told(make):
    system = make("https://user:hunter2@host.example:8443/v1/?token=abc")
    told = system.name + json.dumps(system.describe())
    assert "https://host.example:8443/v1" in told
    assert not any(secret in told for secret in ("hunter2", "user", "abc", "sk-secret"))


# --- any chat server -----------------------------------------------------------------------------------------------------

CAMERA = PostRecord(post="p_camera", source="11", thread="t_camera", title="Preview rotated", url="https://forum.example/t/11",
                    body="The preview is rotated. Set the\norientation by hand.")  # fmt: skip
MOUNT = PostRecord(post="p_mount", source="12", thread="t_mount", title="Mount fails", url="https://forum.example/t/12?page=2",
                   body="Mounting fails since 2.4. A reboot helps.")  # fmt: skip
KNOWN = KnownPosts((CAMERA, MOUNT))


def completion(content, message=None, **fields):
    reply = {"role": "assistant", "content": content, **(message or {})}
    return {"object": "chat.completion", "choices": [{"index": 0, "message": reply}], **fields}


def recorded(content, message=None, **fields):
    return observation_of(completion(content, message, **fields), KNOWN, topic("q"), 5.0).record


def cited(record):
    return [(one.n, one.post, one.sentence) for one in record.citations]


URLS = ["https://www.forum.example/t/11/", "http://forum.example/t/12?page=2#post-3"]


def test_numbers_lead_through_a_list_of_addresses_and_each_use_is_a_citation():
    record = recorded("Turn it. [1] It fails.[2][1] Nine [7].", citations=URLS)
    assert record.text == "Turn it [1]. It fails [2][3]. Nine [4]."
    assert cited(record) == [
        (1, "p_camera", "Turn it."), (2, "p_mount", "It fails."), (3, "p_camera", "It fails."), (4, "[7]", "Nine.")
    ]  # fmt: skip
    assert [one.state for one in record.citations] == ["verified", "verified", "verified", "dangling"]
    assert [hit.post for hit in record.retrieved] == ["p_camera", "p_mount"]


def test_annotations_say_source_and_place():
    content = "Set it by hand. Then reboot."
    notes = [
        {"type": "url_citation", "url_citation": {"url": URLS[0], "title": "x", "start_index": 0, "end_index": 15}},
        {"type": "url_citation", "url": URLS[1], "start_index": 16, "end_index": 28},
    ]
    record = recorded(content, {"annotations": notes})
    assert record.text == "Set it by hand [1]. Then reboot [2]."
    assert cited(record) == [(1, "p_camera", "Set it by hand."), (2, "p_mount", "Then reboot.")]


def test_a_marker_that_an_annotation_explains_counts_once():
    content = "Set it by hand [1].\n\nSources:\n[1] Preview rotated - https://forum.example/t/11"
    note = {"type": "url_citation", "url_citation": {"url": URLS[0], "start_index": 15, "end_index": 18}}
    record = recorded(content, {"annotations": [note]}, search_results=[{"url": URLS[0], "snippet": "The preview is"}])
    assert record.text == "Set it by hand [1]."
    assert cited(record) == [(1, "p_camera", "Set it by hand.")]


def test_a_quotation_behind_sentences_in_a_row_is_one_citation_and_a_bare_source_is_one_for_each_use():
    quoted = recorded("Turn it [1]. Then wait [1].", citations=[{"url": URLS[0], "quote": "The preview is rotated."}])
    assert (quoted.text, cited(quoted)) == ("Turn it [1]. Then wait [1].", [(1, "p_camera", "Turn it. Then wait.")])
    bare = recorded("Turn it [1]. Then wait [1].", citations=[URLS[0]])
    assert bare.text == "Turn it [1]. Then wait [2]."
    assert cited(bare) == [(1, "p_camera", "Turn it."), (2, "p_camera", "Then wait.")]


@pytest.mark.parametrize("shape", ["annotations", "sources"])
def test_our_own_answers_through_the_chat_protocol_give_the_same_citations_and_sentences(sample, shape):
    posts = {}
    for question in SAMPLE_QUESTIONS:
        answer = answer_json(asyncio.run(answer_of(sample, question)))
        expected = record_of(answer, (), topic(question))
        by_label = {citation["label"]: citation for citation in answer["citations"]}
        notes = [
            {"type": "url_citation", "start_index": match.start(), "end_index": match.end(), **by_label[int(match[1])]}
            for match in re.finditer(r"(?<!\\)\[(\d+)\]", answer["text"])
        ]
        posts |= {one.post: post_record(post_json(sample.post(one.post))) for one in expected.citations}
        named = {"post_id", "quote", "type", "start_index", "end_index"}
        listed = [{name: value for name, value in one.items() if name in named} for one in by_label.values()]
        fields = {"sources": listed} if shape == "sources" else {}
        message = {"annotations": notes} if shape == "annotations" else {}
        record = observation_of(
            completion(answer["text"], message, **fields), KnownPosts(posts.values()), topic("q"), 1.0
        ).record
        assert [(one.post, one.quote) for one in record.citations] == [(one.post, one.quote) for one in expected.citations]
        assert sentences_of(record) == sentences_of(expected)
        assert record.decision == expected.decision


def sentences_of(record):
    reading = Reading(record.text, {one.n for one in record.citations})
    return [(sentence.text.split(), sentence.labels) for sentence in reading.sentences]


@pytest.mark.parametrize(
    ("content", "message", "fields"),
    [
        ("Turn it [1].", {}, {"search_results": [{"url": URLS[0], "title": "other"}]}),
        ("Turn it [doc1].", {"context": {"citations": [{"title": "Preview  ROTATED", "filepath": "x"}]}}, {}),
        ("Turn it [1].", {}, {"sources": [{"id": "11"}]}),
        ("Turn it [1].", {"sources": [{"id": 1, "metadata": {"post_id": "p_camera"}}]}, {}),
        ("Turn it 【1†source】.", {}, {"citations": URLS}),
        ("Turn it ([here](https://forum.example/t/11)).", {}, {}),
        ("Turn it [p_camera].", {}, {}),
        ("Turn it <https://forum.example/t/11>.", {}, {}),
        ("Turn it[^1].\n\n[^1]: https://forum.example/t/11", {}, {}),
        ("Turn it [1].\n\n**Sources**\n1. [Preview](https://forum.example/t/11)", {}, {}),
        ("Turn it [1].\n\nReferences:\n- Preview rotated", {}, {}),
    ],
    ids=["search_results", "context", "source id", "metadata", "lens", "link", "id", "bare", "footnote", "list", "by title"],
)
def test_sources_are_found_in_every_shape(content, message, fields):
    record = recorded(content, message, **fields)
    assert cited(record) == [(1, "p_camera", "Turn it.")]
    assert record.text == "Turn it [1]."


def test_a_source_that_is_no_known_post_dangles_under_its_address():
    record = recorded("Turn it, see [that page](https://elsewhere.example/9).")
    assert record.text == "Turn it, see that page [1]."
    (only,) = record.citations
    assert (only.post, only.state, only.quote) == ("https://elsewhere.example/9", "dangling", "")


@pytest.mark.parametrize(
    "content", ["Use `argv[1]` or row[2] there.", "```\na[1]\n```", r"Not \[1\] a marker.", "1. First.\n2. Then."]
)
def test_brackets_that_are_no_markers_are_left_alone(content):
    record = recorded(content)
    assert not record.citations and record.text == content


@pytest.mark.parametrize(
    ("source", "start", "end", "quote"),
    [
        ({"quote": "The preview is rotated."}, 0, 23, "The preview is rotated."),
        ({"cited_text": "Set the orientation"}, 24, 43, "Set the\norientation"),
        ({"snippet": "… orientation by  hand ..."}, 32, 51, "orientation by hand"),
        ({"snippet": "reworded by the server"}, 0, 52, CAMERA.body),
        ({}, 0, 52, CAMERA.body),
        ({"quote": "words that are not there"}, 0, 0, "words that are not there"),
    ],
    ids=["exact", "folded", "cut", "other passage", "none", "invented"],
)
def test_a_quote_is_located_in_the_post_and_an_invented_one_stays_as_it_is(source, start, end, quote):
    record = recorded("Turn it [1].", citations=[{"url": URLS[0], **source}])
    (only,) = record.citations
    assert (only.start, only.end, only.quote) == (start, end, quote)


def test_a_list_without_marks_cites_for_the_whole_answer_and_search_results_alone_do_not():
    assert cited(recorded("Turn it.", sources=URLS)) == [(1, "p_camera", ""), (2, "p_mount", "")]
    found = recorded("Turn it.", search_results=[{"url": url} for url in URLS])
    assert not found.citations and [hit.post for hit in found.retrieved] == ["p_camera", "p_mount"]


def test_an_address_that_several_threads_share_means_a_post_only_if_the_words_tell_which():
    page = "https://forum.example/all"
    posts = [post.model_copy(update={"url": page}) for post in (CAMERA, MOUNT)]
    known = KnownPosts(posts)
    assert known.find(NamedSource((page,))) is None
    assert known.find(NamedSource((page,), quote="A reboot helps.")).post == "p_mount"
    thread = KnownPosts(post.model_copy(update={"thread": "t"}) for post in posts)
    assert thread.find(NamedSource((page,))).post == "p_camera"


def test_a_running_number_is_not_taken_for_an_id_where_there_is_an_address():
    record = recorded("Turn it [1].", sources=[{"id": "12", "url": URLS[0]}])
    assert cited(record) == [(1, "p_camera", "Turn it.")]


# Dots at the end of a quotation say that it was cut there.
words = st.text("abc xyz.\n", min_size=1, max_size=30).filter(lambda text: text.strip() and not text.rstrip().endswith(".."))


@given(words, words, words)
def test_what_stands_in_a_body_is_located_whatever_its_white_space(before, quote, after):
    body = f"{before}{quote}{after}"
    for asked in (quote, " ".join(quote.split()), "\n".join(quote.split())):
        if span := located(asked, body):
            assert body[span.start : span.end].split() == asked.split()
        else:
            assert asked != quote


some_sentence = st.sampled_from(["Turn it round.", "It fails since 2.4!", "Is it so?", "He said “no.”", "Use `a[1]`."])
sentences_said = st.lists(some_sentence, min_size=1, max_size=6)


@given(sentences_said, st.data())
def test_a_text_in_the_form_of_the_contract_is_read_and_written_as_it_was(said, data):
    plain = " ".join(said)
    ends, at = [], 0
    for sentence in said:
        at += len(sentence)
        ends.append(at - len(sentence) + len(sentence.rstrip(".!?”")))
        at += 1
    uses = sorted(data.draw(st.lists(st.sampled_from(ends), max_size=5)))
    labels = [(place, number) for number, place in enumerate(uses, start=1)]
    text = written(plain, labels)
    sources = [NamedSource((f"https://forum.example/{number}",)) for number, _ in enumerate(uses, start=1)]
    read = marked(text, sources, (), lambda key: False)
    assert read.plain == plain
    assert [mark.at for mark in read.marks] == uses
    assert [mark.source for mark in read.marks] == sources
    assert Reading(text, {number for _, number in labels}).labels == tuple(number for _, number in labels)


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("I could not find anything about this in the posts.", Decision.ABSTAIN),
        ("Sorry. The context doesn’t mention a second camera.", Decision.ABSTAIN),
        ("No relevant threads were found.", Decision.ABSTAIN),
        ("Which version do you use?", Decision.CLARIFY),
        ("Turn it round. Do you see it now? If so, do it again.", Decision.ANSWER),
        ("Set the orientation by hand; the app does not do it itself.", Decision.ANSWER),
    ],
)
def test_words_suggest_a_decision_where_no_field_says_it(text, decision):
    assert worded_decision(text, cited=False) is decision


def test_a_field_decides_before_the_words_do():
    refused = "I could not find anything about this."
    assert recorded(refused).decision is Decision.ABSTAIN and recorded(refused).grounding == ""
    own = recorded(refused, {"status": "grounded", "confidence": 0.7})
    assert (own.decision, own.grounding, own.confidence) == (Decision.ANSWER, "grounded", 0.7)
    assert recorded("Done.", status="completed").decision is Decision.ANSWER
    assert recorded(None, {"refusal": "It is not for me to say."}).decision is Decision.ABSTAIN


@pytest.mark.parametrize(
    "response", [{}, {"choices": []}, {"choices": [None]}, completion(""), completion(None), completion(7)]
)
def test_a_completion_without_text_is_an_error(response):
    with pytest.raises(EvaluationError, match="no text"):
        observation_of(response, KNOWN, topic("q"), 1.0)


@pytest.mark.parametrize("junk", [None, 3, "x", ["y"], {"a": 1}, [[1]], [{"url": 3}], [{"url_citation": {"start_index": "a"}}]])
def test_lists_of_sources_of_any_shape_never_fail(junk):
    record = recorded("Turn it [1].", {"annotations": junk, "context": junk}, citations=junk, search_results=junk, usage=junk)
    assert record.text.startswith("Turn it")


def chat(server, reply, **options):
    server.routes["POST", "/v1/chat/completions"] = lambda body: reply
    return ChatCompletions(f"{server.url}/v1", "some-model", (CAMERA, MOUNT), api_key="sk-topsecret", **options)


def test_history_and_question_are_sent_through_the_official_client_and_the_key_stays_out(server):
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    system = chat(server, document(completion("Turn it [1].", citations=URLS, usage=usage)), parameters={"temperature": 0})
    seen = observed(system, topic("first", "said", "second"))
    (body,) = server.asked("/v1/chat/completions")
    assert [(one["role"], one["content"]) for one in body["messages"]] == [
        ("user", "first"), ("assistant", "said"), ("user", "second")
    ]  # fmt: skip
    assert (body["model"], body["temperature"]) == ("some-model", 0)
    headers = {name.lower(): value for name, value in server.headers[0].items()}
    assert headers["authorization"] == "Bearer sk-topsecret"
    assert (seen.record.tokens.input, seen.record.tokens.output) == (5, 3)
    assert seen.record.latency_ms["total"] > 0 and seen.posts == (CAMERA, MOUNT)
    assert "topsecret" not in seen.record.model_dump_json() + json.dumps(system.describe())


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_a_server_that_refuses_is_asked_once_and_its_words_are_kept_without_the_key(server, status):
    reply = document({"error": {"message": "bad key sk-topsecret or sk-another-one1", "type": "x"}}, status)
    with pytest.raises(EvaluationError, match=f"refused.*{status}") as caught:
        observed(chat(server, reply), topic("q"))
    assert len(server.requests) == 1
    assert "topsecret" not in caught.value.message and "another" not in caught.value.message


def test_a_chat_server_that_hangs_is_a_time_out_within_its_time(server):
    system = chat(server, None, total_seconds=0.2)
    server.routes["POST", "/v1/chat/completions"] = lambda body: (time.sleep(5.0), document({}))[1]
    started = time.perf_counter()
    with pytest.raises(TimedOut, match=r"within 0\.2 s"):
        observed(system, topic("q"))
    assert time.perf_counter() - started < 4


def test_a_chat_server_that_is_not_there_cannot_be_reached(closed_url):
    with pytest.raises(ServerUnreachable, match="some-model at http://127"):
        observed(ChatCompletions(f"{closed_url}/v1", "some-model", ()), topic("q"))


@pytest.mark.parametrize(("content", "words"), [(b"<html>", "no JSON"), (b"[]", "no object"), (b"{}", "no text")])
def test_a_chat_server_that_answers_otherwise_is_an_error(server, content, words):
    with pytest.raises(EvaluationError, match=words):
        observed(chat(server, (200, "application/json", content)), topic("q"))
