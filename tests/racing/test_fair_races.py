"""Races between what is known to differ, or not to: the claims are right as often as they promise."""

import numpy as np

import downslope as ds
from downslope.sweeping.paired_test import signed_rank
from downslope.sweeping.race_record import LEVEL, leads
from trials import SOAKING, seed, trials

SOME = trials(5)  # in scripts/soak 100
RIGHT = 0.95
START = {"x": 3.0, "y": 2.0}


def drawn_bowl(random):
    """A convex function of two parameters: a quadratic, or one with a quartic or an exponential besides."""
    low = 10 ** random.uniform(-1.5, 0)
    turn = random.uniform(-0.8, 0.8) * np.sqrt(low)
    more = random.choice(["", " + 0.01*x^4", " + exp(0.2*y)", " + 0.3*log(1 + exp(x))"])
    return f"{low:.6g}*x^2/2 + y^2/2 + {turn:.6g}*x*y{more}"


def best_rate(function, random):
    """The rate that misses from the fewest of many other starts, and of such needs the fewest evaluations."""
    rates = np.geomspace(0.2, 3, 24).tolist()
    rules = [f"sgd({rate!r})" for rate in rates]
    drawn = int(random.integers(2**31))
    found = ds.race(function, rules, START, starts=60, seed=drawn, rates=[], rounds=0, targets=[1e-7])
    last = found.reached[:, :, -1]
    costs = np.isinf(last).sum(axis=1) * 100.0 + np.log(np.minimum(last, 1e6)).mean(axis=1)
    return rates[int(np.argmin(costs))]


def verdict(function, rules, random, **options):
    raced = ds.race(function, rules, START, seed=int(random.integers(2**31)), rates=[], rounds=0, **options)
    (found,) = raced.verdicts
    return found.first if found.differs else None


def test_a_rule_at_half_its_best_rate_is_found_worse_and_so_with_another_seed():
    random = np.random.default_rng(seed(11))
    worse = same = 0
    for _ in range(SOME):
        function = drawn_bowl(random)
        rate = best_rate(function, random)
        rules = [f"sgd({rate!r})", f"sgd({rate / 2!r})"]
        first, again = verdict(function, rules, random), verdict(function, rules, random)
        worse += first == 0
        same += first == again
    assert worse >= RIGHT * SOME
    assert same >= RIGHT * SOME


def test_a_rule_against_itself_from_other_starts_is_hardly_ever_found_better():
    random = np.random.default_rng(seed(12))
    races = trials(20)
    better = 0
    for _ in range(races):
        function = drawn_bowl(random)
        once, again = (
            ds.race(function, ["adam(0.3)"], START, seed=int(random.integers(2**31)), rates=[], rounds=0)
            for _ in range(2)
        )
        better += signed_rank(leads(once.reached[0], again.reached[0])) < LEVEL
    assert better <= 0.05 * races


def test_with_noise_a_rule_is_not_better_than_itself():
    random = np.random.default_rng(seed(13))
    races = trials(5)
    better = 0
    for _ in range(races):
        noise = np.random.default_rng(int(random.integers(2**31)))

        def noisy(x, noise=noise):
            return float(x[0] ** 2 + 0.3 * x[1] ** 2) * float(1 + 0.05 * noise.standard_normal()), np.array(
                [2 * x[0], 0.6 * x[1]]
            ) * (1 + 0.2 * noise.standard_normal(2))

        raced = ds.race(
            noisy,
            ["sgd(0.3)", "sgd(0.3)"],
            np.array([3.0, 2.0]),
            seed=int(random.integers(2**31)),
            gradient=True,
            minimum=0.0,
            evaluations=200,
            rates=[],
            rounds=0,
        )
        better += raced.verdicts[0].differs
    assert better <= max(1, 0.05 * races)


def test_rules_of_which_none_is_better_are_called_alike_with_any_seed():
    random = np.random.default_rng(seed(14))
    found = [verdict("x^2/20 + y^2", ["adam(0.3)", "adam(0.3, beta1=0.9)"], random) for _ in range(SOME)]
    assert found == [None] * SOME


def test_another_seed_says_the_same_of_most_pairs_and_never_the_opposite():
    random = np.random.default_rng(seed(15))
    rules = ["sgd", "momentum", "adam", "lbfgs", "auto", "adgd"]
    same = opposite = pairs = 0
    for k in range(trials(2)):
        function, start = [(drawn_bowl(random), START), ("rosenbrock", None), ("himmelblau", None)][k % 3]
        once, again = (
            claims(ds.race(function, rules, start, seed=int(random.integers(2**31)), rounds=0))
            for _ in range(2)
        )
        for pair in once.keys() & again.keys():
            pairs += 1
            same += once[pair] == again[pair]
            opposite += None not in (once[pair], again[pair]) and once[pair] != again[pair]
    assert opposite == 0
    assert same >= (RIGHT if SOAKING else 0.85) * pairs


def claims(race):
    """Of every pair of methods, each by its way of being set, the better one where a difference is seen."""
    names = [(contestant.label, contestant.way) for contestant in race.contestants]
    return {
        frozenset((names[v.first], names[v.second])): names[v.first] if v.differs else None
        for v in race.verdicts
    }
