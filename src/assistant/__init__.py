"""Ask a forum: answers from its posts alone, each sentence tied to the exact words it rests on."""

__version__ = "0.1.0"
