// Where many starts end: maps of basins, and of a rate against a start. The rules and the judge are those of descend.js;
// what needs the way so far is left out: no history, no test on steps, no stall, no schedule.

import { SETTINGS, judge } from "./judge.js";
import { LANES } from "./lanes.js";
import { Rate } from "./rate.js";
import { RULES } from "./rules.js";

const { DEFAULT_TOLERANCE, RUNAWAY } = SETTINGS;

/**
 * Descend from every start at once.
 *
 * starts holds n numbers for each run; options are rule, hyperparameters, learningRate, steps, tolerance and maximize,
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
    Object.assign(this, { compiled, n, sign, code: rule[n], rate: new Rate(rule, options) });
    this.first = this.rate.numbers.length;
    this.width = this.first + n + this.code.state;
    this.buffers = new Float64Array(LANES * this.width);
    [this.here, this.there, this.g] = [new Float64Array(this.width), new Float64Array(this.width), new Float64Array(n)];
    this.which = new Int32Array(LANES);
    this.step = new Int32Array(LANES);
    this.ceilings = new Float64Array(LANES);
    const limits = { tolerance: tolerance * tolerance, value_tolerance: -1, x_tolerance: -1, target: -Infinity, ceiling: Infinity, floor: -Infinity };
    const counts = { most_steps: steps, most_evaluations: 4 * steps + 100, most_idle: Infinity };
    const evaluation = { accepted: true, step: 0, evaluations: 0, value: 0, gradient_norm: 0, change: NaN, moved: 1, idle: 0 };
    this.judged = { ...limits, ...counts, ...evaluation };
  }

  /** Up to LANES runs, until all of them have ended; those that have make room for the last. */
  block(starts, rates, begin, count, out) {
    const { n, first, width, here, buffers, which } = this;
    for (let lane = 0; lane < count; lane++) {
      here.set(this.rate.numbers);
      if (rates) here[this.rate.place] = rates[begin + lane];
      for (let j = 0; j < n; j++) here[first + j] = starts[(begin + lane) * n + j];
      this.code.init(here);
      buffers.set(here, lane * width);
      which[lane] = begin + lane;
      this.step[lane] = -1;
      this.ceilings[lane] = Infinity;
    }
    for (this.judged.evaluations = 1; count > 0; this.judged.evaluations++) count = this.advance(count, out);
  }

  /** One evaluation of every lane; returns how many go on. */
  advance(count, out) {
    const { compiled, n, first, width, buffers, here, there, g, sign } = this;
    const { x: points, value: values, g: slopes } = compiled.lanes;
    for (let j = 0; j < n; j++) for (let lane = 0; lane < count; lane++) points[j][lane] = buffers[lane * width + first + j];
    compiled.gradients(count);
    let left = 0;
    for (let lane = 0; lane < count; lane++) {
      const begin = lane * width;
      for (let i = 0; i < width; i++) here[i] = buffers[begin + i];
      for (let j = 0; j < n; j++) g[j] = sign * slopes[j][lane];
      const value = sign * values[lane];
      const accepted = Number(this.code.step(here, there, value, g)) > 0.5;
      const cause = this.judge(lane, accepted, value, out);
      if (cause) {
        out.cause[this.which[lane]] = cause;
        continue;
      }
      const to = left * width;
      for (let i = 0; i < first; i++) buffers[to + i] = here[i];
      for (let i = first; i < width; i++) buffers[to + i] = there[i];
      this.which[left] = this.which[lane];
      this.step[left] = this.step[lane];
      this.ceilings[left] = this.ceilings[lane];
      left++;
    }
    return left;
  }

  judge(lane, accepted, value, out) {
    const { g, here, first, n, judged } = this;
    let square = 0;
    for (let j = 0; j < n; j++) square += g[j] * g[j];
    judged.accepted = accepted;
    judged.step = this.step[lane] + 1;
    judged.value = value;
    judged.gradient_norm = square;
    judged.ceiling = this.ceilings[lane];
    judged.floor = -this.ceilings[lane];
    const cause = judge(judged);
    const run = this.which[lane];
    if (accepted && Number.isFinite(value) && Number.isFinite(square)) {
      if (++this.step[lane] === 0) this.ceilings[lane] = Math.min(RUNAWAY * (1 + Math.abs(value)), Number.MAX_VALUE);
      out.steps[run] = this.step[lane];
      out.value[run] = this.sign * value;
      const point = this.code.answer && cause ? this.answered() : null;
      for (let j = 0; j < n; j++) out.x[run * n + j] = point ? point[j] : here[first + j];
    }
    return cause;
  }

  answered() {
    const point = new Float64Array(this.n);
    this.code.answer(this.here, point);
    return point;
  }
}
