// The penalty l1 on parameters, taken exactly: after each step of a plain rule the penalty's own, which shrinks towards
// zero (fitting/proximal.py). Other rules descend along the shortest subgradient.

/** How far a rule steps in coordinate j of n for a unit of slope that stays; of its buffer [hyperparameters | x | state] after the step. */
const LENGTHS = new Map([
  ["gradient_descent", (p) => p[0]],
  ["momentum", (p) => p[0] / (1 - p[1])],
  ["adagrad", (p, j, n) => p[0] / (Math.sqrt(p[2 + n + j]) + p[1])],
  ["rmsprop", (p, j, n) => p[0] / (Math.sqrt(p[3 + n + j]) + p[2])],
  ["adam", (p, j, n) => p[0] / (Math.sqrt(p[4 + 2 * n + j] / (1 - p[5 + 3 * n])) + p[3])],
]);

/** A number moved towards zero by an amount, but not past it. */
const shrunk = (v, amount) => Math.max(v - amount, 0) + Math.min(v + amount, 0);

/** The shortest subgradient in a coordinate x of f + threshold*abs(x), where f has a slope: zero exactly where that is smallest. */
export function subgradient(x, slope, threshold) {
  if (x !== 0) return slope + threshold * Math.sign(x);
  return Math.sign(slope) * Math.max(Math.abs(slope) - threshold, 0);
}

/**
 * What takes the penalty of a compiled cost beside the steps of a rule; null where there is none, or none is known for
 * the rule. {valueAndGradient and gradients of the smooth part, shrink(buffer, first), residual(x, g, out)}
 */
export function proximalFor(compiled, rule, sign) {
  const { proximal } = compiled, lengthOf = LENGTHS.get(rule);
  if (!proximal || !lengthOf || sign < 0) return null;
  const { thresholds } = proximal, n = thresholds.length;
  return {
    ...proximal,
    /** The penalty's own step in a buffer, whose x begins at a place, after the rule's. */
    shrink(buffer, first) {
      for (let j = 0; j < n; j++) buffer[first + j] = shrunk(buffer[first + j], lengthOf(buffer, j, n) * thresholds[j]);
    },
    /** What vanishes at the lowest point. */
    residual(x, g, out) {
      for (let j = 0; j < n; j++) out[j] = subgradient(x[j], g[j], thresholds[j]);
      return out;
    },
  };
}
