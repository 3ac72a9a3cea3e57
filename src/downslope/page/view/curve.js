// The curve of a function of one variable with its tangents, and its derivative beneath.

import { arrowsOf, drawArrows } from "./arrows.js";
import { Frame, axes } from "./frame.js";
import { diamond, dots, handle } from "./marks.js";

const POINTS = 400;
const CURVE_PART = 0.68; // of the height is for the curve, the rest for its derivative
const FLAT = 1e-9; // part of the steepest slope that is none
const NOTHING = 1e-12; // part of the window that is no distance from 0
const HIGHER = 2; // times the height that paths span, which may be seen above them
const STEEPER = 1.5; // times the steepest slope of a path, which may be seen
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
  const reach = scene.paths.flatMap((path) => [path.value[0], path.value.at(-1)]).filter(Number.isFinite);
  const frame = new Frame(upper, [x0, x1, ...spanOf(values, { reach })]);
  const zeros = zerosOf(scene, xs, slopes);
  const steepest = STEEPER * Math.max(0, ...scene.paths.map((path) => largest(path.norm)));
  const [low, high] = spanOf(slopes, { zero: true }), flat = steepest > 0 && Number.isFinite(steepest);
  const span = flat ? [Math.max(low, -steepest), Math.min(high, steepest)] : [low, high];
  return { xs, values, slopes, zeros, frame, lower: new Frame(lower, [x0, x1, ...span]) };
}

const largest = (values) => values.reduce((most, value) => (value > most ? value : most), 0);

/** Where the derivative changes its sign without a jump, to the last digits. */
function zerosOf(scene, xs, slopes) {
  const found = [], steepest = slopes.reduce((most, slope) => (Math.abs(slope) > most ? Math.abs(slope) : most), 0);
  for (let k = 0; k + 1 < xs.length; k++) {
    if (slopes[k] === 0) found.push(xs[k]);
    if (!(slopes[k] * slopes[k + 1] < 0)) continue;
    let [low, high] = [xs[k], xs[k + 1]];
    for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
      if (slopeAt(scene, middle) * slopes[k] > 0) low = middle;
      else high = middle;
    }
    if (Math.abs(slopeAt(scene, low)) <= FLAT * steepest && Math.abs(slopeAt(scene, high)) <= FLAT * steepest) found.push(Math.abs(low) <= NOTHING * (xs.at(-1) - xs[0]) ? 0 : low);
  }
  return found;
}

/** From low to high, without the outermost hundredths where these are far away, nor heights far above what paths reach. */
function spanOf(values, { zero = false, reach = [] }) {
  const finite = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (!finite.length) return [-1, 1];
  const at = (part) => finite[Math.round(part * (finite.length - 1))];
  let [low, high] = [at(0), at(1)];
  const middle = at(0.95) - at(0.05);
  if (high - low > 20 * middle && middle > 0) [low, high] = [at(0.02), at(0.98)];
  if (reach.length) {
    const [least, most] = [Math.min(...reach), Math.max(...reach)], room = HIGHER * (most - Math.min(low, least)) || high - low;
    [low, high] = [Math.max(low, least - room), Math.min(high, most + room)];
  }
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
    for (const x of ground.zeros) pen.circle(lower.x(x), zero, 4, { fill: colours.minimum, colour: colours.ink });
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
  if (scene.setting.secant !== null && scene.paths[0]?.length) secant(pen, scene, secantOf(scene));
  const value = scene.compiled.valueAndGradient(Float64Array.from(scene.start), new Float64Array(1));
  if (Number.isFinite(value)) clipped(pen, frame, () => handle(pen, frame.x(scene.start[0]), frame.y(value), colours));
}

/** The secant at the point shown of the first path: {x, h, value, other, slope, derivative}. */
export function secantOf({ compiled, paths: [path], at, setting: { secant: h } }) {
  const x = path.x[Math.min(at, path.length - 1)], [value, other] = [x, x + h].map((place) => compiled.value(Float64Array.of(place)));
  return { x, h, value, other, slope: (other - value) / h, derivative: slopeAt({ compiled }, x) };
}

function secant(pen, { colours, ground: { frame } }, { x, h, value, other, slope }) {
  clipped(pen, frame, () => {
    const ends = [frame.x0, frame.x1].flatMap((end) => [frame.x(end), frame.y(value + slope * (end - x))]);
    if (ends.every(Number.isFinite)) pen.line(ends, { colour: colours.ink, width: 1.5, dash: [6, 4] });
    for (const [place, height] of [[x, value], [x + h, other]]) if (Number.isFinite(height)) pen.circle(frame.x(place), frame.y(height), 5, { fill: colours.ink, colour: colours.halo });
  });
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
