// What stands around a rule: wrappers (wrappers.js), and bounds by projection (optimizers/wrappers/projected.py).

import { numbersOf } from "./rate.js";
import { WRAPPERS } from "./wrappers.js";

export class Around {
  /** Wrappers [{name, values}], the outermost first; bounds [[low, high], ...], null where there is none. */
  constructor(n, { wrappers = null, bounds = null }) {
    this.layers = (wrappers ?? []).map(({ name, values = {} }) => {
      const record = WRAPPERS.get(name);
      return { code: record[n], numbers: numbersOf(record.hyperparameters, values) };
    });
    const side = (at, none) => Float64Array.from({ length: n }, (_, j) => bounds?.[j]?.[at] ?? none);
    [this.low, this.high] = [side(0, -Infinity), side(1, Infinity)];
    this.bounded = this.low.some(Number.isFinite) || this.high.some(Number.isFinite);
    this.out = new Float64Array(n);
  }

  get isNothing() {
    return !this.layers.length && !this.bounded;
  }

  clamp(value, j) {
    return Math.min(this.high[j], Math.max(this.low[j], value));
  }

  /** Move the point that begins at a place of a buffer to the nearest one within the bounds. */
  project(buffer, begin) {
    for (let j = 0; j < this.out.length; j++) buffer[begin + j] = this.clamp(buffer[begin + j], j);
  }

  /** What vanishes where the method is done, of the gradient g: itself, or with a penalty, or what bounds leave of it. */
  residual(x, g) {
    let left = Float64Array.from(g);
    for (const { code, numbers } of this.layers) {
      if (!code.residual) continue;
      const out = new Float64Array(x.length);
      code.residual(numbers, x, left, out);
      left = out;
    }
    if (!this.bounded) return left;
    return left.map((slope, j) => {
      const held = Number.isFinite(this.low[j]) || Number.isFinite(this.high[j]);
      return held ? x[j] - this.clamp(x[j] - slope, j) : slope;
    });
  }

  /** The value that the rule sees; g becomes its gradient. */
  change(x, value, g) {
    for (const { code, numbers } of this.layers) {
      value = code.change(numbers, x, value, g, this.out);
      g.set(this.out);
    }
    return value;
  }
}
