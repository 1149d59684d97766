"""How many kinds were not seen: estimates from how often the others were.

The field is ecology, where points are species and starts are catches. All of it supposes that
starts are drawn alike and independently of each other. So do intervals of shares.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import betaincinv


def good_turing(hits: Int[np.ndarray, " n"]) -> float:
    """Return the estimated coverage 1 - f1 / N (Good 1953): f1 points hit once, N hits in all.

    Examples
    --------
    >>> good_turing(np.array([5, 4, 1]))
    0.9
    """
    total = int(hits.sum())
    return 1 - float((hits == 1).sum()) / total if total else 0.0


def chao1(hits: Int[np.ndarray, " n"]) -> tuple[float, tuple[float, float]]:
    """Return Chao's bias-corrected estimate of the number of points, with its 95 % interval.

    The estimate is S + (N - 1)/N f1 (f1 - 1) / (2 (f2 + 1)) (Chao 1984); the interval is the
    log-normal one of Chao (1987), and has no width where no point was hit only once.

    Examples
    --------
    >>> chao1(np.array([9, 8, 12]))
    (3.0, (3.0, 3.0))
    """
    found, total = len(hits), int(hits.sum())
    once, twice = int((hits == 1).sum()), int((hits == 2).sum())
    if not total or not once:
        return float(found), (float(found), float(found))
    share = (total - 1) / total
    unseen = share * once * (once - 1) / (2 * (twice + 1))
    variance = (
        unseen
        + share**2 * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + share**2 * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )
    if twice == 0:  # the form without points hit twice
        variance -= share**2 * once**4 / (4 * (found + unseen))
    if unseen == 0:  # a single singleton: the estimate is what was found
        return float(found), (float(found), float(found) + 1.96 * float(np.sqrt(variance)))
    spread = float(np.exp(1.96 * np.sqrt(np.log1p(variance / unseen**2))))
    return found + unseen, (found + unseen / spread, found + unseen * spread)


def coverage_bound(hits: Int[np.ndarray, " n"], confidence: float = 0.95) -> float:
    """Return a lower bound on the coverage: the probability that a start reaches a known point.

    Of N hits, f1 were the only one of their point: left out, they would have been new. The bound
    is that of Clopper and Pearson (1934) for a share of f1 in N, as if hits that are left out one
    by one were independent trials. Without singletons it is the rule of three, 1 - 3 / N.

    Examples
    --------
    >>> round(coverage_bound(np.array([100, 200])), 3), coverage_bound(np.array([1]))
    (0.99, 0.0)
    """
    total, once = int(hits.sum()), int((hits == 1).sum())
    if once >= total:
        return 0.0
    return 1 - float(betaincinv(once + 1, total - once, confidence))


def share_intervals(
    hits: Int[np.ndarray, " a"], trials: Int[np.ndarray, " a"], confidence: float = 0.95
) -> Float[np.ndarray, "a 2"]:
    """Return exact intervals of shares (Clopper and Pearson 1934); from 0 to 1 without trials.

    Examples
    --------
    >>> share_intervals(np.array([0, 5, 0]), np.array([10, 10, 0])).round(3).tolist()
    [[0.0, 0.308], [0.187, 0.813], [0.0, 1.0]]
    """
    tail, missed = (1 - confidence) / 2, trials - hits
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1), missed + 1, tail), 0.0)
    high = np.where(missed > 0, betaincinv(hits + 1, np.maximum(missed, 1), 1 - tail), 1.0)
    return np.stack([low, high], axis=1)
