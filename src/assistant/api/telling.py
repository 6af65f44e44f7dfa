"""Answers, hits and posts as a server tells them: no folder of its own stands in the path of a source."""

from __future__ import annotations

from functools import partial

from assistant import render

answer_json = partial(render.answer_json, whole_paths=False)
hit_json = partial(render.hit_json, whole_paths=False)
post_json = partial(render.post_json, whole_paths=False)

__all__ = ["answer_json", "hit_json", "post_json"]
