// Windows, scales and axes.

import { decades, shown, ticks } from "./numbers.js";

/** Where a picture's axes are, and what they show. */
export class Frame {
  constructor(box, [x0, x1, y0, y1]) {
    Object.assign(this, box, { x0, x1, y0, y1 });
  }

  x(value) {
    return this.left + ((value - this.x0) / (this.x1 - this.x0)) * this.width;
  }

  y(value) {
    return this.top + this.height - ((value - this.y0) / (this.y1 - this.y0)) * this.height;
  }

  atX(pixel) {
    return this.x0 + ((pixel - this.left) / this.width) * (this.x1 - this.x0);
  }

  atY(pixel) {
    return this.y0 + ((this.top + this.height - pixel) / this.height) * (this.y1 - this.y0);
  }
}

/** Lines, numbers and names of the axes. */
export function axes(pen, frame, colours, { names, lines = false, upwards = null }) {
  const size = 12;
  const bottom = frame.top + frame.height, style = { colour: colours.faint, size };
  for (const value of ticks(frame.x0, frame.x1, frame.width / 75)) {
    const x = frame.x(value);
    if (lines) pen.line([x, frame.top, x, bottom], { colour: colours.grid });
    pen.line([x, bottom, x, bottom + 4], { colour: colours.faint });
    pen.text(x, bottom + 7, shown(value), { ...style, align: "center", baseline: "top" });
  }
  for (const value of upwards ?? ticks(frame.y0, frame.y1, frame.height / 45)) {
    const y = frame.y(value);
    if (lines) pen.line([frame.left, y, frame.left + frame.width, y], { colour: colours.grid });
    pen.line([frame.left - 4, y, frame.left, y], { colour: colours.faint });
    pen.text(frame.left - 7, y, shown(value), { ...style, align: "end", baseline: "middle" });
  }
  const { left, top, width, height } = frame;
  pen.line([left, top, left + width, top, left + width, bottom, left, bottom, left, top], { colour: colours.faint });
  const [across, upright] = names;
  pen.text(left + width, bottom + 22, across, { colour: colours.ink, size: size + 1, align: "end", baseline: "top" });
  pen.text(left, top - 8, upright, { colour: colours.ink, size: size + 1, align: "center" });
}

/** Lines and numbers of an upright axis of logarithms to base 10, which goes from the first number to the second. */
export function decadeAxis(pen, frame, colours, [low, high], lines = false) {
  for (const value of decades(low, high, frame.height / 28)) {
    const y = frame.y(Math.log10(value));
    pen.line([frame.left - (lines ? 0 : 4), y, frame.left + (lines ? frame.width : 0), y], { colour: lines ? colours.grid : colours.faint });
    pen.text(frame.left - 7, y, shown(value), { colour: colours.faint, size: 12, align: "end", baseline: "middle" });
  }
}

const PART = 0.12; // of a window that is left free around what it shows
const FAR = 4; // times as far as start and end are apart may a path be followed

/** The least window around points, with room around them; the same in both ways where it has no extent. */
export function around(points) {
  const spans = [0, 1].map((i) => {
    const values = points.map((point) => point[i]).filter(Number.isFinite);
    return values.length ? [Math.min(...values), Math.max(...values)] : [-1, 1];
  });
  const widest = Math.max(...spans.map(([low, high]) => high - low)) || 2;
  return spans.flatMap(([low, high]) => {
    const half = Math.max((high - low) / 2, widest / 5) * (1 + 2 * PART), middle = (low + high) / 2;
    return [middle - half, middle + half];
  });
}

/** Points of paths that are worth showing: of one that runs away, only its beginning. */
export function worthShowing(paths, start, n, known) {
  const points = [Array.from(start), ...known];
  const reach = Math.max(1, ...points.flatMap((point) => point.map(Math.abs)));
  for (const path of paths) {
    const ended = path.x.subarray((path.length - 1) * n);
    const span = Math.max(reach, ended.every((value) => Math.abs(value) <= 100 * reach) ? Math.max(...ended.map(Math.abs)) : 0);
    const every = Math.max(1, Math.floor(path.length / 500));
    for (let k = 0; k < path.length; k += every) {
      const point = Array.from(path.x.subarray(k * n, k * n + n));
      if (point.some((value) => !(Math.abs(value) <= FAR * span))) break;
      points.push(point);
    }
    if (ended.length && ended.every((value) => Math.abs(value) <= FAR * span)) points.push(Array.from(ended));
  }
  return points;
}
