// The instructions of a tape.

import { powi } from "./arithmetic.js";

export const [VARIABLE, CONSTANT, NEGATE, ADD, MULTIPLY, DIVIDE, WHOLE_POWER, POWER, CALL1, CALL2] = Array(10).keys();
export const [TEST, BOTH, EITHER, NOT, CHOOSE] = [10, 11, 12, 13, 14];

/** One instruction applied to numbers; `own` is a function, a comparison, or a whole exponent. */
export function apply(op, own, a, b, c) {
  switch (op) {
    case NEGATE:
      return -a;
    case ADD:
      return a + b;
    case MULTIPLY:
      return a * b;
    case DIVIDE:
      return a / b;
    case WHOLE_POWER:
      return powi(a, own);
    case POWER:
      return a ** b;
    case CALL1:
      return own.value(a);
    case CALL2:
      return own.value(a, b);
    case TEST:
      return own(a, b);
    case BOTH:
      return a && b;
    case EITHER:
      return a || b;
    case NOT:
      return +!a;
    default:
      return a ? b : c;
  }
}

/** d(base^exponent)/d(exponent); 0^v is 0 for every v > 0, so its derivative is 0 there. */
export function slopeOfExponent(base, exponent, whole) {
  if (base === 0) return exponent > 0 ? 0 : NaN;
  return whole * Math.log(base);
}
