"""Claims to posts: who is the same post, which posts make a thread, what is known of each.

The outcome depends on the set of claims alone, not on their order. Rules:
- claims of one identity and one text are one post, standing in several places;
- one id with several texts (an edited post stored twice, or two forums that count alike) gives a post for each text:
  none is lost, and the text that sorts first keeps the plain id;
- a thread is what its source says (in which namespace: see `_Threads`), else the chain of parents, else the post alone;
  answers to a parent that nobody stored still share that parent, and where one post of a chain is given a thread, those
  that are given none are in it too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from assistant.indexing.claims import SEPARATOR, digest, without_secret
from assistant.indexing.schema import POST_COLUMNS, insert
from assistant.language.entities import entities
from assistant.types import Notice, Role

_COUNTERS = ("replies", "boosts", "views", "score")
_KEYED = "thread" + SEPARATOR
_FIRST_KNOWN = ("author", "created", "url", "source_id", "reply_to")


@dataclass(frozen=True, slots=True)
class _Head:
    """A group of claims that are one post, without the fields that do not decide identity."""

    post_id: str
    identity: str
    content: str
    namespace: str
    thread_key: str | None
    reply_to: str | None
    is_question: bool
    paths: str

    @property
    def files(self) -> set[str]:
        """The files in which the post stands."""
        return set(self.paths.split("\n"))


def _parent_identity(namespace: str, source_id: str) -> str:
    return SEPARATOR.join(("id", namespace, source_id))


def _heads(ledger: sqlite3.Connection) -> list[_Head]:
    query = """
        SELECT identity, content, max(namespace) AS namespace, max(thread_key) AS thread_key, max(reply_to) AS reply_to,
               max(role = 'question') AS is_question, group_concat(path, char(10)) AS paths
        FROM claims GROUP BY identity, content ORDER BY identity, content
    """
    heads: list[_Head] = []
    for row in ledger.execute(query):
        repeated = bool(heads) and heads[-1].identity == row["identity"]
        parts = (row["identity"], row["content"]) if repeated else (row["identity"],)
        names = {name: without_secret(row[name]) for name in ("namespace", "thread_key", "reply_to")}
        heads.append(_Head("p" + digest(*parts), **dict(row) | names))
    return heads


def _homes(heads: Sequence[_Head]) -> dict[tuple[str, str | None], set[str]]:
    """The namespaces in which a name of a post or a thread is known in a file, by file and name."""
    homes: dict[tuple[str, str | None], set[str]] = {}
    for head in heads:
        own = head.identity.rpartition(SEPARATOR)[2]
        names = {head.thread_key, own} - {None} if head.namespace else {own}
        for path, name in product(head.files, names):
            homes.setdefault((path, name), set()).add(head.namespace)
    return homes


class _Threads:
    """Which thread each post is in. Posts that answer one another within a namespace share one, whatever thread keys are
    given or missing; two that are given different keys stay apart."""

    def __init__(self, heads: Sequence[_Head]) -> None:
        self._homes = _homes(heads)
        self._by_identity: dict[str, _Head] = {}
        for head in heads:
            self._by_identity.setdefault(head.identity, head)
        self._of = {head.post_id: self._above(head) for head in heads}
        self._adopt(heads)

    def thread_id(self, head: _Head) -> str:
        """The id of the thread that a post is in."""
        return "t" + digest(self._of[head.post_id])

    def apart(self, head: _Head) -> bool:
        """Whether the post answers one that is stored, and is yet in another thread."""
        above = self._by_identity.get(self._parent(head) or "")
        return above is not None and self._of[above.post_id] != self._of[head.post_id]

    def _namespace(self, head: _Head, name: str) -> str:
        """The namespace in which a thread or a parent that a post names is sought.

        A dump may give the address, and with it the namespace, of questions only. A post without one belongs to the thread
        of that name in its own file, if there is just one and no other post without one answers to it; two forums in one
        file may count alike, and threads of other files may be called alike by chance.
        """
        if head.namespace:
            return head.namespace
        home = set[str]().union(*(self._homes.get((path, name), ()) for path in head.files))
        return home.pop() if len(home) == 1 else head.namespace

    def _parent(self, head: _Head) -> str | None:
        """The identity of the post that a post answers, whether it is stored or not."""
        if head.reply_to is None:
            return None
        return _parent_identity(self._namespace(head, head.reply_to), head.reply_to)

    def _above(self, head: _Head) -> str:
        """The thread that a post or the nearest post above it is given, else what the chain of parents ends in."""
        seen = [head.identity]
        while True:
            if head.thread_key is not None:
                return _KEYED + SEPARATOR.join((self._namespace(head, head.thread_key), head.thread_key))
            above = self._parent(head)
            if above is None:
                return head.identity
            if above in seen:
                return min(seen[seen.index(above) :])
            if above not in self._by_identity:
                return above
            seen.append(above)
            head = self._by_identity[above]

    def _adopt(self, heads: Sequence[_Head]) -> None:
        """Posts without a thread key are in the thread that an answer to one of them is given.

        Where answers are given several, it is the thread that is called as the first post is; else none of them.
        """
        given: dict[str, dict[str, str]] = {}
        for head in heads:
            if head.thread_key is not None and (above := self._parent(head)) is not None:
                parent = self._by_identity.get(above)
                root = self._of[parent.post_id] if parent else above
                given.setdefault(root, {})[self._of[head.post_id]] = head.thread_key
        adopted = dict[str, str]()
        for root, threads in given.items():
            named = [thread for thread, key in threads.items() if key == root.rpartition(SEPARATOR)[2]]
            candidates = list(threads) if len(threads) == 1 else named
            if len(candidates) == 1 and not root.startswith(_KEYED):
                adopted[root] = candidates[0]
        self._of = {post_id: adopted.get(root, root) for post_id, root in self._of.items()}


def _merged(claims: Sequence[sqlite3.Row]) -> dict[str, object]:
    """What several claims of one post say together. Counters only grow, so the largest is the latest."""
    latest = max(claims, key=lambda claim: (claim["views"] or -1, claim["replies"] or -1, claim["activity"] or ""))
    fields: dict[str, object] = {"activity": latest["activity"]}
    for name in _COUNTERS:
        fields[name] = max((claim[name] for claim in claims if claim[name] is not None), default=None)
    for name in _FIRST_KNOWN:
        fields[name] = min((claim[name] for claim in claims if claim[name] is not None), default=None)
    fields["accepted"] = max(claim["accepted"] for claim in claims)
    fields["role"] = min(claim["role"] for claim in claims)
    fields["tags"] = json.dumps(sorted({tag for claim in claims for tag in json.loads(claim["tags"])}),
                                ensure_ascii=False)  # fmt: skip
    return fields


def _grouped_claims(ledger: sqlite3.Connection) -> Iterator[list[sqlite3.Row]]:
    group: list[sqlite3.Row] = []
    for claim in ledger.execute("SELECT * FROM claims ORDER BY identity, content, path, line"):
        if group and (claim["identity"], claim["content"]) != (group[0]["identity"], group[0]["content"]):
            yield group
            group = []
        group.append(claim)
    if group:
        yield group


def _thread_titles(ledger: sqlite3.Connection, heads: Sequence[_Head], threads: dict[str, str]) -> dict[str, str]:
    """Title of each thread: that of its question, so that an untitled reply can be shown and found under it."""
    titled = {
        (row["identity"], row["content"]): row["title"]
        for row in ledger.execute("SELECT DISTINCT identity, content, title FROM claims WHERE title <> ''")
    }
    titles: dict[str, str] = {}
    for head in sorted(heads, key=lambda head: (not head.is_question, head.reply_to is not None)):
        if title := titled.get((head.identity, head.content)):
            titles.setdefault(threads[head.post_id], title)
    return titles


def _kept_apart(ledger: sqlite3.Connection, heads: Sequence[_Head], found: _Threads) -> Iterator[Notice]:
    """A notice for each file in which posts stand that are in another thread than the post they answer."""
    apart = {(head.identity, head.content) for head in heads if found.apart(head)}
    places: dict[str, list[int]] = {}
    for row in ledger.execute("SELECT identity, content, path, line FROM claims ORDER BY path, line") if apart else ():
        if (row["identity"], row["content"]) in apart:
            places.setdefault(row["path"], []).append(row["line"])
    for path, lines in places.items():
        others = f" (so are {len(lines) - 1} more in this file)" if len(lines) > 1 else ""
        yield Notice(path, lines[0], f"answers a post of another thread, as the thread ids say: the two are kept apart{others}")


def resolve(ledger: sqlite3.Connection) -> list[Notice]:
    """Fill `posts` and `post_sources` from `claims`. Rows are numbered from 0 in the order of post ids.

    Returns what the user should know of threads that contradict one another.
    """
    heads = _heads(ledger)
    found = _Threads(heads)
    threads = {head.post_id: found.thread_id(head) for head in heads}
    titles = _thread_titles(ledger, heads, threads)
    rows = {post_id: row for row, post_id in enumerate(sorted(head.post_id for head in heads))}
    add_post = insert("posts", POST_COLUMNS)
    for head, claims in zip(heads, _grouped_claims(ledger), strict=True):
        # Claims of one identity without an id may differ in case and spacing; which is shown must not hang on a path.
        first = min(claims, key=lambda claim: (claim["body_sha"], claim["title"]))
        title = first["title"] or titles.get(threads[head.post_id], "")
        (body,) = ledger.execute("SELECT body FROM texts WHERE sha = ?", (first["body_sha"],)).fetchone()
        named = [[entity.kind, entity.value] for entity in entities(f"{title}\n{body}")]
        post = {
            "row": rows[head.post_id],
            "post_id": head.post_id,
            "thread_id": threads[head.post_id],
            "title": title,
            "body_sha": first["body_sha"],
            "content": digest(title, body),
            "entities": json.dumps(named, ensure_ascii=False),
            **_merged(claims),
        }
        ledger.execute(add_post, post)
        ledger.executemany(
            "INSERT OR IGNORE INTO post_sources VALUES (?, ?, ?)",
            [(post["row"], claim["path"], claim["line"]) for claim in claims],
        )
    _count_replies(ledger)
    return list(_kept_apart(ledger, heads, found))


def _count_replies(ledger: sqlite3.Connection) -> None:
    """Where a source gives no number of replies but the thread's replies are here, their number is a fact."""
    ledger.execute(
        """
        UPDATE posts SET replies = (SELECT count(*) FROM posts AS reply
                                    WHERE reply.thread_id = posts.thread_id AND reply.role = :reply)
        WHERE replies IS NULL AND role = :question AND reply_to IS NULL
          AND EXISTS (SELECT 1 FROM posts AS reply WHERE reply.thread_id = posts.thread_id AND reply.role = :reply)
        """,
        {"reply": Role.REPLY.value, "question": Role.QUESTION.value},
    )
