"""Scores from files: a pure function of a run's folder, the same bytes each time, and what outside scorers need."""

from assistant.evaluation.scoring.rescore import Scoring, score_run, write_scores

__all__ = ["Scoring", "score_run", "write_scores"]
