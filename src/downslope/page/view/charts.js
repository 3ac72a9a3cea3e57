// Value, gradient norm and curvature against steps.

import { Frame, axes, decadeAxis } from "./frame.js";

const LEAST = 1e-4; // of a quantity, by which it has to change to be drawn as wide as the axis

/**
 * Draws one quantity of all paths against steps, on a logarithmic scale where it is above 0 and spans decades. lines are
 * [{steps (null: each), values, colour, dash, at (its value at the step shown, or NaN)}]; marks [{step, colour}] are steps
 * at which a setting was changed.
 */
export function drawChart(pen, { width, height, colours, lines, marks, last, at, names }) {
  pen.rectangle(0, 0, width, height, colours.paper);
  const { low, high, logarithmic } = spanOf(lines);
  const scale = logarithmic ? Math.log10 : (value) => value;
  const size = Math.max(Math.abs(scale(low)), Math.abs(scale(high)));
  const extent = scale(high) - scale(low) > LEAST * size ? scale(high) - scale(low) : 0.1 * size || 1; // else its numbers would all look the same
  const room = extent * 0.06 + (extent - (scale(high) - scale(low))) / 2;
  const box = { left: 58, top: 24, width: width - 74, height: height - 62 };
  const frame = new Frame(box, [0, last, scale(low) - room, scale(high) + room]);
  if (logarithmic) logarithmicAxes(pen, frame, { colours, names, low, high });
  else axes(pen, frame, colours, { names, lines: true });
  pen.within(box.left, box.top, box.width, box.height, () => {
    const x = frame.x(Math.min(at, last));
    pen.line([x, box.top, x, box.top + box.height], { colour: colours.tangent, dash: [3, 3] });
    for (const { step, colour } of marks) pen.line([frame.x(step), box.top, frame.x(step), box.top + box.height], { colour, dash: [1, 3], width: 2 });
    for (const line of lines) pen.line(thinned(line, frame, scale), { colour: line.colour, width: line.thin ? 1 : 1.75, dash: line.dash });
    for (const line of lines) {
      const y = frame.y(scale(line.at));
      if (Number.isFinite(y)) pen.circle(frame.x(Math.min(at, line.last)), y, 4, { fill: line.colour, colour: colours.halo });
    }
  });
}

function spanOf(lines) {
  let low = Infinity, high = -Infinity;
  for (const { values } of lines) {
    for (let k = 0; k < values.length; k++) {
      const value = values[k];
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low <= high)) return { low: 0, high: 1, logarithmic: false };
  if (lines.some((line) => line.positive) && low === 0 && high > 0) low = Math.min(1e-16 * high, high / 10);
  return { low, high, logarithmic: low > 0 && high / low > 30 };
}

/** The line of a column, with the least and the largest of every pixel where there are more points than pixels. */
function thinned({ values: column, steps }, frame, scale) {
  const length = column.length;
  const every = Math.max(1, Math.floor((2 * length) / frame.width));
  const points = [];
  for (let k = 0; k < length; k += every) {
    let low = k, high = k;
    for (let j = k; j < Math.min(k + every, length); j++) {
      if (column[j] < column[low]) low = j;
      if (column[j] > column[high]) high = j;
    }
    for (const j of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      const y = frame.y(scale(column[j]));
      points.push(frame.x(steps ? steps[j] : j), Number.isFinite(y) ? y : NaN);
    }
  }
  return points;
}

function logarithmicAxes(pen, frame, { colours, names, low, high }) {
  axes(pen, frame, colours, { names, lines: true, upwards: [] });
  decadeAxis(pen, frame, colours, [low, high], true);
}
