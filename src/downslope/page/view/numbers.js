// Numbers as they are shown, and the marks on axes.

/** A number to so many digits, without zeros at its end. */
export function shown(value, digits = 6) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const short = Number(value.toPrecision(digits));
  const size = Math.abs(short);
  const text = size !== 0 && (size < 1e-4 || size >= 10 ** Math.max(digits, 6)) ? short.toExponential() : String(short);
  return text.replace("e+", "e").replaceAll("-", "−");
}

/** The coordinates of a point with their names. */
export const point = (names, x, digits = 6) => names.map((name, i) => `${name} = ${shown(x[i], digits)}`).join(", ");

/** About so many round numbers between two ends. */
export function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const marks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && marks.length < 50; k++) marks.push(k * step);
  return marks;
}

/** Powers of ten between two ends, thinned to about so many. */
export function decades(low, high, wanted) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(1, wanted)));
  const marks = [];
  for (let k = first; k <= last; k += every) marks.push(10 ** k);
  return marks;
}

/** What a person typed as a number, or NaN. */
export function typed(text) {
  const plain = text.trim().replaceAll("−", "-").replace(/^\+/, "");
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}
