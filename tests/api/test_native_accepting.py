"""Which media type a client would rather have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.api.native.accepting import EVENTS, HTML, JSON, preferred

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(("accept", "offered", "expected"), [
    ("", (JSON, EVENTS), JSON),
    ("*/*", (JSON, EVENTS), JSON),
    ("text/*", (JSON, EVENTS), EVENTS),
    ("text/event-stream, application/json;q=0.5", (JSON, EVENTS), EVENTS),
    ("application/json;q=0.5,TEXT/Event-Stream ; Q=0.6", (JSON, EVENTS), EVENTS),
    ("application/json, text/event-stream", (JSON, EVENTS), JSON),
    ("text/event-stream;q=0, */*", (JSON, EVENTS), JSON),
    ("text/event-stream;q=nonsense", (JSON, EVENTS), JSON),
    ("text/event-stream;q=7", (JSON, EVENTS), JSON),
    ("text/event-stream;q=nan", (JSON, EVENTS), JSON),
    ("text/*;q=0.9, text/event-stream;q=0.1, application/json;q=0.5", (JSON, EVENTS), JSON),
    (BROWSER, (JSON, HTML), HTML),
    ("image/png", (JSON, HTML), JSON),
])  # fmt: skip
def test_the_type_that_is_rated_highest_is_chosen(accept, offered, expected):
    assert preferred(accept, offered) == expected


@given(st.text(alphabet="tex/html*,;q=01. \x00ü"))
def test_any_header_leads_to_a_type_that_is_offered(accept):
    assert preferred(accept, (JSON, EVENTS)) in (JSON, EVENTS)
