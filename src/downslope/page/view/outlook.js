// What is ahead of gradient descent at a point, of a function that is nearly quadratic there: curvatures, the limit 2/L of
// the rate, the factor of the error in a step along each direction, and how many steps are left.

import { hessian, limitOf, pointAt } from "./descents.js";
import { say } from "./dom.js";
import { shown } from "./numbers.js";

const TOLERANCE = 1e-6; // where nothing else is asked for
const DIGITS = 4;
const NOISE = 1e-8; // of a factor, whose curvature is a difference of gradients

const withoutNoise = (factor) => (Math.abs(factor) < NOISE ? 0 : factor);

/** The curvatures along the principal directions, the largest first. */
export function curvaturesAt(compiled, x) {
  const matrix = hessian(compiled, x);
  if (matrix.length === 1) return [matrix[0][0]];
  const [[a, b], [c, d]] = matrix, middle = (a + d) / 2, radius = Math.hypot((a - d) / 2, (b + c) / 2);
  return [middle + radius, middle - radius];
}

/** A sentence on a path of gradient descent at the step shown; null where there is nothing to say. */
export function outlook({ compiled, names, at, setting }, path) {
  const { method } = path, step = Math.min(at, path.length - 1), rate = path.rate[step];
  if (method.rule !== "gradient_descent" || method.schedule.length) return null;
  const x = pointAt(path, step, names.length), limit = limitOf(compiled, x);
  if (!limit) return null;
  const sign = path.maximize ? -1 : 1, curvatures = curvaturesAt(compiled, x).map((curvature) => sign * curvature);
  const factors = curvatures.map((curvature) => withoutNoise(1 - rate * curvature)), slowest = Math.max(...factors.map(Math.abs));
  const tolerance = setting.tolerance || TOLERANCE, norm = path.norm[step];
  const list = (values) => values.map((value) => shown(value, DIGITS)).join(", ");
  const fields = { rule: path.number + method.rule, step, curvatures: list(curvatures), factors: list(factors), limit: shown(limit.limit, DIGITS) };
  const said = say("outlook", fields);
  if (!(norm > tolerance)) return said;
  if (!(slowest < 1)) return `${said} ${say("outlook_none")}`;
  const steps = stepsUntil(tolerance, slopesAlong(compiled, x), factors);
  return `${said} ${say("outlook_steps", { steps, tolerance: shown(tolerance) })}`;
}

/** The gradient along the principal directions, in the order of the curvatures. */
function slopesAlong(compiled, x) {
  const g = new Float64Array(x.length), matrix = hessian(compiled, x);
  compiled.valueAndGradient(x, g);
  if (g.length === 1) return [g[0]];
  const [[a, b], [c, d]] = matrix, angle = Math.atan2(b + c, a - d) / 2, u = Math.cos(angle), v = Math.sin(angle);
  return [g[0] * u + g[1] * v, g[1] * u - g[0] * v];
}

/** After how many steps slopes that are multiplied by these factors have so small a norm. */
function stepsUntil(tolerance, slopes, factors) {
  const norm = (n) => Math.hypot(...slopes.map((slope, i) => slope * Math.abs(factors[i]) ** n));
  let few = 0, many = 1;
  while (norm(many) > tolerance) many *= 2;
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2);
    if (norm(middle) > tolerance) few = middle;
    else many = middle;
  }
  return many;
}
