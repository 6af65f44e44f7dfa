"""A logistic model whose weights may push in their own direction only: small data with a quirk cannot turn one round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

STRENGTH = 1.0
"""Precision of the priors: how many cases a weight's prior counts as."""


def fitted(signs: Array, truth: Array, weight: Array, prior: Array, bias: float = 0.0) -> Array:
    """Bias and weights, shape (1 + k,): the posterior mode with Gaussian priors, each weight on its prior's side of 0.

    `signs` has shape (n, k), `truth` (0 or 1) and `weight` (what a case counts) shape (n,), `prior` shape (k,); the search
    starts at `bias` and the priors.
    """
    import numpy as np
    from scipy.optimize import minimize

    def loss(model: Array) -> tuple[float, Array]:
        p = probability(model, signs)
        likelihood = truth * np.log(p + 1e-9) + (1 - truth) * np.log(1 - p + 1e-9)
        pull = model[1:] - prior
        error = weight * (p - truth)
        gradient = np.concatenate([[error.sum()], signs.T @ error + STRENGTH * pull])
        return float(STRENGTH * (pull**2).sum() / 2 - (weight * likelihood).sum()), gradient

    bounds = [(None, None)] + [(0, None) if value > 0 else (None, 0) for value in prior]
    return np.asarray(minimize(loss, np.concatenate([[bias], prior]), jac=True, method="L-BFGS-B", bounds=bounds).x)


def probability(model: Array, signs: Array) -> Array:
    """Probability (0-1) of each row of signs under a model."""
    import numpy as np

    return np.asarray(1 / (1 + np.exp(-(model[0] + signs @ model[1:]))))
