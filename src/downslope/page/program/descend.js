// The loop: evaluate, step, judge (descent/kernel.py, with descent/descend.py around it), for a rule of rules.js.
// A buffer holds [hyperparameters | x | state]; a step reads one and writes the other, then they change places.

import { CAUSES, LEAVING, SETTINGS, TESTS, judge } from "./judge.js";
import { RULES } from "./rules.js";
import { Around } from "./around.js";
import { proximalFor } from "./proximal.js";
import { Reports } from "./reports.js";
import { Rate } from "./rate.js";
import { Rows } from "./rows.js";
import { statusOf } from "./status.js";

const RUNNING = 0;
const { DEFAULT_STEPS, DEFAULT_TOLERANCE, FORGIVEN, IDLE_EVALUATIONS, LEAST_SQUARE, LEAST_SQUARES, LENIENCE, LEVEL, NO_LIMIT, RUNAWAY } = SETTINGS;

/** The Euclidean norm, also where squares over- or underflow. */
export function norm(v) {
  let [square, most] = [0, 0];
  for (let i = 0; i < v.length; i++) {
    square += v[i] * v[i];
    most = Math.max(most, Math.abs(v[i]));
  }
  if ((square >= LEAST_SQUARES && square < Infinity) || !Number.isFinite(most) || most === 0) return Math.sqrt(square);
  const scale = 2 ** Math.min(1023, Math.floor(Math.log2(most)));
  let scaled = 0;
  for (let i = 0; i < v.length; i++) scaled += (v[i] / scale) ** 2;
  return Math.sqrt(scaled) * scale;
}

/**
 * Descend a compiled formula of one or two names from a start.
 *
 * Options: rule (a name of RULES), hyperparameters {name: number}, learningRate, schedule [{name, values}] that the
 * rate is multiplied by, wrappers [{name, values}] (the outermost first), bounds [[low, high], ...] (null: none; only
 * for rules that say `projects`), steps, evaluations (the most of each), maximize, and tolerances {tolerance,
 * relative_tolerance, value_tolerance, x_tolerance, target}, resume {state, rate}: what `before` of an earlier run says;
 * another rule leaves the state out. What is left out is what the library takes. stepMap is the
 * joint step map of this formula, rule and number of coordinates, where it was printed for a run (page/printed.py).
 *
 * Returns {rows, x (rows*n), value, norm, rate (by which it is left), state (rows*size, after the step from there), step, evaluation (of each row),
 * steps, evaluations, cause, status, reported ({x, value, norm} where the rule reports another point, else null),
 * point (that ended the run, where it is none of the rows), period, before (state and rate with which the last point was
 * met, to go on from there)}.
 */
export function descend(compiled, start, options) {
  const run = new Descent(compiled, start, options);
  let cause = RUNNING;
  while (cause === RUNNING) {
    run.reports.resume();
    cause = run.stepMap ? run.evaluateJointly() : run.evaluate();
    if (run.step === 0 && !run.begun) run.begin();
    if (cause !== RUNNING && TESTS.includes(cause)) cause = run.reports.confirm(cause);
    if (cause === RUNNING) run.goOn();
  }
  return run.result(cause);
}

function differ(x, y) {
  for (let j = 0; j < x.length; j++) if (x[j] !== y[j]) return true;
  return false;
}

/** The conditions of a run, completed as the library completes them; climbing to a target is descending to its negative. */
function limitsOf({ steps = null, evaluations = null, tolerances = {}, maximize = false }) {
  const asked = (name) => tolerances[name] ?? null;
  const tests = ["tolerance", "relative_tolerance", "value_tolerance", "x_tolerance", "target"];
  const tested = tests.some((name) => asked(name) !== null);
  const tolerance = asked("tolerance") ?? (steps === null && !tested ? DEFAULT_TOLERANCE : null);
  const target = asked("target");
  return {
    tolerance: tolerance ?? -1,
    value_tolerance: asked("value_tolerance") ?? -1,
    x_tolerance: asked("x_tolerance") ?? -1,
    target: target === null ? -Infinity : maximize ? -target : target,
    ceiling: Infinity,
    floor: -Infinity,
    most_steps: steps ?? (evaluations === null ? DEFAULT_STEPS : NO_LIMIT),
    most_evaluations: evaluations ?? Infinity,
    most_idle: IDLE_EVALUATIONS,
    relative: asked("relative_tolerance"),
    watched: tested || tolerance !== null,
  };
}

class Descent {
  constructor(compiled, start, options) {
    const n = start.length;
    this.compiled = compiled;
    this.n = n;
    const around = new Around(n, options);
    this.around = around.isNothing ? null : around; // of a wrapped rule
    this.start = Float64Array.from(start, (coordinate, j) => around.clamp(coordinate, j));
    this.sign = options.maximize ? -1 : 1;
    this.limits = limitsOf(options);
    // what is judged: the limits, and an evaluation; one object, as a new one for each step takes longer than the step
    this.judged = { ...this.limits, accepted: false, step: -1, evaluations: 0, value: NaN, gradient_norm: NaN, change: NaN, moved: NaN, idle: 0 };
    this.rule = RULES.get(options.rule);
    this.code = this.rule[n];
    this.rate = new Rate(this.rule, options);
    this.first = this.rule.hyperparameters.filter((field) => !field.whole).length; // before x, in a buffer
    this.size = this.first + n + this.code.state;
    this.stepMap = options.stepMap ?? null;
    this.here = new Float64Array(this.size + 2); // behind the state, what a joint step map says of the evaluation
    this.here.set(this.rate.numbers);
    this.here.set(this.start, this.first);
    this.code.init(this.here);
    around.begin(this.start);
    if (options.resume?.state) this.here.set(options.resume.state, this.first + n);
    if (options.resume) this.rate.resume(options.resume.rate);
    this.there = this.here.slice();
    this.g = new Float64Array(n);
    this.proximal = this.around ? null : proximalFor(compiled, options.rule, this.sign); // of a cost with a penalty l1
    this.objective = this.proximal ?? compiled;
    this.left = this.proximal ? new Float64Array(n) : this.g; // what vanishes where the rule is done: the gradient, where nothing stands around the rule
    this.last = new Float64Array(n).fill(NaN); // the last accepted point
    Object.assign(this, { step: -1, evaluations: 0, movedAt: 0, acceptedAt: 0, refused: 0, refusedStep: 0, inVain: 0, begun: false });
    Object.assign(this, { lastValue: NaN, lastNorm: NaN, leastValue: Infinity, leastNorm: Infinity, firstValue: NaN });
    this.decides = this.limits.relative !== null || this.limits.tolerance >= 0;
    this.rows = new Rows(n, this.code.state, this.limits, this.rate.place);
    this.reports = new Reports(this);
    this.x = new Float64Array(n);
  }

  /** Value and gradient at the point that is next, as descent sees them, and the step from there; returns a code. */
  evaluate() {
    const { here, there, first, n, g, x } = this;
    for (let j = 0; j < n; j++) x[j] = here[first + j];
    const value = this.sign * this.objective.valueAndGradient(x, g);
    for (let j = 0; j < n; j++) g[j] *= this.sign;
    if (this.around) this.left = this.around.residual(x, g);
    if (this.proximal) this.proximal.residual(x, g, this.left);
    const { left } = this;
    let square = 0;
    for (let j = 0; j < n; j++) square += left[j] * left[j];
    const accepted = this.around ? this.around.step(this, value) : this.bareStep(value);
    if (this.around) this.around.project(there, first);
    this.evaluations++;
    return accepted ? this.accept(value, square) : this.reject();
  }

  /** The step of a rule that nothing stands around; says whether the point is accepted. */
  bareStep(value) {
    const { here, there, first } = this;
    this.rate.set(here, value);
    for (let j = 0; j < first; j++) there[j] = here[j];
    const accepted = Number(this.code.step(here, there, value, this.g)) > 0.5;
    if (this.proximal) this.proximal.shrink(there, first);
    return accepted;
  }

  /** The same by a joint step map of objective and rule, which has the bits of the library's machine code. */
  evaluateJointly() {
    const { here, there, first, n, x } = this;
    for (let j = 0; j < n; j++) x[j] = here[first + j];
    for (let j = 0; j < first; j++) there[j] = here[j];
    const accepted = Number(this.stepMap.step(here, there)) > 0.5;
    const value = there[this.size];
    const square = there[this.size + 1];
    this.evaluations++;
    if (!accepted) return this.reject();
    if (!(square < Infinity) || square < LEAST_SQUARES) this.stepMap.gradient(here, this.g);
    return this.accept(value, square);
  }

  accept(value, square) {
    const { limits, judged, last, n, x } = this;
    const exact = (!(square < Infinity) || square < (this.decides ? LEAST_SQUARES : 0)) && Number.isFinite(value);
    const step = this.step + 1;
    let moved = 1;
    if (limits.watched) {
      moved = 0;
      for (let j = 0; j < n; j++) moved += (x[j] - last[j]) * (x[j] - last[j]);
      if (moved === 0 && differ(x, last)) moved = LEAST_SQUARE;
    }
    if (moved > 0 || step === 0) this.movedAt = this.evaluations;
    const size = exact ? norm(this.left) : Math.sqrt(square);
    judged.accepted = true;
    judged.step = step;
    judged.evaluations = this.evaluations;
    judged.value = value;
    judged.change = Math.abs(value - this.lastValue);
    judged.idle = this.evaluations - this.movedAt;
    judged.gradient_norm = exact ? size : square; // norms, or their squares
    judged.moved = exact ? Math.sqrt(moved) : moved;
    judged.tolerance = exact ? limits.tolerance : limits.tolerance * Math.abs(limits.tolerance);
    judged.x_tolerance = exact ? limits.x_tolerance : limits.x_tolerance * Math.abs(limits.x_tolerance);
    judged.value_tolerance = limits.value_tolerance;
    judged.target = limits.target;
    const cause = judge(judged);
    if ((cause !== RUNNING && LEAVING.includes(cause)) || !Number.isFinite(value)) return cause;
    this.step = step;
    this.acceptedAt = this.evaluations;
    this.lastValue = value;
    this.lastNorm = size;
    for (let j = 0; j < n; j++) last[j] = x[j];
    this.rows.add(step, this.evaluations, value, size, x, this.there, this.first + n);
    if (!this.around) this.rate.accept(); // in wrappers it counts the steps of the rule, which they may leave out
    return cause;
  }

  /** Count a rejected trial, from 0 where value or gradient norm have become smaller than they ever were. */
  reject() {
    const { step, lastValue: value, leastValue: least, lastNorm: size } = this;
    if (value <= least + LEVEL * Math.abs(least)) this.refused = Math.max(0, this.refused - FORGIVEN * (step - this.refusedStep));
    this.refused++;
    this.inVain++;
    this.refusedStep = step;
    if (least - value > LEVEL * Math.abs(value)) [this.leastValue, this.refused, this.inVain] = [value, 1, 1];
    if (this.leastNorm - size > LEVEL * size) [this.leastNorm, this.refused, this.inVain] = [size, 1, 1];
    const { evaluations } = this;
    const idle = Math.max(evaluations - this.movedAt, this.refused, this.inVain / LENIENCE);
    return judge(Object.assign(this.judged, { accepted: false, step, evaluations, idle }));
  }

  /** Complete the limits that depend on value and gradient at the start. */
  begin() {
    this.begun = true;
    this.firstValue = this.lastValue;
    const runaway = Math.min(RUNAWAY * (1 + Math.abs(this.lastValue)), Number.MAX_VALUE);
    for (const limits of [this.limits, this.judged]) Object.assign(limits, { ceiling: runaway, floor: -runaway });
    const { relative, tolerance } = this.limits;
    if (relative !== null) this.limits.tolerance = Math.max(tolerance, relative * this.lastNorm);
  }

  /** To the point that comes after the last evaluation. */
  goOn() {
    [this.here, this.there] = [this.there, this.here];
    if (this.around) this.around.goOn();
  }

  /** What the rule reports for the point that was evaluated; null where that is the point. */
  answer() {
    if (!this.code.answer && !this.around) return null;
    let out = this.x.slice();
    if (this.code.answer) this.code.answer(this.here, out);
    if (this.around) out = this.around.answer(this.x, out);
    return out.every((coordinate, j) => Object.is(coordinate, this.x[j]) || coordinate === this.x[j]) ? null : out;
  }

  look(x) {
    const g = new Float64Array(this.n);
    const value = this.compiled.valueAndGradient(x, g);
    return { x, value, norm: norm(this.around ? this.around.residual(x, g.map((slope) => this.sign * slope)) : g) };
  }

  result(code) {
    const left = LEAVING.includes(code) || (code === CAUSES.VALUE_LOW && differ(this.x, this.last));
    const reported = LEAVING.includes(code) || this.step < 0 ? null : this.reports.now();
    const rows = this.rows.kept(this, this.sign);
    const { cause, status, period } = statusOf(this, code, left, reported);
    const { step, evaluations } = this;
    const before = { state: this.here.slice(this.first + this.n, this.size), rate: this.rate.before };
    return { ...rows, steps: Math.max(0, step), evaluations, cause, status, reported, period, point: left ? this.x.slice() : null, before };
  }
}
