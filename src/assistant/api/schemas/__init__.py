"""What goes in and out as JSON, as pydantic models with examples: the contract for the OpenAPI document.

Requests are validated by these. Responses are what `render` makes, described by these, and tests hold the one to the other.
"""

from assistant.api.schemas.answers import Answer, Health, Hit, Hits, Post, Problem, Readiness
from assistant.api.schemas.examples import ANSWER_EXAMPLE, ASK_EXAMPLES, POST_EXAMPLE, SEARCH_EXAMPLES
from assistant.api.schemas.requests import (
    LONGEST_QUESTION,
    LONGEST_TURN,
    MOST_TURNS,
    AskIn,
    Body,
    FiltersIn,
    Question,
    SearchIn,
    TurnIn,
)
from assistant.api.schemas.responses import ASKED, HEALTHY, METRICS, POSTED, READY, SEARCHED, SHOWN, problems_of

__all__ = [
    "ANSWER_EXAMPLE", "ASKED", "ASK_EXAMPLES", "HEALTHY", "LONGEST_QUESTION", "LONGEST_TURN", "METRICS", "MOST_TURNS", "POSTED",
    "POST_EXAMPLE", "READY", "SEARCHED", "SEARCH_EXAMPLES", "SHOWN", "Answer", "AskIn", "Body", "FiltersIn", "Health", "Hit",
    "Hits", "Post", "Problem", "Question", "Readiness", "SearchIn", "TurnIn", "problems_of",
]  # fmt: skip
