// The program as the view uses it: a formula that is understood, and the ways of rules over it.

import { MOST_STEPS } from "./setting.js";
import { compileFormula } from "../program/tape.js";
import { descend } from "../program/descend.js";
import { readFormula } from "../program/reader.js";
import { RULES as PROGRAM } from "../program/rules.js";

const CUBE_ROOT = Math.cbrt(Number.EPSILON);
const SMOOTH = 0.05; // relative difference of curvatures over a short and over a long step
const SAME = 1e-5; // relative difference of second derivatives taken by differences of gradients

/** What a rule remembers before a step: that which it left the last one with. */
export function stateBefore(path, at, n) {
  const { init, state: size } = PROGRAM.get(path.method.rule)[n];
  if (at > 0) return path.state.subarray((at - 1) * size, at * size);
  const numbers = [...path.method.hyperparameters.values()], first = numbers.length + n;
  const buffer = Float64Array.from([...numbers, ...path.x.subarray(0, n), ...new Float64Array(size)]);
  init(buffer);
  return buffer.subarray(first);
}

/** A formula that can be descended; throws a refusal of the reader. */
export function understand(text) {
  const { tree, names } = readFormula(text);
  return names.length === 1 || names.length === 2 ? { names, compiled: compileFormula(tree, names) } : { names, compiled: null };
}

/** The way of one rule from a start. */
export function way(compiled, start, one, { steps, tolerance, maximize }) {
  const hyperparameters = Object.fromEntries(one.hyperparameters);
  const learningRate = hyperparameters.learning_rate;
  const limits = { steps: Math.min(steps, MOST_STEPS), tolerances: tolerance > 0 ? { tolerance } : {}, maximize };
  const found = descend(compiled, start, { rule: one.rule, hyperparameters, learningRate, ...limits });
  return { ...found, method: one, length: found.value.length };
}

/** The point of a way at a step; at its end where it has ended before. */
export function pointAt(path, step, n) {
  const row = Math.max(0, Math.min(step, path.length - 1));
  return path.x.subarray(row * n, row * n + n);
}

/** Second derivatives by central differences of the gradient over so many usual steps. */
export function hessian(compiled, x, wide = 1) {
  const n = x.length, out = [], place = Float64Array.from(x), up = new Float64Array(n), down = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const h = CUBE_ROOT * Math.max(1, Math.abs(x[i])) * wide;
    place[i] = x[i] + h;
    compiled.valueAndGradient(place, up);
    place[i] = x[i] - h;
    compiled.valueAndGradient(place, down);
    place[i] = x[i];
    out.push(Array.from(up, (value, j) => (value - down[j]) / (2 * h)));
  }
  return out;
}

/** The largest curvature in any direction, by size, or NaN. */
export function largestCurvature(matrix) {
  if (matrix.length === 1) return Math.abs(matrix[0][0]);
  const [[a, b], [c, d]] = matrix, off = (b + c) / 2;
  const middle = (a + d) / 2, radius = Math.hypot((a - d) / 2, off);
  return Math.max(Math.abs(middle + radius), Math.abs(middle - radius));
}

/** The limit 2/L of gradient descent: everywhere, where second derivatives are constant, else at the point; null where none is known. */
export function limitOf(compiled, x) {
  const here = hessian(compiled, x);
  const curvature = largestCurvature(here);
  if (!(curvature > 0) || !Number.isFinite(curvature)) return null;
  const wider = largestCurvature(hessian(compiled, x, 4));
  if (!(Math.abs(wider - curvature) <= SMOOTH * curvature)) return null; // there is a kink, where there is no curvature
  const others = [1.7, -2.3, 5.1].map((shift) => hessian(compiled, Array.from(x, (value, i) => (value + (i + 1)) * shift)));
  const constant = others.every((other) => other.every((row, i) => row.every((value, j) => Math.abs(value - here[i][j]) <= SAME * curvature)));
  return { limit: 2 / curvature, constant };
}
