"""What a race measures, by hand where it can be; what it refuses; what its report, files and pictures say."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest

import downslope as ds
from downslope.errors import (
    HyperparameterError,
    MissingExtraError,
    ObjectiveError,
    StartError,
    UnknownNameError,
    UsageError,
)
from downslope.objectives.formula import from_text
from downslope.optimizers import from_optax
from downslope.sweeping.race_entrants import Course
from downslope.sweeping.race_record import RaceProblem
from downslope.sweeping.race_setting import RaceSetting
from downslope.sweeping.race_state import RaceState
from downslope.sweeping.race_tuning import lineup_of

VALLEY, START = "x^2/20 + y^2", {"x": -7, "y": 2}


def raced(function, rules, start=None, **options):
    """A race of 15 starts, which is as quick as there is."""
    return ds.race(function, rules, start, **{"starts": 15, **options})


@pytest.fixture(scope="module")
def valley():
    return raced(VALLEY, ["sgd", "adam", "lbfgs", "sgd(0.9)"], START, seed=1, rounds=1)


def row(race, label, way):
    return next(i for i, c in enumerate(race.contestants) if (c.label, c.way) == (label, way))


def test_evaluations_to_each_target_are_those_of_the_closed_form():
    # x_k = 0.2^k x_0, so f falls by 0.04 a step: below 0.1, 1e-3, 1e-5 and 1e-7 of the start at k = 1, 3, 4 and 6.
    race = raced("x^2", ["sgd(0.4)"], {"x": 1.0}, seed=1, rounds=0, minimum=0.0)
    assert race.reached[0].tolist() == [[2, 4, 5, 7]] * 15


def test_starts_are_drawn_from_the_box_that_is_told_and_can_be_had_again(valley):
    (problem,) = valley.problems
    assert problem.starts.shape == (15, 2)
    assert (problem.starts >= [-14, 0]).all()
    assert (problem.starts < [0, 4]).all()
    assert "x -14..0" in str(valley)
    again = raced(VALLEY, ["sgd", "adam", "lbfgs", "sgd(0.9)"], START, seed=1, rounds=0)
    assert np.array_equal(again.evaluations, valley.evaluations)
    assert not np.array_equal(
        raced(VALLEY, ["lbfgs"], START, seed=2, rounds=0).problems[0].starts, problem.starts
    )
    uniform = raced("x^2", ["lbfgs"], "x=uniform(2,3)", seed=1, rounds=0)
    assert ((uniform.problems[0].starts >= 2) & (uniform.problems[0].starts < 3)).all()
    assert raced("himmelblau", ["lbfgs"], seed=1, rounds=0).problems[0].box.low.tolist() == [-5, -5]
    given = [[float(k), 1.0] for k in range(1, 17)]
    listed = raced(VALLEY, ["lbfgs"], starts=given, rounds=0)
    assert listed.problems[0].starts.tolist() == given


def test_each_evaluation_is_that_of_minimize(valley):
    (problem,) = valley.problems
    i = row(valley, "gradient_descent(0.9)", "given")
    for start, reached in zip(problem.starts, valley.evaluations[i, 0], strict=True):
        run = ds.minimize(VALLEY, start, learning_rate=0.9, steps=2000)
        targets = problem.least + np.array(valley.precisions) * (run.history.value[0] - problem.least)
        first = [run.history.evaluations[np.argmax(run.history.value <= target)] for target in targets]
        assert reached.tolist() == first


def test_what_is_tuned_runs_by_default_too_and_its_tuning_is_counted(valley):
    ways = [(c.label, c.way) for c in valley.contestants]
    assert ways == [
        ("gradient_descent", "default"),
        ("gradient_descent", "tuned"),
        ("adam", "default"),
        ("adam", "tuned"),
        ("lbfgs", "none"),
        ("gradient_descent(0.9)", "given"),
    ]
    tuned = valley.contestants[row(valley, "gradient_descent", "tuned")]
    assert tuned.rates == (0.316,)
    assert len(tuned.tuning.rates) == 11
    assert tuned.tuning.evaluations > 11 * 10
    columns = valley.columns
    names = zip(columns["method"], columns["way"], strict=True)
    column = dict(zip(names, columns["tuning_evaluations"], strict=True))
    assert column["gradient_descent", "tuned"] == tuned.tuning.evaluations
    assert column["gradient_descent", "default"] == column["lbfgs", "none"] == 0


class Played:
    """An entrant that needs as many evaluations as its rate says."""

    fixed, label = False, "played"

    def __init__(self, rate, calls):
        self.rate, self.calls = rate, calls

    def with_rate(self, rate):
        return type(self)(rate, self.calls)

    def descend(self, objective, x, finish):
        self.calls.append(self.rate)
        count = 50.0 / self.rate if self.rate < 4 else np.inf
        rows = np.array([1.0, min(count, finish.evaluations)])
        value = finish.target if count < finish.evaluations else 1.0
        return Course(rows, np.array([1.0, value]), "any", x, 0.0)


def test_tuning_takes_the_best_rate_and_counts_every_evaluation():
    calls = []
    problem = RaceProblem(from_text("x^2"), np.zeros((5, 1)), None, 0.0, "known", np.ones(5))
    setting = RaceSetting((0.1, 1e-3), 100, (0.1, 1.0, 2.0, 5.0), 0, 0)
    lineup = lineup_of(RaceState((), setting, problems=[(problem, problem)]), [Played(1.0, calls)])
    assert [c.way for c in lineup.contestants] == ["default", "tuned"]
    tuning = lineup.contestants[1].tuning
    assert tuning.chosen == (2.0,)
    assert tuning.evaluations == 5 * (100 + 50 + 25 + 100)
    assert tuning.solved.tolist() == [[0, 1, 1, 0]]
    assert tuning.typical.tolist() == [[np.inf, 50, 25, np.inf]]
    assert len(calls) == 20


class Broken(Played):
    """An entrant with a fault of its own."""

    def descend(self, objective, x, finish):
        raise AttributeError("no such thing")


def test_a_fault_that_is_no_function_of_a_person_is_not_hidden():
    problem = RaceProblem(from_text("x^2"), np.zeros((5, 1)), None, 0.0, "known", np.ones(5))
    setting = RaceSetting((0.1, 1e-3), 100, (0.1, 1.0), 0, 0)
    with pytest.raises(AttributeError, match="no such thing"):
        lineup_of(RaceState((), setting, problems=[(problem, problem)]), [Broken(1.0, [])])


def test_misses_are_infinite_with_their_status_and_another_minimum_apart():
    race = raced("x^4/4 - x^2/2 + x/5", ["lbfgs", "adam(1e-4)"], {"x": 0.5}, seed=1, rounds=0)
    assert race.problems[0].source == "reference"
    assert race.problems[0].least == pytest.approx(-0.4591595)
    found = race.misses(row(race, "lbfgs", "none"))
    missed = int((~np.isfinite(race.reached[0, :, -1])).sum())
    assert found == {"another_minimum": missed}
    assert missed > 0
    assert "above another minimum" in str(race)
    low, middle, high = race.quartiles(row(race, "adam(0.0001)", "given"), 3)
    assert (low, middle, high) == (np.inf,) * 3
    slow = raced(VALLEY, ["adam(1e-4)"], START, seed=1, rounds=0)
    assert slow.misses(0) == {"evaluation_limit": 15}


def test_second_derivatives_count_as_many_evaluations_as_there_are_parameters():
    race = raced(VALLEY, ["newton"], START, seed=1, rounds=0)
    assert race.reached[0, :, -1].tolist() == [6.0] * 15  # two points and two matrices of two rows


@pytest.mark.parametrize("library", ["torch", "optax"])
def test_other_libraries_adam_needs_what_ours_does(library):
    pytest.importorskip(library)
    name = {"torch": "torch:Adam(0.3)", "optax": "optax:adam(0.3)"}[library]
    race = raced(VALLEY, ["adam(0.3)", name], START, seed=1, rounds=0)
    assert np.array_equal(race.evaluations[0], race.evaluations[1])
    assert not race.verdicts[0].differs


def test_an_optax_chain_and_scipys_methods_enter():
    optax = pytest.importorskip("optax")
    chain = from_optax(optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.5)))
    race = raced(VALLEY, [chain, "scipy:BFGS", "scipy:Nelder-Mead", "scipy:TNC"], START, seed=1, rounds=0)
    assert [c.way for c in race.contestants] == ["none"] * 4
    counts = [int(np.isfinite(race.reached[i, :, -1]).sum()) for i in (1, 2, 3)]
    assert counts == [15, 15, 15]


def test_scipys_evaluations_are_those_that_it_counts():
    import scipy.optimize

    race = raced("rosenbrock", ["scipy:L-BFGS-B"], seed=3, rounds=0, targets=[1e-3])
    objective = race.problems[0].objective
    for start, reached, value in zip(
        race.problems[0].starts, race.evaluations[0, 0, :, 0], race.problems[0].values, strict=True
    ):
        seen = []

        def fun(x, seen=seen):
            seen.append(objective.value(x))
            return objective.value_and_gradient(x)

        scipy.optimize.minimize(fun, start, jac=True, method="L-BFGS-B", tol=1e-15)
        assert reached == 1 + int(np.argmax(np.array(seen) <= 1e-3 * value))


def test_verdicts_say_only_what_the_test_supports(valley):
    text = str(valley)
    assert "lbfgs needs fewer evaluations than" in text
    alike = raced(VALLEY, ["lbfgs", "auto"], START, seed=1, rounds=0)
    assert "No difference seen between" in str(alike)
    assert "needs fewer" not in str(alike)
    first = next(v for v in valley.verdicts if {v.first, v.second} == {1, 5})
    assert valley.contestants[first.first].label == "gradient_descent(0.9)"
    assert first.ratio == pytest.approx(
        np.median(valley.reached[1, :, -1] / valley.reached[5, :, -1]), rel=1e-12
    )


def test_expected_running_time_and_quartiles():
    race = raced("x^2", ["sgd(0.4)", "sgd(1e-5)"], {"x": 1.0}, seed=1, rounds=0, evaluations=50)
    assert race.expected(0, 3) == 7
    assert race.expected(1, 3) == np.inf
    assert race.quartiles(0, 1) == (4, 4, 4)
    assert race.profile(0).tolist() == [1.0] * 15
    assert np.isinf(race.profile(1)).all()


def test_time_is_second_in_turns_with_compiling_apart(valley):
    assert valley.timing.seconds.shape == (6, 1, 15)
    assert (valley.timing.seconds > 0).all()
    assert (valley.timing.compiling >= 0).all()
    assert "on this machine only" in " ".join(str(valley).split())
    assert raced("x^2", ["lbfgs"], {"x": 1.0}, seed=1, rounds=0).timing is None


def test_several_problems_are_raced_together():
    race = raced(["booth", "beale"], ["adam", "lbfgs"], seed=2, rounds=0)
    assert race.evaluations.shape[1] == 2
    assert len(race.contestants[1].rates) == 2
    assert race.reached.shape[1] == 2 * len(race.problems[0].starts)
    assert "booth, beale" in str(race)


def test_ctrl_c_keeps_the_starts_that_all_have_raced():
    def stop(at):
        if at.phase == "race" and at.done >= 6:
            raise KeyboardInterrupt

    race = raced(VALLEY, ["sgd(0.9)", "lbfgs"], START, seed=1, rounds=1, progress=stop)
    assert race.interrupted
    assert int(race.finished.sum()) == 3
    assert race.verdicts == ()
    assert "3 of 15 starts were raced by all methods" in str(race)
    assert "Nothing is said of differences" in str(race)
    whole = raced(VALLEY, ["sgd(0.9)", "lbfgs"], START, seed=1, rounds=0)
    assert np.array_equal(race.reached, whole.reached[:, :3])

    def stop_at_once(at):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        raced(VALLEY, ["lbfgs"], START, progress=stop_at_once)


@pytest.mark.parametrize(
    ("rules", "options", "kind", "said"),
    [
        ([], {}, UsageError, "rules is an empty list"),
        (["adam"] * 4 + ["lbgfs"], {}, UnknownNameError, "no optimizer 'lbgfs'"),
        (["adam", "sgd(0)"], {}, HyperparameterError, "learning_rate is 0"),
        (["adam"], {"rates": [0.1, 0]}, UsageError, "a learning rate is a finite number > 0"),
        (["adam"], {"rates": ["a"]}, UsageError, "give a list of numbers"),
        (["adam"], {"starts": 10**12}, UsageError, "up to 8,000,000,000,110 descents"),
        (["adam"], {"starts": 14}, UsageError, "at least 15 starts, and these are 14"),
        (["adam"], {"starts": [[1.0, 1.0]] * 3}, UsageError, "these are 3"),
        (["adam"], {"targets": [1.5]}, UsageError, "between 0 and 1"),
        (["adam"], {"targets": []}, UsageError, "between 0 and 1"),
        (["adam"], {"evaluations": 1}, UsageError, "evaluations is 1"),
        (["adam"], {"rounds": -1}, UsageError, "rounds is -1"),
        (["adam"], {"seed": 1.5}, UsageError, "seed is 1.5"),
        (["adam"], {"minimum": np.inf}, UsageError, "minimum is inf"),
        (["adam"], {"tolerance": 1e-3}, UsageError, "no option 'tolerance'"),
        (["scipy:BGFS"], {}, UnknownNameError, "Did you mean 'BFGS'"),
        (["torch:Adamm"], {}, UnknownNameError, "Did you mean"),
        (["torch:SGD(momentum=2, nesterov=1, dampening=1)"], {}, UsageError, "refuses its settings"),
        (["jaxopt:BFGS"], {}, UnknownNameError, "no library 'jaxopt'"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_runs(rules, options, kind, said):
    calls = []

    def function(x):
        calls.append(x)
        return x[0] ** 2 + x[1] ** 2

    with pytest.raises(kind, match=said) as caught:
        ds.race(function, rules, [1.0, 1.0], **options)
    assert calls == []
    assert "\n" not in str(caught.value)


def test_other_things_that_cannot_be_raced_on():
    with pytest.raises(UsageError, match="function is an empty list"):
        ds.race([], ["adam"])
    with pytest.raises(StartError, match="no start is given"):
        ds.race("x^2", ["adam"])
    with pytest.raises(ObjectiveError, match="falls without limit"):
        ds.race("-x^2", ["adam"], {"x": 1.0})
    with pytest.raises(ObjectiveError, match="no finite value at the start"):
        ds.race("log(x)^2", ["adam"], {"x": 0.5}, seed=1, starts=40)
    with pytest.raises(UsageError, match="start is of one function"):
        ds.race(["beale", "booth"], ["adam"], {"x": 1.0})


def test_a_library_that_is_not_there(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optax", None)
    with pytest.raises(MissingExtraError, match="'optax:adam' needs optax"):
        ds.race("x^2", ["optax:adam"], {"x": 1.0})


def test_json_holds_all_of_it(valley, tmp_path):
    valley.save(tmp_path / "race.json")
    data = json.loads((tmp_path / "race.json").read_text(), parse_constant=lambda word: 1 / 0)
    again = ds.load(tmp_path / "race.json")
    assert str(again) == str(valley)
    assert again.to_dict() == valley.to_dict()
    assert data["command"] == "race"
    assert data["seed"] == 1
    assert data["problems"][0]["starts"] == valley.problems[0].starts.tolist()
    missed = [
        method for method in data["methods"] if method["method"] == "adam" and method["way"] == "default"
    ]
    assert missed[0]["evaluations"][0][0][-1] == "inf"
    assert {"first", "second", "chance", "corrected", "ratio", "differs"} == set(data["verdicts"][0])
    assert len(data["verdicts"]) == 15


class Links(HTMLParser):
    """What a page would fetch, and whether its elements are closed."""

    def __init__(self):
        super().__init__()
        self.fetched, self.open = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "path", "use", "rect", "line", "circle", "defs"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and not value.startswith("#"):
                self.fetched.append(value)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_is_one_file_that_asks_for_nothing(valley, tmp_path):
    page = valley.to_html(tmp_path / "race.html")
    assert (tmp_path / "race.html").read_text() == page
    links = Links()
    links.feed(page)
    assert links.fetched == []
    assert links.open == []
    for word in ("@import", "url(http", "<script", "<link"):
        assert word not in page
    assert page.count("<svg") == 4
    for start in valley.problems[0].starts:
        assert f"{start[0]:.10g}" in page
    assert "gradient_descent (tuned to 0.316)" in page


def test_names_are_escaped_on_the_page():
    race = raced(lambda x: x[0] ** 2 + abs(x[0]), ["nelder_mead"], [1.0], seed=1, rounds=0, minimum=0.0)
    race.problems[0].objective.text = race.problems[0].objective.name = "<img src=x onerror=alert(1)>"
    page = race.to_html()
    assert "<img" not in page
    assert "&lt;img" in page


def test_pictures_show_what_was_measured(valley, tmp_path):
    figure = valley.plot(tmp_path / "race.png")
    assert len(figure.axes) == 4
    ecdf = valley.plot(kind="ecdf").axes[0]
    ends = sorted(line.get_ydata()[-1] for line in ecdf.lines)
    shares = sorted(float(np.isfinite(valley.reached[i]).mean()) for i in range(6))
    assert ends == pytest.approx(shares)
    profile = valley.plot(kind="profile").axes[0]
    assert max(line.get_ydata()[-1] for line in profile.lines) == 1.0
    rates = valley.plot(kind="sensitivity").axes[0]
    assert rates.get_xscale() == "log"
    assert len(rates.lines[0].get_xdata()) == 11
    with pytest.raises(UsageError, match="no picture of kind"):
        valley.plot(kind="ecfd")
    with pytest.raises(UsageError, match="no picture of a race"):
        valley.plot("race.gif")
    plain = raced(VALLEY, ["lbfgs"], START, seed=1, rounds=0)
    assert len(plain.plot().axes) == 3
    with pytest.raises(UsageError, match="nothing was tuned"):
        plain.plot(kind="sensitivity")
