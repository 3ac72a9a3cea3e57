// The word for an end (descent/termination.py), from what descent/observing.py reads off a run.

import { CAUSES, LEAVING, LIMITS, SETTINGS, STATUSES } from "./judge.js";
import { trendOf } from "./trend.js";

const { FAR, JUMP, ROUNDING } = SETTINGS;
const largest = (v) => v.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Whether a point is so far out that what fails there is an overflow, not the edge of a domain. */
function isFar(point, start, isNaN) {
  return largest(point) > (isNaN ? FAR : JUMP * (1 + largest(start)));
}

/** {cause, status, period} of a run that ended by a code, outside or not, with what it reports. */
export function statusOf(run, code, outside, reported) {
  const { x, last, start, step, n } = run;
  const isNaN = code === CAUSES.VALUE_NAN;
  if (outside && isNaN && step >= 0 && x.some(Number.isNaN) && !isFar(last, start, true)) {
    return { cause: CAUSES.STEP_NOT_FINITE, status: STATUSES[CAUSES.STEP_NOT_FINITE], period: 0 };
  }
  if (LEAVING.includes(code) || (code === CAUSES.VALUE_LOW && step < 0)) {
    const point = step < 0 || x.every(Number.isFinite) ? x : last;
    const far = isFar(point, start, isNaN) || x.some((c) => Math.abs(c) === Infinity);
    const word = far && step >= 0 ? CAUSES.VALUE_HIGH : CAUSES.VALUE_NAN; // -inf at the start is a pole
    return { cause: code, status: STATUSES[word], period: 0 };
  }
  if (!LIMITS.includes(code)) return { cause: code, status: STATUSES[code], period: 0 };
  const { values, points, tail } = run.rows.written(run);
  const { trend, period } = trendOf(values, points, n, tail);
  const value = reported ? run.sign * reported.value : run.lastValue;
  const first = run.firstValue;
  const slack = ROUNDING * Number.EPSILON * Math.max(Math.abs(first), Math.abs(value));
  const worse = step >= 1 && Number.isFinite(first) && Number.isFinite(value) && value > first + slack;
  const diverged = trend === "rising" && worse && step > 0;
  return { cause: code, status: STATUSES[diverged ? CAUSES.VALUE_HIGH : code], period };
}
