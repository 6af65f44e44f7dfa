"""A follow-up to a question that stands by itself: by rules, or by a model whose rewriting is held to the conversation.

A question that names its own subject is left as it is: rewriting a fine question makes it worse. What was done, and why,
comes with the question, and so does the earlier question that it leans on.
"""

from __future__ import annotations

from assistant.conversation.carrying import standalone
from assistant.conversation.rewriting import rewritten

__all__ = ["rewritten", "standalone"]
