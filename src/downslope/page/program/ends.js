// Where many starts end: maps of basins, and of a rate against a start. The rules and the judge are those of descend.js;
// what needs the way so far is left out: no history, no test on steps, no stall.

import { SETTINGS, judgeAt } from "./judge.js";
import { LANES } from "./lanes.js";
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
    const buffers = () => Array.from({ length: LANES }, () => new Float64Array(this.first + n + this.code.state));
    [this.here, this.there] = [buffers(), buffers()]; // of every lane [hyperparameters | x | state], before and after a step
    this.scheduled = this.rate.schedules.length ? () => new Rate(rule, options) : null;
    this.lanes = [];
    this.g = new Float64Array(n);
    this.which = new Int32Array(LANES);
    this.step = new Int32Array(LANES);
    this.ceilings = new Float64Array(LANES);
    this.evaluations = 0;
  }

  /** Up to LANES runs, until all of them have ended; those that have make room for the last. */
  block(starts, rates, begin, count, out) {
    const { n, first, which } = this;
    for (let lane = 0; lane < count; lane++) {
      const [here, there] = [this.here[lane], this.there[lane]];
      here.set(this.rate.numbers);
      if (rates) here[this.rate.place] = rates[begin + lane];
      if (this.scheduled) {
        this.lanes[lane] = this.scheduled();
        if (rates) this.lanes[lane].base = rates[begin + lane];
        here[this.rate.place] = this.lanes[lane].at(NaN);
      }
      for (let j = 0; j < n; j++) here[first + j] = starts[(begin + lane) * n + j];
      this.code.init(here);
      there.set(here);
      which[lane] = begin + lane;
      this.step[lane] = -1;
      this.ceilings[lane] = Infinity;
    }
    for (this.evaluations = 1; count > 0; this.evaluations++) count = this.advance(count, out);
  }

  /** One evaluation of every lane; returns how many go on. */
  advance(count, out) {
    const { compiled, n, first, here, there, g, sign, which, step, ceilings, square: least, steps, evaluations } = this;
    const { x: points, value: values, g: slopes } = compiled.lanes;
    const most = 4 * steps + 100, lanes = this.scheduled && this.lanes;
    for (let j = 0; j < n; j++) {
      const point = points[j], place = first + j;
      for (let lane = 0; lane < count; lane++) point[lane] = here[lane][place];
    }
    compiled.gradients(count);
    let left = 0;
    for (let lane = 0; lane < count; lane++) {
      const [before, after] = [here[lane], there[lane]];
      let square = 0;
      for (let j = 0; j < n; j++) {
        const slope = sign * slopes[j][lane];
        g[j] = slope;
        square += slope * slope;
      }
      const value = sign * values[lane], run = which[lane], ceiling = ceilings[lane];
      if (lanes) lanes[lane].set(before, value);
      const accepted = Number(this.code.step(before, after, value, g)) > 0.5;
      const cause = judgeAt(accepted, step[lane] + 1, evaluations, value, square, NaN, 1, 0, least, -1, -1, -Infinity, ceiling, -ceiling, steps, most, Infinity);
      if (accepted && Number.isFinite(value) && Number.isFinite(square)) {
        if (++step[lane] === 0) ceilings[lane] = Math.min(RUNAWAY * (1 + Math.abs(value)), Number.MAX_VALUE);
        out.steps[run] = step[lane];
        out.value[run] = sign * value;
        if (lanes) lanes[lane].accept();
        if (cause) this.keep(before, run, out);
        else for (let j = 0; j < n; j++) out.x[run * n + j] = before[first + j];
      }
      if (cause) {
        out.cause[run] = cause;
        continue;
      }
      here[lane] = here[left]; // the buffers of a lane that goes on move forward, those of one that has ended back
      there[lane] = there[left];
      if (lanes) [lanes[left], lanes[lane]] = [lanes[lane], lanes[left]];
      here[left] = after;
      there[left] = before;
      which[left] = run;
      step[left] = step[lane];
      ceilings[left] = ceilings[lane];
      left++;
    }
    return left;
  }

  /** The point that a run ended at, as the rule reports it. */
  keep(before, run, out) {
    const { n, first, code } = this;
    const point = new Float64Array(n);
    for (let j = 0; j < n; j++) point[j] = before[first + j];
    if (code.answer) code.answer(before, point);
    out.x.set(point, run * n);
  }
}
