// What stands around a rule: wrappers (wrappers.js), and bounds by projection (optimizers/wrappers/projected.py).

import { numbersOf } from "./rate.js";
import { WRAPPERS } from "./wrappers.js";

export class Around {
  /** Wrappers [{name, values}], the outermost first; bounds [[low, high], ...], null where there is none. */
  constructor(n, { wrappers = null, bounds = null }) {
    this.layers = (wrappers ?? []).map(({ name, values = {} }) => {
      const record = WRAPPERS.get(name);
      const code = record[n];
      const layer = { code, numbers: numbersOf(record.hyperparameters, values), x: new Float64Array(n), f: NaN, g: new Float64Array(n) };
      [layer.state, layer.next] = [new Float64Array(code.state), new Float64Array(code.state)];
      return layer;
    });
    const side = (at, none) => Float64Array.from({ length: n }, (_, j) => bounds?.[j]?.[at] ?? none);
    [this.low, this.high] = [side(0, -Infinity), side(1, Infinity)];
    this.bounded = this.low.some(Number.isFinite) || this.high.some(Number.isFinite);
    this.most = 2 * n + Math.max(0, ...this.layers.map(({ code }) => code.state));
    this.out = new Float64Array(this.most);
    this.y = new Float64Array(n);
  }

  get isNothing() {
    return !this.layers.length && !this.bounded;
  }

  clamp(value, j) {
    return Math.min(this.high[j], Math.max(this.low[j], value));
  }

  /** Move the point that begins at a place of a buffer to the nearest one within the bounds. */
  project(buffer, begin) {
    for (let j = 0; j < this.y.length; j++) buffer[begin + j] = this.clamp(buffer[begin + j], j);
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

  /** The states before the first evaluation. */
  begin(x) {
    for (const { code, numbers, state, next } of this.layers) {
      if (code.init) code.init(numbers, x, state);
      next.set(state);
    }
  }

  /** The step of the rule in its wrappers, from the numbers of a run: the first in, the last out. Says whether the point is accepted. */
  step(run, value) {
    const { here, there, first, n, g, x } = run;
    let [at, f, slopes] = [x, value, g];
    for (const layer of this.layers) {
      layer.x.set(at);
      layer.g.set(slopes);
      layer.f = f;
      f = layer.code.before(layer.numbers, layer.x, f, layer.g, layer.state, this.out);
      [at, slopes] = [this.out.slice(0, n), this.out.slice(n, 2 * n)];
    }
    run.rate.set(here, f);
    for (let j = 0; j < first; j++) there[j] = here[j];
    here.set(at, first);
    let accepted = Number(run.code.step(here, there, f, slopes)) > 0.5;
    let reported = Float64Array.from(at);
    if (run.code.answer) run.code.answer(here, reported);
    here.set(x, first);
    let goesOn = true;
    const taken = accepted;
    this.y.set(there.subarray(first, first + n));
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const layer = this.layers[i];
      const { code, numbers, state } = layer;
      if (!code.after) continue;
      const said = code.after(numbers, layer.x, layer.f, layer.g, state, this.y, Number(accepted), reported, this.out);
      accepted = said % 2 > 0.5;
      this.y.set(this.out.subarray(0, n));
      layer.next.set(this.out.subarray(n, n + code.state));
      reported = this.answerOf(layer, layer.x, reported);
      if (said > 1.5) continue;
      goesOn = false;
      for (const within of this.layers.slice(i + 1)) within.next.set(within.state);
    }
    if (!goesOn) there.set(here.subarray(first + n, run.size), first + n);
    there.set(this.y, first);
    if (goesOn && taken) run.rate.accept();
    return accepted;
  }

  /** Go on with the states after the step. */
  goOn() {
    for (const layer of this.layers) [layer.state, layer.next] = [layer.next, layer.state];
  }

  /** What is reported for an evaluation at x, where the rule inside reports r. */
  answer(x, r) {
    return this.layers.reduceRight((reported, layer) => this.answerOf(layer, x, reported), r);
  }

  answerOf({ code, numbers, state }, x, r) {
    if (!code.answer) return r;
    code.answer(numbers, x, state, r, this.out);
    return this.out.slice(0, x.length);
  }
}
