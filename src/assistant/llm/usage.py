"""What an answer used, and what that costs."""

from __future__ import annotations

from assistant.types import Usage

MILLION = 1_000_000


def usage_of(prompt: object, completion: object, price_in: float | None, price_out: float | None) -> Usage | None:
    """Usage of so many tokens read and written, None where either is unknown. Prices are for a million tokens; the cost is
    None unless both are set: half a bill is a wrong one."""
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    if price_in is None or price_out is None:
        return Usage(prompt, completion)
    return Usage(prompt, completion, (prompt * price_in + completion * price_out) / MILLION)
