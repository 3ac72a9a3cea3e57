// The history of a run: every step until memory is spent, then every second, fourth, ... (descent/trace_buffer.py).

import { SETTINGS } from "./judge.js";

const { FEWEST_ROWS, FIRST_ROWS, MOST_NUMBERS, NO_LIMIT, TAIL_STEPS } = SETTINGS;

export class Rows {
  /** ratePlace is where in a buffer the learning rate stands; below 0 where a rule has none. */
  constructor(n, stateSize, limits, ratePlace) {
    Object.assign(this, { n, stateSize, ratePlace, count: 0, stride: 1, capacity: FIRST_ROWS });
    const last = Math.min(limits.most_steps || NO_LIMIT, Math.min(limits.most_evaluations, NO_LIMIT) - 1);
    this.tail = last < NO_LIMIT - 1 ? Math.max(0, last - TAIL_STEPS) : NO_LIMIT; // from here on every row, so that a cycle is seen
    this.columns = { step: 1, evaluation: 1, value: 1, norm: 1, rate: 1, x: n, state: stateSize };
    for (const [name, width] of Object.entries(this.columns)) this[name] = new Float64Array((this.capacity + 1) * width);
  }

  /** Keep an accepted point, where the spacing has it; the state begins at a place of a buffer. */
  add(step, evaluation, value, norm, x, buffer, begin) {
    if (this.count >= this.capacity) this.makeRoom();
    if (step % this.stride === 0 || step >= this.tail) this.put(step, evaluation, value, norm, x, buffer, begin);
  }

  /** Write a row; there is always room for one more than the capacity. */
  put(step, evaluation, value, norm, x, buffer, begin) {
    const { n, stateSize } = this;
    const row = this.count++;
    this.step[row] = step;
    this.evaluation[row] = evaluation;
    this.value[row] = value;
    this.norm[row] = norm;
    this.rate[row] = this.ratePlace < 0 ? NaN : buffer[this.ratePlace];
    for (let j = 0; j < n; j++) this.x[row * n + j] = x[j];
    for (let j = 0; j < stateSize; j++) this.state[row * stateSize + j] = buffer[begin + j];
  }

  makeRoom() {
    if (2 * this.count * (this.n + 4) <= MOST_NUMBERS || this.count < FEWEST_ROWS) {
      this.capacity *= 2;
      for (const [name, width] of Object.entries(this.columns)) {
        const longer = new Float64Array((this.capacity + 1) * width);
        longer.set(this[name]);
        this[name] = longer;
      }
      return;
    }
    this.stride *= 2;
    this.count = this.keep((step) => step % this.stride === 0 || step >= this.tail);
  }

  /** Move the rows whose step is wanted to the front; how many they are. */
  keep(wanted) {
    let left = 0;
    for (let row = 0; row < this.count; row++) {
      if (!wanted(this.step[row])) continue;
      for (const [name, width] of Object.entries(this.columns)) this[name].copyWithin(left * width, row * width, (row + 1) * width);
      left++;
    }
    return left;
  }

  /** The rows written, the last accepted point with them, and how many of the last are consecutive. */
  written({ step, acceptedAt, lastValue, lastNorm, last, there, first, n }) {
    if (step >= 0 && (!this.count || this.step[this.count - 1] !== step)) {
      this.put(step, acceptedAt, lastValue, lastNorm, last, there, first + n);
    }
    let consecutive = Math.min(this.count, 1);
    while (consecutive < this.count && this.step[this.count - consecutive] === this.step[this.count - consecutive - 1] + 1) consecutive++;
    const tail = this.stride === 1 ? this.count : Math.min(consecutive, TAIL_STEPS + 2);
    return { values: this.value.subarray(0, this.count), points: this.x.subarray(0, this.count * n), tail };
  }

  /** What a run returns of its rows: those in the spacing, and the last; values as a person sees them. */
  kept(run, sign) {
    this.written(run);
    const last = run.step;
    if (this.stride > 1) this.count = this.keep((step) => step % this.stride === 0 || step === last);
    const out = { rows: this.count };
    for (const [name, width] of Object.entries(this.columns)) out[name] = this[name].slice(0, this.count * width);
    out.value = out.value.map((value) => sign * value + 0);
    return out;
  }
}
