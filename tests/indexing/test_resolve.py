"""Claims to posts: who is the same post, what makes a thread, what several claims say together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.indexing import schema
from assistant.indexing.claims import add_claims, copy_claims, identity_of
from assistant.indexing.resolve import resolve
from assistant.types import RawPost, Role, Source

HERE = Source("a.txt", 1)


def resolved(*raw, root="/posts"):
    """Rows of `posts` by their body, with `sources` as a list."""
    ledger = schema.create(":memory:")
    add_claims(ledger, root, raw)
    resolve(ledger)
    rows = ledger.execute("SELECT posts.*, body FROM posts JOIN texts ON sha = body_sha ORDER BY row").fetchall()
    places = ledger.execute("SELECT post_row, path, line FROM post_sources ORDER BY path, line").fetchall()
    ledger.close()
    return [dict(row) | {"places": [(p, n) for r, p, n in places if r == row["row"]]} for row in rows]


def raw(body, name=None, parent=None, **fields):
    role = Role.REPLY if parent else Role.QUESTION
    return RawPost(**{"body": body, "source": HERE, "source_id": name, "reply_to": parent, "role": role, **fields})


def by_body(*posts):
    return {post["body"]: post for post in resolved(*posts)}


def test_the_same_post_twice_is_one_post_in_two_places():
    (post,) = resolved(raw("Words.", title="T"), raw("Words.", title="T", source=Source("b.txt", 9)))
    assert post["places"] == [("a.txt", 1), ("b.txt", 9)]


def test_case_and_spacing_make_no_other_post():
    assert len({post["post_id"] for post in resolved(raw("Some words.", title="T"))}
               | {post["post_id"] for post in resolved(raw("SOME  words.", title="t"))}) == 1  # fmt: skip


def test_a_post_with_an_id_is_not_the_one_without():
    assert len(resolved(raw("Words."), raw("Words.", "7"))) == 2


def test_two_replies_that_say_the_same_in_two_threads_are_two_posts():
    thanks = [raw("Thanks!", role=Role.REPLY, thread_key=key) for key in "ab"]
    assert len(resolved(*thanks)) == 2


def test_one_id_with_two_texts_keeps_both():
    posts = resolved(raw("As first written.", "7"), raw("As edited later.", "7"))
    assert {post["body"] for post in posts} == {"As first written.", "As edited later."}
    assert len({post["post_id"] for post in posts}) == 2
    assert {post["source_id"] for post in posts} == {"7"}


def test_ids_of_unlike_origins_do_not_meet():
    posts = resolved(raw("Words.", "7", namespace="a.example"), raw("Words.", "7", namespace="b.example"))
    assert len({post["thread_id"] for post in posts}) == 2


def test_an_unknown_parent_still_makes_a_thread_of_its_answers():
    posts = by_body(raw("One.", "2", "1"), raw("Two.", "3", "1"), raw("Else.", "9", "8"))
    assert posts["One."]["thread_id"] == posts["Two."]["thread_id"] != posts["Else."]["thread_id"]


def test_a_parent_that_comes_later_keeps_the_thread_of_its_answers():
    orphan = resolved(raw("One.", "2", "1"))[0]["thread_id"]
    assert {post["thread_id"] for post in resolved(raw("One.", "2", "1"), raw("Asked.", "1"))} == {orphan}


def test_a_chain_of_parents_is_one_thread():
    chain = [raw("0.", "0"), *(raw(f"{n}.", str(n), str(n - 1)) for n in range(1, 30))]
    assert len({post["thread_id"] for post in resolved(*chain)}) == 1


@pytest.mark.parametrize("links", [{"1": "1"}, {"1": "2", "2": "1"}, {"1": "2", "2": "3", "3": "1"}])
def test_a_circle_of_parents_is_one_thread(links):
    posts = resolved(*(raw(f"Post {name}.", name, parent) for name, parent in links.items()))
    assert len({post["thread_id"] for post in posts}) == 1


def test_a_tail_that_leads_into_a_circle_is_in_its_thread():
    posts = resolved(raw("0.", "0", "5"), raw("5.", "5", "6"), raw("6.", "6", "5"))
    assert len({post["thread_id"] for post in posts}) == 1


def threads_of(posts):
    """The bodies of each thread, sorted."""
    found: dict[str, set[str]] = {}
    for post in posts:
        found.setdefault(post["thread_id"], set()).add(post["body"])
    return sorted(map(sorted, found.values()))


def notices(*raw):
    ledger = schema.create(":memory:")
    add_claims(ledger, "/posts", raw)
    said = resolve(ledger)
    ledger.close()
    return said


@pytest.mark.parametrize("key", ["1", "T9"])
def test_a_question_without_a_thread_is_in_the_one_that_its_reply_is_given(key):
    posts = resolved(raw("Asked.", "1"), raw("Said.", "2", "1", thread_key=key), raw("Also.", "3", "1"))
    assert threads_of(posts) == [["Also.", "Asked.", "Said."]]
    alone = resolved(raw("Said.", "2", "1", thread_key=key))[0]
    assert {post["thread_id"] for post in posts} == {alone["thread_id"]}


def test_a_thread_that_the_end_of_a_chain_is_given_is_that_of_the_whole_chain():
    chain = [raw("0.", "0"), *(raw(f"{n}.", str(n), str(n - 1)) for n in range(1, 9)), raw("9.", "9", "8", thread_key="T")]
    assert len({post["thread_id"] for post in resolved(*chain)}) == 1


def test_a_circle_is_in_the_thread_that_an_answer_to_it_is_given():
    circle = [raw("1.", "1", "2"), raw("2.", "2", "1")]
    assert len(threads_of(resolved(*circle, raw("3.", "3", "1", thread_key="T")))) == 1


def test_answers_to_a_parent_that_nobody_stored_share_the_thread_that_one_is_given():
    assert len(threads_of(resolved(raw("2.", "2", "1", thread_key="T"), raw("3.", "3", "1"), raw("4.", "4", "3")))) == 1


def test_two_posts_that_are_given_different_threads_stay_apart_and_it_is_said_where():
    posts = [raw("Asked.", "1", thread_key="1"), raw("Said.", "2", "1", thread_key="2", source=Source("b.txt", 7))]
    assert threads_of(resolved(*posts)) == [["Asked."], ["Said."]]
    (notice,) = notices(*posts)
    assert (notice.path, notice.line) == ("b.txt", 7)
    assert "apart" in notice.message


def test_a_post_whose_answers_are_given_several_threads_is_in_the_one_that_is_called_as_it_is():
    answers = [raw("A.", "2", "1", thread_key="1"), raw("B.", "3", "1", thread_key="9")]
    assert threads_of(resolved(raw("Asked.", "1"), *answers)) == [["A.", "Asked."], ["B."]]
    answers = [raw("A.", "2", "0", thread_key="1"), raw("B.", "3", "0", thread_key="9")]
    assert threads_of(resolved(raw("Asked.", "0"), *answers)) == [["A."], ["Asked."], ["B."]]


def test_answers_of_another_forum_do_not_bring_their_thread():
    posts = [raw("Asked.", "1", namespace="a.example"), raw("Said.", "2", "1", thread_key="T", namespace="b.example")]
    assert len(threads_of(resolved(*posts))) == 2
    assert notices(*posts) == []


def test_a_reply_gets_the_title_of_its_question():
    posts = by_body(raw("Asked.", "1", title="How to mount?"), raw("Answered.", "2", "1"), raw("Thanks.", "3", "2"))
    assert {post["title"] for post in posts.values()} == {"How to mount?"}


def test_a_reply_keeps_a_title_of_its_own():
    posts = by_body(raw("Asked.", "1", title="How to mount?"), raw("Answered.", "2", "1", title="Re: mount"))
    assert posts["Answered."]["title"] == "Re: mount"


def test_counters_of_a_post_listed_twice_are_the_latest():
    (post,) = resolved(
        raw("Words.", "1", views=10, replies=2, activity="9h"), raw("Words.", "1", views=12, activity="2d", tags=("b",))
    )
    assert (post["views"], post["replies"], post["activity"], post["tags"]) == (12, 2, "2d", '["b"]')


def test_unknown_stays_unknown():
    (post,) = resolved(raw("Words.", "1"))
    assert [post[name] for name in ("views", "replies", "boosts", "score", "author", "created", "url")] == [None] * 7


def test_replies_are_counted_where_the_source_gives_no_number():
    posts = by_body(raw("Asked.", "1"), raw("A.", "2", "1"), raw("B.", "3", "2"), raw("Other.", "9"))
    assert posts["Asked."]["replies"] == 2
    assert posts["Other."]["replies"] is None


def test_a_number_of_replies_that_the_source_gives_stands():
    assert by_body(raw("Asked.", "1", replies=40), raw("A.", "2", "1"))["Asked."]["replies"] == 40


def test_an_accepted_answer_stays_accepted_where_one_listing_does_not_say_so():
    (post,) = resolved(raw("So.", "2", "1", accepted=True), raw("So.", "2", "1"))
    assert post["accepted"] == 1


POSTS = st.builds(
    raw,
    body=st.sampled_from(["One.", "two.", "Two.", "Three."]),
    name=st.sampled_from([None, "1", "2", "3"]),
    parent=st.sampled_from([None, "1", "2", "4"]),
    title=st.sampled_from(["", "T", "U"]),
    views=st.sampled_from([None, 1, 5]),
    activity=st.sampled_from([None, "9h", "2d"]),
    tags=st.sampled_from([(), ("b", "a")]),
    thread_key=st.sampled_from([None, None, "1", "T"]),
    namespace=st.sampled_from(["", "", "a.example"]),
    author=st.sampled_from([None, "ann", "bob"]),
    source=st.builds(Source, st.sampled_from(["a.txt", "b.txt"]), st.integers(1, 9)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(POSTS, max_size=8), st.randoms(use_true_random=False))
def test_the_outcome_does_not_depend_on_the_order_of_the_claims(posts, random):
    shuffled = random.sample(posts, len(posts))
    assert resolved(*posts) == resolved(*shuffled)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.builds(
    raw, body=st.sampled_from("abcdef"), name=st.sampled_from("123456"), parent=st.sampled_from([None, *"1234567"]),
    thread_key=st.sampled_from([None, "T"]),
), max_size=6, unique_by=(lambda post: post.source_id, lambda post: post.body)))  # fmt: skip
def test_where_one_thread_at_most_is_given_a_post_is_in_the_thread_of_the_post_it_answers(posts):
    threads = {post["source_id"]: post["thread_id"] for post in resolved(*posts)}
    assert all(threads[post.source_id] == threads[post.reply_to] for post in posts if post.reply_to in threads)
    assert notices(*posts) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(POSTS, max_size=8))
def test_every_text_of_every_id_is_kept(posts):
    wanted = {identity_of(post, post.title, post.body) for post in posts}
    found = resolved(*posts)
    assert {post.body.lower() for post in posts} == {post["body"].lower() for post in found}
    assert len(found) >= len(wanted)
    assert len({post["post_id"] for post in found}) == len(found)


def test_claims_of_other_roots_are_copied_with_their_texts(tmp_path):
    old = schema.create(tmp_path / "old.sqlite")
    add_claims(old, "/kept", [raw("Kept.", "1")])
    add_claims(old, "/dropped", [raw("Dropped.", "2")])
    old.commit()
    old.close()
    new = schema.create(tmp_path / "new.sqlite")
    copy_claims(new, tmp_path / "old.sqlite", without=["/dropped"])
    assert [row["body"] for row in new.execute("SELECT body FROM texts")] == ["Kept."]
    assert [row["path"] for row in new.execute("SELECT path FROM roots")] == ["/kept"]
    new.close()


def test_replies_without_an_address_are_in_the_thread_of_the_question_that_has_one(small: Any, jsonl: Any) -> None:
    question = {"id": "7", "title": "Why?", "body": "Why is it so?", "thread_id": "7", "url": "https://forum.example/t/7"}
    reply = {"id": "7-1", "body": "Since it was made so.", "thread_id": "7", "reply_to": "7"}
    orphan = {"id": "8-1", "body": "Another reply altogether.", "reply_to": "7"}
    small.build(jsonl("dump.jsonl", question, reply, orphan))
    assert len({post.thread_id for post in small.posts()}) == 1


def test_the_notice_of_threads_that_contradict_one_another_is_in_the_report(small: Any, jsonl: Any) -> None:
    question = {"id": "7", "title": "Why?", "body": "Why is it so?", "thread_id": "7"}
    reply = {"id": "8", "body": "Since it was made so.", "thread_id": "8", "reply_to": "7"}
    (notice,) = small.build(jsonl("dump.jsonl", question, reply)).notices
    assert "kept apart" in notice.message


def test_threads_of_other_files_that_are_called_alike_stay_apart(small: Any, jsonl: Any) -> None:
    question = {"id": "7", "title": "Why?", "body": "Why is it so?", "thread_id": "7", "url": "https://forum.example/t/7"}
    stranger = {"id": "7-1", "body": "A reply in another forum.", "thread_id": "7", "reply_to": "7"}
    small.build(jsonl("one.jsonl", question), jsonl("two.jsonl", stranger))
    assert len({post.thread_id for post in small.posts()}) == 2


def test_two_forums_in_one_file_keep_a_reply_without_an_address_to_itself(small: Any, jsonl: Any) -> None:
    first = {"id": "7", "title": "Why?", "body": "Why is it so?", "thread_id": "7", "url": "https://one.example/t/7"}
    second = {"id": "7", "title": "How?", "body": "How is it done?", "thread_id": "7", "url": "https://two.example/t/7"}
    reply = {"id": "7-1", "body": "It depends on the forum.", "thread_id": "7", "reply_to": "7"}
    small.build(jsonl("mixed.jsonl", first, second, reply))
    assert len({post.thread_id for post in small.posts()}) == 3


@pytest.mark.parametrize("key", ["thread_id", "reply_to"])
def test_two_forums_in_one_file_that_count_alike_stay_apart(small: Any, jsonl: Any, key: str) -> None:
    def post(name: str, body: str, of: str = "", url: str = "") -> dict[str, str]:
        thread = {"thread_id": of or name} if key == "thread_id" else {"reply_to": of} if of else {}
        return {"id": name, "title": body[:9], "body": body, **thread, **({"url": url} if url else {})}

    small.build(jsonl(
        "both.jsonl",
        post("1", "Camera shows nothing.", url="https://cameras.example/1"),
        post("2", "Camera needs light.", of="1", url="https://cameras.example/2"),
        post("1", "Bread does not rise."), post("3", "Bread needs warmth.", of="1"),
    ))  # fmt: skip
    threads: dict[str, set[str]] = {}
    for found in small.posts():
        threads.setdefault(found.thread_id, set()).add(found.body.split()[0])
    assert sorted(map(sorted, threads.values())) == [["Bread"], ["Camera"]]
