"""Small letters at the same offsets."""


def aligned_lower(text: str) -> str:
    """The text in lower case, code point for code point: the one letter that would become two is taken for an `I`."""
    return text.replace("\u0130", "I").lower()
