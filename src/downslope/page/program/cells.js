// Maps of which every cell is a run of its own: where it ends, over starts, or over rates and starts.

import { endsOf } from "./ends.js";

/** The middle of cell k of so many between two ends. */
export const middleOf = (k, count, low, high) => low + ((k + 0.5) / count) * (high - low);

/**
 * The rows from..to (without the last) of a map, from below; cell (i, j) of a row is at [(j - from)*columns + i].
 *
 * kind "ends": window [x0, x1, y0, y1] is of the two coordinates. kind "rates": across is the first coordinate, the
 * others are those of start, and upwards the logarithm to base 10 of the learning rate. options are those of endsOf.
 */
export function cellsOf(compiled, { kind, columns, rows, from, to, window: [x0, x1, y0, y1], start, options }) {
  const n = compiled.names.length, count = (to - from) * columns;
  const starts = new Float64Array(count * n), rates = kind === "rates" ? new Float64Array(count) : null;
  for (let j = from; j < to; j++) {
    const upwards = middleOf(j, rows, y0, y1), rate = rates ? 10 ** upwards : 0;
    for (let i = 0; i < columns; i++) {
      const cell = (j - from) * columns + i;
      for (let k = 0; k < n; k++) starts[cell * n + k] = start[k];
      starts[cell * n] = middleOf(i, columns, x0, x1);
      if (rates) rates[cell] = rate;
      else starts[cell * n + 1] = upwards;
    }
  }
  return endsOf(compiled, starts, { ...options, rates });
}
