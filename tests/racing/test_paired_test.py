"""The paired test against SciPy's, against all signs counted out, and against what it promises."""

from itertools import product

import numpy as np
import pytest
import scipy.stats

from downslope.sweeping.paired_test import favours, holm, least_count, signed_rank
from trials import seed, trials


def counted_out(differences):
    """The same chance from every assignment of signs."""
    kept = np.array([d for d in differences if d != 0])
    ranks = scipy.stats.rankdata(np.abs(kept))
    seen = min(ranks[kept > 0].sum(), ranks[kept < 0].sum())
    sums = [ranks[np.array(signs)].sum() for signs in product([False, True], repeat=len(kept))]
    return min(1.0, 2 * np.mean(np.array(sums) <= seen + 1e-9))


@pytest.mark.parametrize("count", [5, 15, 40])
def test_without_ties_it_is_scipys(count):
    random = np.random.default_rng(count)
    for _ in range(20):
        differences = random.normal(0.3, 1, count)
        theirs = scipy.stats.wilcoxon(differences, method="exact").pvalue
        assert signed_rank(differences) == pytest.approx(theirs, rel=1e-12)


def test_with_ties_and_zeros_it_is_what_all_signs_give():
    random = np.random.default_rng(3)
    for _ in range(20):
        differences = random.integers(-3, 5, 10).astype(float)
        assert signed_rank(differences) == pytest.approx(counted_out(differences), rel=1e-12)


def test_infinite_differences_are_the_largest():
    assert signed_rank([np.inf, -1.0, -2.0]) == signed_rank([9.0, -1.0, -2.0])
    assert favours([np.inf, -1.0]) == 1
    assert favours([-np.inf, 1e300]) == -1
    assert favours([]) == 0


def test_many_differences_are_normal():
    random = np.random.default_rng(4)
    for count in (201, 400):
        differences = random.normal(0.08, 1, count)
        theirs = scipy.stats.wilcoxon(differences, method="asymptotic", correction=False).pvalue
        assert signed_rank(differences) == pytest.approx(theirs, rel=1e-9)


def test_where_nobody_is_favoured_it_claims_in_at_most_one_of_twenty():
    random = np.random.default_rng(seed(5))
    draws = trials(1000)
    claims = sum(signed_rank(random.standard_cauchy(15)) < 0.05 for _ in range(draws))
    assert claims <= 0.05 * draws + 3 * np.sqrt(0.05 * 0.95 * draws)
    assert claims > 0.02 * draws  # and it is not merely blind


def test_holm_claims_in_whole_families():
    assert holm([]) == []
    assert holm([0.04, 0.01]) == [0.04, 0.02]
    assert holm([0.5, 0.9, 0.6]) == [1.0, 1.0, 1.0]
    random = np.random.default_rng(seed(6))
    families = trials(400)
    wrong = 0
    for _ in range(families):
        times = random.normal(0, 1, (4, 15))  # four methods that do not differ
        pairs = [times[a] - times[b] for a in range(4) for b in range(a)]
        wrong += min(holm([signed_rank(pair) for pair in pairs])) < 0.05
    assert wrong <= 0.05 * families + 3 * np.sqrt(0.05 * 0.95 * families)


@pytest.mark.parametrize("pairs", [1, 10, 120])
def test_so_many_of_one_sign_are_enough(pairs):
    enough = least_count(pairs, 0.05)
    assert signed_rank([1.0] * enough) * pairs <= 0.05
    assert signed_rank([1.0] * (enough - 1)) * pairs > 0.05
