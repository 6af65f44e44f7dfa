"""JSON of the commands: the keys of the contract, and nothing else on stdout."""

from __future__ import annotations

import json

import pytest

INDEX = "generation posts threads chunks added changed removed unchanged duplicates skipped seconds".split()
HIT = "rank score post_id source_id thread_id title url source start end text replies views activity".split()
POST = "post_id thread_id title body author created activity replies boosts views tags url sources".split()
ANSWER = ("question standalone_question text status confidence citations passages nearest generator provenance timings_ms "
          "usage").split()  # fmt: skip
CITATION = "label claim post_id thread_id title url source start end quote status".split()
QUESTION = "Which stage refuses the mount point with TKMountErrorDomain Code=37?"


@pytest.fixture
def document(run, sample_index):
    """The one JSON document that a command writes."""

    def read(*arguments):
        result = run(*arguments, "--index", sample_index, "--json")
        assert result.exit_code == 0, result.stderr
        (line,) = result.stdout.splitlines()
        return json.loads(line)

    return read


def test_index_tells_what_it_did(run, tmp_path):
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "1", "title": "", "body": "It fails on boot."}\nnot JSON\n')
    result = run("index", folder, "--index", tmp_path / "index", "--json")
    report = json.loads(result.stdout)
    assert set(INDEX) <= report.keys()
    assert (report["posts"], report["added"], report["threads"], report["chunks"]) == (1, 1, 1, 1)
    (skipped,) = report["skipped"]
    assert (skipped["path"], skipped["line"]) == (str(folder / "a.jsonl"), 2)
    assert "skipped" in result.stderr


def test_search_tells_its_hits(document):
    found = document("search", QUESTION, "-k", 3)
    assert found["query"] == QUESTION
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    assert all(set(HIT) <= hit.keys() for hit in found["hits"])


def test_show_tells_the_post_of_a_hit(document):
    hit = document("search", "mount", "-k", 1)["hits"][0]
    post = document("show", hit["post_id"])
    assert set(POST) <= post.keys()
    assert post["body"][hit["start"] : hit["end"]] == hit["text"]
    assert all({"path", "line"} <= source.keys() for source in post["sources"])


def test_show_tells_the_whole_thread_of_a_post(document, run, sample_index, sample):
    reply = document("show", "810101-1")
    told = document("show", "810101-1", "--thread")
    assert told["thread_id"] == reply["thread_id"]
    assert told["posts"][0]["title"] == told["title"]
    assert reply in told["posts"] and len(told["posts"]) > 1
    shown = run("show", "810101-1", "--thread", "--index", str(sample_index)).stdout
    places = [shown.index(post["body"].splitlines()[0]) for post in told["posts"]]
    assert places == sorted(places)
    assert f"2 of {len(places)} · " in shown


def test_show_takes_a_source_id_that_one_post_has(document):
    assert document("show", "810101-1")["author"] == "pelle"


def test_unknown_is_null(document):
    hit = next(hit for hit in document("search", "Read-ahead window for TKBlockReader", "--source", "listing")["hits"])
    post = document("show", hit["post_id"])
    assert post["author"] is None
    assert post["created"] is None
    assert post["activity"]


def test_views_as_written_become_a_number(document):
    post = document("show", document("search", "TideKit Resources", "-k", 1)["hits"][0]["post_id"])
    assert (post["title"], post["views"], post["activity"]) == ("TideKit Resources", 3100, "Aug ’25")


def test_ask_tells_an_answer(document):
    answer = document("ask", QUESTION)
    assert set(ANSWER) <= answer.keys()
    assert answer["status"] == "grounded"
    assert all(set(CITATION) <= citation.keys() for citation in answer["citations"])
    assert {"label", "post_id", "start", "end", "text", "score"} <= answer["passages"][0].keys()
    assert all({"post_id", "title", "score"} <= near.keys() for near in answer["nearest"])
    assert {"generation", "settings_hash", "prompt_hash", "embedder"} <= answer["provenance"].keys()
    assert {"rewrite", "retrieve", "first_token", "total"} <= answer["timings_ms"].keys()


def test_the_question_may_come_from_stdin(run, sample_index):
    result = run("ask", "-", "--index", sample_index, "--json", stdin=f"{QUESTION}\n")
    assert json.loads(result.stdout)["question"] == QUESTION


def test_sources_are_listed(document, sample_posts):
    assert document("sources") == {"sources": [str(sample_posts)]}


def test_a_source_is_removed_with_its_posts(run, jsonl, tmp_path):
    kept = jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."})
    gone = jsonl("b.jsonl", {"id": "2", "body": "It works on boot."})
    run("index", kept, gone, "--index", tmp_path / "index")
    report = json.loads(run("sources", "remove", gone, "--index", tmp_path / "index", "--json").stdout)
    assert (report["posts"], report["removed"], report["embedded"]) == (1, 1, 0)
    assert run("sources", "--index", tmp_path / "index").stdout == f"{kept}\n"


def test_explain_tells_of_each_file_how_it_is_read(run, sample_posts):
    lines = run("index", sample_posts, "--explain", "--json").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert all({"path", "layout", "why", "posts"} <= item.keys() for item in told)
    assert len(told) == len(list(sample_posts.iterdir()))


def test_doctor_is_well_on_a_good_index(document):
    report = document("doctor")
    assert report["ok"] is True
    assert {"python", "embedder", "cache", "index", "sources"} <= {check["check"] for check in report["checks"]}


def test_doctor_names_what_is_bad_and_its_mend(run, tmp_path):
    result = run("doctor", "--index", tmp_path / "none", "--json")
    report = json.loads(result.stdout)
    bad = {check["check"]: check["mend"] for check in report["checks"] if not check["ok"]}
    assert result.exit_code == 4
    assert report["ok"] is False
    assert "assistant index" in bad["index"]


def test_doctor_notes_a_source_that_is_gone(run, tmp_path, jsonl):
    posts = jsonl("a.jsonl", {"id": "1", "body": "It fails on boot."})
    run("index", posts, "--index", tmp_path / "index")
    posts.unlink()
    result = run("doctor", "--index", tmp_path / "index")
    assert result.exit_code == 1
    assert f"assistant sources remove {posts}" in result.stdout


@pytest.mark.parametrize(
    ("address", "key", "said"),
    [
        ("http://127.0.0.1:{port}/v1", None, "no connection"),
        ("http://192.0.2.1/v1", "sk-never-shown-0000", "unencrypted"),
        ("127.0.0.1:8080", None, "address"),
    ],
)
def test_doctor_looks_for_the_server_of_the_generator(run, sample_index, closed_port, monkeypatch, address, key, said):
    monkeypatch.setenv("ASSISTANT_GENERATOR", "openai:some")
    monkeypatch.setenv("ASSISTANT_BASE_URL", address.format(port=closed_port))
    monkeypatch.setenv("ASSISTANT_RETRIES", "0")
    if key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    result = run("doctor", "--index", sample_index, "--json")
    (check,) = [check for check in json.loads(result.stdout)["checks"] if check["check"] == "generator"]
    assert (check["ok"], said in check["found"], bool(check["mend"])) == (False, True, True)
    assert "sk-never" not in result.stdout


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_batch_answers_in_order_with_ids(run, sample_index, tmp_path, command):
    field = {"ask": "question", "search": "query"}[command]
    ids = [7, "b", None, "a"]
    lines = [json.dumps({"id": name, field: f"mount error {number}"}) for number, name in enumerate(ids)]
    (tmp_path / "batch.jsonl").write_text("\n\n".join(lines))
    result = run(command, "--batch", tmp_path / "batch.jsonl", "--index", sample_index)
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [item["id"] for item in told] == ids
    assert all(set(ANSWER) <= item.keys() if command == "ask" else "hits" in item for item in told)


def test_a_batch_may_come_from_stdin(run, sample_index):
    result = run("search", "--batch", "-", "--index", sample_index, stdin='{"id": 1, "query": "mount"}\n')
    assert json.loads(result.stdout)["id"] == 1


def test_history_of_a_batch_line_is_used(run, sample_index):
    history = [{"role": "user", "content": "What is TKMountErrorDomain Code=37?"}]
    line = json.dumps({"id": 1, "question": "How do I fix it?", "history": history})
    answer = json.loads(run("ask", "--batch", "-", "--index", sample_index, stdin=line).stdout)
    assert "TKMountErrorDomain" in answer["standalone_question"]


BAD_LINES = ["not JSON", "[]", '"text"', "{}", '{"question": 7}', '{"question": null}', '{"question": "x", "history": 7}',
             '{"question": "x", "history": [{"role": "user"}]}', '{"question": "x", "history": ["x"]}']  # fmt: skip


@pytest.mark.parametrize("bad", BAD_LINES)
def test_a_bad_line_of_a_batch_is_named_after_the_good_ones_before_it(run, sample_index, tmp_path, bad):
    (tmp_path / "batch.jsonl").write_text(f'{{"id": 1, "question": "mount?"}}\n{bad}\n')
    result = run("ask", "--batch", tmp_path / "batch.jsonl", "--index", sample_index)
    assert result.exit_code == 2
    assert f"{tmp_path / 'batch.jsonl'}:2" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_a_batch_that_is_not_utf_8_is_a_usage_error(run, sample_index, tmp_path):
    (tmp_path / "batch.jsonl").write_bytes(b'{"id": 1, "question": "m\xff"}\n')
    assert run("ask", "--batch", tmp_path / "batch.jsonl", "--index", sample_index).exit_code == 2
