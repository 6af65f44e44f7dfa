"""Posts to a generation: chunks, vectors, search terms, posts, and a manifest that vouches for all of them."""

import os

# ONNX Runtime collects usage data from the moment it is imported, and only this variable keeps it from doing so.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
