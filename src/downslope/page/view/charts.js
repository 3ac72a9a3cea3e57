// Value and gradient norm against steps.

import { Frame, axes, decadeAxis } from "./frame.js";

/** Draws one quantity of all paths against steps, on a logarithmic scale where it is above 0 and spans decades. */
export function drawChart(pen, { width, height, colours, paths, at, quantity, names }) {
  pen.rectangle(0, 0, width, height, colours.paper);
  const last = Math.max(1, ...paths.map((path) => path.length - 1));
  const { low, high, logarithmic } = spanOf(paths, quantity);
  const scale = logarithmic ? Math.log10 : (value) => value;
  const room = (scale(high) - scale(low) || 1) * 0.06;
  const box = { left: 58, top: 24, width: width - 74, height: height - 62 };
  const frame = new Frame(box, [0, last, scale(low) - room, scale(high) + room]);
  if (logarithmic) logarithmicAxes(pen, frame, { colours, names, low, high });
  else axes(pen, frame, colours, { names, lines: true });
  pen.within(box.left, box.top, box.width, box.height, () => {
    const x = frame.x(Math.min(at, last));
    pen.line([x, box.top, x, box.top + box.height], { colour: colours.tangent, dash: [3, 3] });
    for (const path of paths) {
      const points = thinned(path[quantity], path.length, frame, scale);
      pen.line(points, { colour: path.colour, width: 1.75, dash: path.dash });
      const here = Math.min(at, path.length - 1), y = frame.y(scale(path[quantity][here]));
      if (Number.isFinite(y)) pen.circle(frame.x(here), y, 4, { fill: path.colour, colour: colours.halo });
    }
  });
}

function spanOf(paths, quantity) {
  let low = Infinity, high = -Infinity, start = 0;
  for (const path of paths) {
    start = Math.max(start, Math.abs(path[quantity][0]));
    for (let k = 0; k < path.length; k++) {
      const value = path[quantity][k];
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low <= high)) return { low: 0, high: 1, logarithmic: false };
  if (quantity === "norm" && low === 0 && high > 0) low = Math.min(1e-16 * high, high / 10);
  return { low, high, logarithmic: low > 0 && high / low > 30 };
}

/** The line of a column, with the least and the largest of every pixel where there are more points than pixels. */
function thinned(column, length, frame, scale) {
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
      points.push(frame.x(j), Number.isFinite(y) ? y : NaN);
    }
  }
  return points;
}

function logarithmicAxes(pen, frame, { colours, names, low, high }) {
  axes(pen, frame, colours, { names, lines: true, upwards: [] });
  decadeAxis(pen, frame, colours, [low, high], true);
}
