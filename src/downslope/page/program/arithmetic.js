// What the printed formulas call beside Math.

/** A whole power by repeated squaring, in the order in which the library's machine code multiplies. */
export function powi(base, exponent) {
  let [result, left] = [1, Math.abs(exponent)];
  for (;;) {
    if (left & 1) result *= base;
    left >>= 1;
    if (left === 0) return exponent < 0 ? 1 / result : result;
    base *= base;
  }
}

const MOST_TERMS = 200;
const FAR = 2.5; // from here on the continued fraction is right to a float64

/** The error function: near 0 by its series 2/sqrt(pi) e^(-x^2) (x + 2x^3/3 + 4x^5/15 + ...), of positive terms. */
export function erf(x) {
  if (Math.abs(x) > FAR) return Math.sign(x) * (1 - farErfc(Math.abs(x)));
  let [term, total] = [x, x];
  for (let n = 1; n < MOST_TERMS && Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** 1 - erf(x), with its digits where it is small. */
export function erfc(x) {
  return x > FAR ? farErfc(x) : 1 - erf(x);
}

/** By Laplace's continued fraction e^(-x^2)/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))). */
function farErfc(x) {
  let rest = x;
  for (let n = MOST_TERMS; n > 0; n--) rest = x + n / 2 / rest;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / rest;
}
