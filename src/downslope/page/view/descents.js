// The program as the view uses it: a formula that is understood, and the ways of rules over it.

import { MOST_STEPS } from "./setting.js";
import { page } from "./dom.js";
import { compileRemote, isRemote } from "./remote.js";
import { compileFit, sidesOf } from "../program/fit.js";
import { compileFormula } from "../program/tape.js";
import { descend } from "../program/descend.js";
import { readFormula } from "../program/reader.js";
import { RULES as PROGRAM } from "../program/rules.js";

const CUBE_ROOT = Math.cbrt(Number.EPSILON);
const SMOOTH = 0.05; // relative difference of curvatures over a short and over a long step
const SAME = 1e-5; // relative difference of second derivatives taken by differences of gradients

/** What a rule remembers before a step: that which it left the last one with. */
export function stateBefore(path, at, n) {
  const { from, method, state, first } = partAt(path, at), { init, state: size } = PROGRAM.get(method.rule)[n];
  if (at > from) return state.subarray((at - 1 - from) * size, (at - from) * size);
  if (first) return first;
  const numbers = PROGRAM.get(method.rule).hyperparameters.filter((one) => !one.whole).map((one) => method.hyperparameters.get(one.name));
  const buffer = Float64Array.from([...numbers, ...path.x.subarray(at * n, at * n + n), ...new Float64Array(size)]);
  init(buffer);
  return buffer.subarray(numbers.length + n);
}

/** The part of a path by whose setting a step is left. */
export const partAt = (path, step) => path.parts.findLast(({ from }) => from <= step);

/** A formula that can be descended, or a hypothesis over a table; throws a refusal of the reader. */
export function understand(text, table = null) {
  if (table) return understandFit(text, table);
  if (isRemote(text)) return { names: page.function.names, compiled: compileRemote(), fit: null };
  const { tree, names } = readFormula(text);
  return names.length === 1 || names.length === 2 ? { names, compiled: compileFormula(tree, names), fit: null } : { names, compiled: null };
}

let tables = 0;
const keys = new WeakMap(); // of tables, so that a worker knows one that it has

function understandFit(text, table) {
  const sides = sidesOf(text), { columns } = table;
  if (!sides || !Object.hasOwn(columns, sides.target)) throw { message: { key: "hypothesis", fields: { columns: Object.keys(columns).join(", "), example: `${Object.keys(columns).at(-1)} = a*${Object.keys(columns)[0]} + b` } } };
  const known = page.losses.find(({ name }) => name === table.loss), loss = { ...known, number: table.number ?? known.number };
  if (!keys.has(table)) keys.set(table, `table ${++tables}`);
  const request = { key: keys.get(table), right: sides.right, target: sides.target, columns, loss, weights: table.weights, l1: table.l1, l2: table.l2, penalised: table.penalised };
  try {
    const { names, compiled, ...fit } = compileFit(request);
    return { names, compiled: names.length === 1 || names.length === 2 ? compiled : null, fit: { ...fit, request, columns, target: sides.target } };
  } catch (refusal) {
    if (refusal.start !== undefined) throw { ...refusal, start: refusal.start + sides.begin, end: refusal.end + sides.begin };
    throw refusal;
  }
}

/**
 * The way of one method from a start: of its earlier settings, each until its step, and of its last one. A rule that is
 * the same after a change keeps its memory, another begins there.
 */
export function way(compiled, start, one, { steps, tolerance, maximize }) {
  const most = Math.min(steps, MOST_STEPS), tolerances = tolerance > 0 ? { tolerance } : {};
  const parts = [];
  let from = 0, x = start, resume = null;
  for (const method of [...one.before, { ...one, until: most }]) {
    const until = Math.min(method.until, most), { rule } = method, hyperparameters = Object.fromEntries(method.hyperparameters);
    const same = parts.at(-1)?.method.rule === rule, kept = same ? resume : null;
    const found = descend(compiled, x, { rule, hyperparameters, schedule: method.schedule, steps: until - from, tolerances, maximize, resume: kept });
    parts.push({ from, method, state: found.state, first: kept?.state ?? null, found });
    if (found.steps < until - from || found.status !== "step_limit" || until === most) break;
    [from, resume, x] = [until, found.before, found.x.slice(found.steps * start.length)];
  }
  return { ...joined(parts, start.length), method: one, parts, maximize };
}

/** The rows of the parts one behind the other; a step that is left by a later part is that part's. */
function joined(parts, n) {
  const last = parts.at(-1).found;
  if (parts.length === 1) return { ...last, length: last.value.length };
  const length = parts.at(-1).from + last.value.length, out = { ...last, length, steps: length - 1 };
  for (const [name, width] of Object.entries({ x: n, value: 1, norm: 1, rate: 1, evaluation: 1 })) {
    out[name] = new Float64Array(length * width);
    for (const { from, found } of parts) out[name].set(found[name], from * width);
  }
  for (let k = 1, before = 0; k < parts.length; k++) {
    const { from, found } = parts[k];
    before += parts[k - 1].found.evaluations - 1; // the point of the change is evaluated anew
    out.evaluation.set(found.evaluation.map((count) => count + before), from);
  }
  return out;
}

/** The point of a way at a step; at its end where it has ended before. */
export function pointAt(path, step, n) {
  const row = Math.max(0, Math.min(step, path.length - 1));
  return path.x.subarray(row * n, row * n + n);
}

/** Second derivatives by central differences of the gradient over so many usual steps. */
export function hessian(compiled, x, wide = 1) {
  if (compiled.remote) return Array.from(x, () => Array.from(x, () => NaN)); // each would be a question of its own
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

const CURVATURES = 120; // steps of a path whose curvature is drawn

/** The largest curvature by size, or NaN at a kink, where there is none. */
function smoothCurvature(compiled, x) {
  const curvature = largestCurvature(hessian(compiled, x)), wider = largestCurvature(hessian(compiled, x, 4));
  return Math.abs(wider - curvature) <= SMOOTH * curvature ? curvature : NaN;
}

/** The largest curvature at up to so many steps of a path, and at the step shown. */
export function curvaturesOf(compiled, path, at) {
  const n = path.x.length / path.length, last = path.length - 1, count = Math.min(path.length, CURVATURES);
  const steps = Float64Array.from({ length: count }, (_, k) => Math.round((k * last) / Math.max(1, count - 1)));
  const curvature = (step) => smoothCurvature(compiled, pointAt(path, step, n));
  return { steps, values: steps.map(curvature), here: curvature(at) };
}

/** The limit 2/L of gradient descent: everywhere, where second derivatives are constant, else at the point; null where none is known. */
export function limitOf(compiled, x) {
  const here = hessian(compiled, x), curvature = smoothCurvature(compiled, x);
  if (!(curvature > 0) || !Number.isFinite(curvature)) return null;
  const others = [1.7, -2.3, 5.1].map((shift) => hessian(compiled, Array.from(x, (value, i) => (value + (i + 1)) * shift)));
  const constant = others.every((other) => other.every((row, i) => row.every((value, j) => Math.abs(value - here[i][j]) <= SAME * curvature)));
  return { limit: 2 / curvature, constant };
}
