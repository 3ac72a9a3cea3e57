// Where many starts end: maps of basins, and of a rate against a start. The rules and the judge are those of descend.js;
// what needs the way so far is left out: no history, no test on steps, no stall.

import { SETTINGS, judgeAt } from "./judge.js";
import { LANES } from "./lanes.js";
import { proximalFor } from "./proximal.js";
import { Rate } from "./rate.js";
import { RULES } from "./rules.js";

const { DEFAULT_TOLERANCE, RUNAWAY } = SETTINGS;

/**
 * Descend from every start at once.
 *
 * starts holds n numbers for each run; options are rule, hyperparameters, learningRate, schedule, steps, tolerance and maximize,
 * and rates, one learning rate for each run. Returns {x (like starts: where each ended), value, steps, cause}, one entry
 * for each run; a run that left the domain ends at its last good point.
 */
export function endsOf(compiled, starts, { rates = null, steps, tolerance = DEFAULT_TOLERANCE, maximize = false, ...options }) {
  const n = compiled.names.length;
  const runs = starts.length / n;
  const many = new Many(compiled, { ...options, n, steps, tolerance, sign: maximize ? -1 : 1 });
  const out = { x: Float64Array.from(starts), value: new Float64Array(runs).fill(NaN), steps: new Int32Array(runs), cause: new Uint8Array(runs) };
  for (let begin = 0; begin < runs; begin += LANES) many.block(starts, rates, begin, Math.min(LANES, runs - begin), out);
  return out;
}

class Many {
  constructor(compiled, { n, steps, tolerance, sign, ...options }) {
    const rule = RULES.get(options.rule);
    Object.assign(this, { compiled, n, sign, steps, code: rule[n], rate: new Rate(rule, options) });
    this.first = this.rate.numbers.length;
    this.square = tolerance * tolerance;
    const column = () => new Float64Array(LANES);
    // [hyperparameters | x | state], each an array with an entry for every lane, before and after a step, which leaves the first as they are
    this.here = Array.from({ length: this.first + n + this.code.state }, column);
    this.there = this.here.map((own, i) => (i < this.first ? own : column()));
    this.proximal = proximalFor(compiled, options.rule, sign); // of a cost with a penalty l1
    this.stepAll = this.proximal ? oneByOne(this.code, this.here.length, n, this.proximal) : this.code.lanes ?? oneByOne(this.code, this.here.length, n);
    this.scheduled = this.rate.schedules.length ? () => new Rate(rule, options) : null;
    this.lanes = [];
    [this.values, this.goodValue, this.accepted, this.ceilings] = [column(), column(), column(), column()];
    [this.slopes, this.good] = [0, 1].map(() => Array.from({ length: n }, column));
    this.which = new Int32Array(LANES);
    this.step = new Int32Array(LANES);
    this.evaluations = 0;
  }

  /** Up to LANES runs, until all of them have ended; those that have make room for the last. */
  block(starts, rates, begin, count, out) {
    const { n, first, which, here, code } = this, buffer = new Float64Array(here.length);
    for (let lane = 0; lane < count; lane++) {
      buffer.set(this.rate.numbers);
      if (rates) buffer[this.rate.place] = rates[begin + lane];
      if (this.scheduled) {
        this.lanes[lane] = this.scheduled();
        if (rates) this.lanes[lane].base = rates[begin + lane];
        buffer[this.rate.place] = this.lanes[lane].at(NaN);
      }
      for (let j = 0; j < n; j++) buffer[first + j] = starts[(begin + lane) * n + j];
      code.init(buffer);
      for (let i = 0; i < buffer.length; i++) here[i][lane] = buffer[i];
      which[lane] = begin + lane;
      this.step[lane] = -1;
      this.ceilings[lane] = Infinity;
    }
    for (this.evaluations = 1; count > 0; this.evaluations++) count = this.advance(count, out);
  }

  /** One evaluation of every lane; returns how many go on. */
  advance(count, out) {
    const { compiled, n, first, here, there, sign, accepted, rate } = this, { x: points, value, g } = compiled.lanes;
    const lanes = this.scheduled && this.lanes;
    for (let j = 0; j < n; j++) points[j].set(count < LANES ? here[first + j].subarray(0, count) : here[first + j]);
    (this.proximal ?? compiled).gradients(count);
    const values = turned(value, this.values, sign, count), slopes = g.map((slope, j) => turned(slope, this.slopes[j], sign, count));
    if (lanes) for (let lane = 0; lane < count; lane++) here[rate.place][lane] = lanes[lane].at(values[lane]);
    this.stepAll(here, there, values, slopes, accepted, count);
    const left = this.judge(count, values, this.proximal ? this.residuals(count, slopes) : slopes, out);
    [this.here, this.there] = [there, here];
    return left;
  }

  /** What vanishes where a run is done, with a penalty l1: its shortest subgradients. */
  residuals(count, slopes) {
    const { here, first, n, proximal, slopes: own } = this, [x, g] = [new Float64Array(n), new Float64Array(n)];
    for (let lane = 0; lane < count; lane++) {
      for (let j = 0; j < n; j++) [x[j], g[j]] = [here[first + j][lane], slopes[j][lane]];
      proximal.residual(x, g, g);
      for (let j = 0; j < n; j++) own[j][lane] = g[j];
    }
    return own;
  }

  /** Drops the lanes that have ended; from behind, so that the last lane has been judged before it moves. */
  judge(count, values, slopes, out) {
    const { n, first, here, accepted, step, ceilings, steps, evaluations, square: least, good } = this;
    const most = 4 * steps + 100, last = evaluations < most ? steps - 1 : -1, x0 = here[first], x1 = here[first + n - 1];
    if (this.goesOn(count, values, slopes)) return count;
    const [g0, g1] = slopes, two = n === 2, [good0, good1] = [good[0], good[n - 1]], goodValue = this.goodValue;
    for (let lane = count - 1; lane >= 0; lane--) {
      const value = values[lane], ceiling = ceilings[lane], square = two ? g0[lane] * g0[lane] + g1[lane] * g1[lane] : g0[lane] * g0[lane];
      const accept = accepted[lane] > 0.5;
      // A lane of which no test of the judge can say anything goes on without being brought before it.
      const plain = accept && square > least && square < Infinity && value <= ceiling && value >= -ceiling && step[lane] >= 0 && step[lane] < last;
      const cause = plain ? 0 : judgeAt(accept, step[lane] + 1, evaluations, value, square, NaN, 1, 0, least, -1, -1, -Infinity, ceiling, -ceiling, steps, most, Infinity);
      const taken = plain || (accept && Number.isFinite(value) && Number.isFinite(square));
      if (taken) {
        if (++step[lane] === 0) ceilings[lane] = Math.min(RUNAWAY * (1 + Math.abs(value)), Number.MAX_VALUE);
        goodValue[lane] = value;
        good0[lane] = x0[lane];
        good1[lane] = x1[lane];
        if (this.scheduled) this.lanes[lane].accept();
      }
      if (cause) {
        this.keep(lane, { cause, taken, out });
        this.drop(lane, --count);
      }
    }
    return count;
  }

  /**
   * Whether no test of the judge can say anything of any lane, as of most evaluations of most blocks: then all have taken
   * their step, in a few passes over whole columns.
   */
  goesOn(count, values, slopes) {
    const { n, first, here, accepted, step, ceilings, steps, evaluations, square: least, good } = this;
    if (this.scheduled || evaluations < 2 || evaluations >= 4 * steps + 100) return false;
    const g0 = slopes[0], g1 = slopes[n - 1], two = n === 2, last = steps - 1;
    for (let lane = 0; lane < count; lane++) {
      const value = values[lane], ceiling = ceilings[lane], square = two ? g0[lane] * g0[lane] + g1[lane] * g1[lane] : g0[lane] * g0[lane];
      const plain = accepted[lane] > 0.5 && square > least && square < Infinity && value <= ceiling && value >= -ceiling && step[lane] >= 0 && step[lane] < last;
      if (!plain) return false;
    }
    for (let lane = 0; lane < count; lane++) step[lane]++;
    this.goodValue.set(values.subarray(0, count));
    for (let j = 0; j < n; j++) good[j].set(here[first + j].subarray(0, count));
    return true;
  }

  /** Where a lane has ended: at its last good point, or what the rule reports in the place of that. */
  keep(lane, { cause, taken, out }) {
    const { n, code, here, good, goodValue, which, step, sign } = this, run = which[lane];
    out.cause[run] = cause;
    if (step[lane] < 0) return;
    const point = Float64Array.from(good, (column) => column[lane]);
    out.steps[run] = step[lane];
    out.value[run] = sign * goodValue[lane];
    if (taken && code.answer) code.answer(Float64Array.from(here, (column) => column[lane]), point);
    out.x.set(point, run * n);
  }

  /** The last lane takes the place of one that has ended. */
  drop(lane, last) {
    if (lane === last) return;
    for (const column of this.there) column[lane] = column[last];
    for (const column of [this.which, this.step, this.ceilings, this.goodValue, ...this.good]) column[lane] = column[last];
    if (this.scheduled) this.lanes[lane] = this.lanes[last];
  }
}

/** A column of values as the rule sees them: with the other sign where it climbs. */
function turned(column, own, sign, count) {
  if (sign > 0) return column;
  for (let lane = 0; lane < count; lane++) own[lane] = -column[lane];
  return own;
}

/** The step of a rule that is too long to be printed for lanes, or after which a penalty has its own: one run after the other. */
function oneByOne(code, size, n, proximal = null) {
  const [before, after, g] = [new Float64Array(size), new Float64Array(size), new Float64Array(n)];
  return (here, there, values, slopes, accepted, count) => {
    for (let lane = 0; lane < count; lane++) {
      for (let i = 0; i < size; i++) before[i] = here[i][lane];
      for (let j = 0; j < n; j++) g[j] = slopes[j][lane];
      after.set(before);
      accepted[lane] = Number(code.step(before, after, values[lane], g));
      if (proximal) proximal.shrink(after, size - code.state - n);
      for (let i = 0; i < size; i++) there[i][lane] = after[i];
    }
  };
}
