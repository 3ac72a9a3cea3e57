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

const SPLIT = 2 ** 27 + 1;
const [SMALL, LARGE] = [1e-140, 1e140]; // between them nothing here over- or underflows

/** What a product of two numbers loses by rounding (T. J. Dekker, Numerische Mathematik 18 (1971) 224-242). */
function lost(a, b, product) {
  const [ca, cb] = [SPLIT * a, SPLIT * b];
  const [ha, hb] = [ca - (ca - a), cb - (cb - b)];
  const [la, lb] = [a - ha, b - hb];
  return la * lb - (product - ha * hb - la * hb - ha * lb);
}

/** 1/sqrt(x) as the C library's pow(x, -0.5) has it, which rounds once: a quotient, and one step of Newton's method. */
export function rsqrt(x) {
  const y = 1 / Math.sqrt(x);
  if (!(x > SMALL && x < LARGE)) return y;
  const square = y * y;
  const product = x * square;
  const error = 1 - product - lost(x, square, product) - x * lost(y, y, square);
  return y + 0.5 * y * error;
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
