// The curve of a function of one variable with its tangents, and its derivative beneath.

import { arrowsOf, drawArrows } from "./arrows.js";
import { Frame, axes } from "./frame.js";
import { diamond, dots, handle } from "./marks.js";

const POINTS = 400;
const CURVE_PART = 0.68; // of the height is for the curve, the rest for its derivative
const TANGENTS = 12; // steps before the one shown whose tangents are drawn

/** Values and derivatives over the window, and the frames of both pictures. */
export function survey(scene, box, [x0, x1]) {
  const xs = Float64Array.from({ length: POINTS }, (_, k) => x0 + (k / (POINTS - 1)) * (x1 - x0));
  const values = new Float64Array(POINTS), slopes = new Float64Array(POINTS), g = new Float64Array(1), at = new Float64Array(1);
  for (let k = 0; k < POINTS; k++) {
    at[0] = xs[k];
    values[k] = scene.compiled.valueAndGradient(at, g);
    slopes[k] = g[0];
  }
  const gap = 46, upper = { ...box, height: box.height * CURVE_PART - gap / 2 };
  const lower = { ...box, top: box.top + upper.height + gap, height: box.height * (1 - CURVE_PART) - gap / 2 };
  const frame = new Frame(upper, [x0, x1, ...spanOf(values)]);
  return { xs, values, slopes, frame, lower: new Frame(lower, [x0, x1, ...spanOf(slopes, true)]) };
}

/** From low to high, without the outermost hundredths where these are far away. */
function spanOf(values, zero = false) {
  const finite = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (!finite.length) return [-1, 1];
  const at = (part) => finite[Math.round(part * (finite.length - 1))];
  let [low, high] = [at(0), at(1)];
  const middle = at(0.95) - at(0.05);
  if (high - low > 20 * middle && middle > 0) [low, high] = [at(0.02), at(0.98)];
  if (zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - room, high + room];
}

const lineOf = (frame, xs, ys) => {
  const points = new Float64Array(2 * xs.length);
  for (let k = 0; k < xs.length; k++) {
    points[2 * k] = frame.x(xs[k]);
    points[2 * k + 1] = Number.isFinite(ys[k]) ? frame.y(ys[k]) : NaN;
  }
  return points;
};

/** Draws what does not change while the start is dragged. */
export function drawGround(pen, scene) {
  const { colours, ground } = scene, { frame, lower } = ground;
  pen.rectangle(0, 0, scene.width, scene.height, colours.paper);
  const [name] = scene.names;
  axes(pen, frame, colours, { names: ["", `f(${name})`], lines: true });
  axes(pen, lower, colours, { names: [name, `f′(${name})`], lines: true });
  clipped(pen, frame, () => pen.line(lineOf(frame, ground.xs, ground.values), { colour: colours.curve, width: 2.5 }));
  clipped(pen, lower, () => {
    const zero = lower.y(0);
    pen.line([lower.left, zero, lower.left + lower.width, zero], { colour: colours.ink, width: 1 });
    pen.line(lineOf(lower, ground.xs, ground.slopes), { colour: colours.curve, width: 2 });
    for (let k = 0; k + 1 < ground.xs.length; k++) {
      const a = ground.slopes[k], b = ground.slopes[k + 1];
      if (a * b > 0 || !Number.isFinite(a + b) || a === b || Math.abs(a - b) > (lower.y1 - lower.y0) / 4) continue;
      pen.circle(lower.x(ground.xs[k] + (a / (a - b)) * (ground.xs[k + 1] - ground.xs[k])), zero, 4, { fill: colours.minimum, colour: colours.ink });
    }
  });
}

/** Draws the paths on the curve, the tangents of the last steps, and the start. */
export function drawPaths(pen, scene) {
  const { colours, ground, at } = scene, { frame, lower } = ground;
  for (const path of scene.paths) {
    const here = Math.min(at, path.length - 1);
    const points = lineOf(frame, path.x.subarray(0, here + 1), path.value);
    clipped(pen, frame, () => {
      for (let k = Math.max(0, here - TANGENTS); k <= here; k++) {
        tangent(pen, frame, [path.x[k], path.value[k], slopeAt(scene, path.x[k])], { colour: k === here ? path.colour : colours.tangent, width: k === here ? 2 : 1 });
      }
      pen.line(points, { colour: path.colour, width: 1.5, dash: path.dash });
      dots(pen, points, here, { colour: path.colour, colours });
      for (const { from } of path.parts.slice(1)) if (from <= here) diamond(pen, points[2 * from], points[2 * from + 1], { colour: path.colour, colours });
      const rest = arrowsOf(path, here, scene).filter(({ kind }) => kind !== "slope"); // the tangent shows that
      drawArrows(pen, rest, { x: points[2 * here], y: points[2 * here + 1], frame, colour: path.colour, colours });
    });
    clipped(pen, lower, () => {
      const x = path.x[here];
      pen.circle(lower.x(x), lower.y(slopeAt(scene, x)), 5, { fill: path.colour, colour: colours.halo, width: 1.5 });
    });
  }
  const value = scene.compiled.valueAndGradient(Float64Array.from(scene.start), new Float64Array(1));
  if (Number.isFinite(value)) clipped(pen, frame, () => handle(pen, frame.x(scene.start[0]), frame.y(value), colours));
}

function slopeAt(scene, x) {
  const g = new Float64Array(1);
  scene.compiled.valueAndGradient(Float64Array.of(x), g);
  return g[0];
}

function tangent(pen, frame, [x, value, slope], style) {
  const half = (frame.x1 - frame.x0) / 8;
  const ends = [x - half, x + half].flatMap((end) => [frame.x(end), frame.y(value + slope * (end - x))]);
  if (ends.every(Number.isFinite)) pen.line(ends, style);
}

const clipped = (pen, frame, draw) => pen.within(frame.left, frame.top, frame.width, frame.height, draw);
