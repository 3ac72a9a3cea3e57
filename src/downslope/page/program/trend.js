// How values and points went in the end: descent/trend.py, as far as the word for an end asks for it.
// Points are rows of n numbers one after the other; `from` and `to` are rows.

import { SETTINGS } from "./judge.js";

const { PARTS, FEWEST, LONGEST_PERIOD, ROUNDS, FEWEST_ROUNDS, WIDE, SAME, ULPS } = SETTINGS;
const LEAST = 1e-300;

/** The distance from a number to the next one away from zero. */
function spacing(x) {
  const size = Math.abs(x);
  if (!Number.isFinite(size)) return NaN;
  let power = 2 ** Math.floor(Math.log2(size));
  if (power > size) power /= 2;
  return Math.max(power * 2 ** -52, 5e-324);
}

const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
const spread = (values) => (values.length ? most(values) - least(values) : 0);
const rounding = (values) => ULPS * spacing(Math.max(LEAST, most(values), -Math.min(-LEAST, least(values))));

/** The greatest width of the rows in any coordinate. */
function width(points, n, from, to) {
  let widest = 0;
  for (let j = 0; j < n; j++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = from; i < to; i++) {
      low = Math.min(low, points[i * n + j]);
      high = Math.max(high, points[i * n + j]);
    }
    widest = Math.max(widest, high - low);
  }
  return widest;
}

/** The period with which the last of consecutive points repeat themselves; 0 where they do not. */
export function periodOf(points, n, from, to) {
  for (let period = 2; period <= LONGEST_PERIOD; period++) {
    const rounds = Math.min(ROUNDS, Math.floor((to - from) / period) - 1);
    if (rounds < FEWEST_ROUNDS) return 0;
    const begin = to - (rounds + 1) * period;
    const last = points.subarray(begin * n, to * n);
    if (!last.length || !last.every(Number.isFinite)) return 0;
    let back = 0;
    for (let i = period * n; i < last.length; i++) back = Math.max(back, Math.abs(last[i] - last[i - period * n]));
    const wide = width(points, n, begin, to);
    if (wide > rounding(last) && back <= SAME * wide) return period;
  }
  return 0;
}

function repeats(points, n, from, to) {
  const last = points.subarray(Math.max(from, to - FEWEST_ROUNDS) * n, to * n);
  if (last.length < FEWEST_ROUNDS * n) return false;
  return width(points, n, to - FEWEST_ROUNDS, to) <= rounding(last);
}

/** Whether values end above their first one and still rise: each of the last two quarters above the one before. */
export function stillRising(values) {
  const known = values.filter(Number.isFinite);
  const count = known.length;
  if (count < FEWEST || !(known[count - 1] > known[0])) return false;
  if (count < 2 * PARTS) return known.every((value, i) => !i || value > known[i - 1]);
  const part = Math.floor(count / PARTS);
  const [first, second, third] = [3, 2, 1].map((k) => known.slice(count - k * part, count - (k - 1) * part));
  return least(third) > most(second) && least(second) > most(first);
}

/** {trend, period} of rows of which the last `tail` were accepted one after the other. */
export function trendOf(values, points, n, tail) {
  const count = values.length;
  const begin = count - tail;
  const period = periodOf(points, n, begin, count);
  if (period && width(points, n, Math.max(0, count - 2 * period), count) > WIDE * width(points, n, 0, count)) {
    return { trend: "cycle", period };
  }
  if (!period && begin > 0 && repeats(points, n, 0, begin) && !repeats(points, n, begin, count)) {
    return { trend: "cycle", period: 0 };
  }
  let spaced = values;
  if (tail > 1 && tail < count && begin > 2 * PARTS) spaced = Float64Array.of(...values.subarray(0, begin), values[count - 1]);
  const known = spaced.filter(Number.isFinite);
  const ending = known.slice(-2 * PARTS);
  if (known.length < 2 || spread(ending) <= rounding(ending)) return { trend: "level", period: 0 };
  if (stillRising(spaced)) return { trend: "rising", period: 0 };
  const part = known.length >= 2 * PARTS ? Math.floor(known.length / PARTS) : 1;
  const falls = most(known.slice(-part)) < least(known.slice(known.length - 2 * part, known.length - part));
  return { trend: falls ? "falling" : "swinging", period: 0 };
}
