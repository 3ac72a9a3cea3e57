// The map of a function of two variables: ground, level lines, paths.

import { arrowsOf, drawArrows } from "./arrows.js";
import { chooseLevels, segments } from "./contours.js";
import { Frame, axes } from "./frame.js";
import { diamond, dots, handle } from "./marks.js";

const LEVELS = 14;
const CELL = 5; // pixels of the screen between two points of the grid
const MOST_COLUMNS = 180;
const MOST_VALUES = 1_000_000; // of rows of a table, for a map of their cost

/** What of a map does not change while the start is dragged: values on a grid, levels and their lines. */
export function survey(scene, box, view) {
  const frame = new Frame(box, view);
  const most = Math.min(MOST_COLUMNS, Math.floor(Math.sqrt(MOST_VALUES / (scene.compiled.work ?? 1))));
  const columns = Math.max(12, Math.min(most, Math.round(frame.width / CELL)));
  const rows = Math.max(12, Math.min(most, Math.round(frame.height / CELL)));
  const along = (count, low, high) => Float64Array.from({ length: count }, (_, k) => low + (k / (count - 1)) * (high - low));
  const values = new Float64Array(columns * rows);
  const across = along(columns, frame.x0, frame.x1), upwards = along(rows, frame.y0, frame.y1);
  scene.compiled.grid(0, 1, across, upwards, Float64Array.from(scene.start), values);
  const { levels, rank } = chooseLevels(values, LEVELS, scene.maximize);
  const lines = levels.map((level) => segments(values, columns, rows, level));
  return { frame, columns, rows, values, levels, rank, lines };
}

/** The ground as a small picture: low ground in the one colour, high in the other. */
function shade({ columns, rows, values, rank }, colours) {
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: columns, height: rows });
  const context = picture.getContext("2d");
  const pixels = context.createImageData(columns, rows);
  const [low, high] = colours.ground;
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const value = values[(rows - 1 - j) * columns + i], k = 4 * (j * columns + i), part = rank(value);
      for (let c = 0; c < 3; c++) pixels.data[k + c] = low[c] + part * (high[c] - low[c]);
      pixels.data[k + 3] = Number.isFinite(value) ? 255 : 0;
    }
  }
  context.putImageData(pixels, 0, 0);
  return picture;
}

/** Draws what does not change while the start is dragged. */
export function drawGround(pen, scene) {
  const { frame, colours, ground } = scene;
  const { left, top, width, height } = frame;
  pen.rectangle(0, 0, scene.width, scene.height, colours.paper);
  pen.rectangle(left, top, width, height, colours.undefined);
  const dx = width / (ground.columns - 1), dy = height / (ground.rows - 1);
  pen.within(left, top, width, height, () => {
    pen.image(shade(ground, colours), left - dx / 2, top - dy / 2, width + dx, height + dy);
    for (const line of ground.lines) {
      const placed = new Float64Array(line.length);
      for (let i = 0; i < line.length; i += 2) {
        placed[i] = left + line[i] * dx;
        placed[i + 1] = top + height - line[i + 1] * dy;
      }
      pen.segments(placed, { colour: colours.tangent, width: 1, alpha: 0.55 });
    }
  });
  axes(pen, frame, colours, { names: scene.names });
  pen.within(left, top, width, height, () => {
    for (const [x, y] of scene.minimisers) star(pen, frame.x(x), frame.y(y), colours);
  });
}

function star(pen, x, y, colours) {
  const points = [];
  for (let k = 0; k <= 10; k++) {
    const radius = k % 2 ? 3 : 7, angle = (k * Math.PI) / 5 - Math.PI / 2;
    points.push(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  pen.line(points, { colour: colours.ink, width: 3 });
  pen.line(points, { colour: colours.minimum, width: 1.5 });
}

/** Draws the paths, bold up to the step that is shown, and the start. */
export function drawPaths(pen, scene) {
  const { frame, colours, at } = scene;
  pen.within(frame.left, frame.top, frame.width, frame.height, () => {
    scene.paths.forEach((path) => {
      const points = new Float64Array(2 * path.length);
      for (let k = 0; k < path.length; k++) {
        points[2 * k] = near(frame.x(path.x[2 * k]), scene.width);
        points[2 * k + 1] = near(frame.y(path.x[2 * k + 1]), scene.height);
      }
      const here = Math.min(at, path.length - 1);
      const { colour, dash } = path;
      pen.line(points, { colour, width: 1.5, dash, alpha: here < path.length - 1 ? 0.45 : 1 });
      pen.line(points.subarray(0, 2 * here + 2), { colour: colours.halo, width: 4.5, alpha: 0.6 });
      pen.line(points.subarray(0, 2 * here + 2), { colour, width: 2.25, dash });
      dots(pen, points, here, { colour, colours });
      for (const { from } of path.parts.slice(1)) diamond(pen, points[2 * from], points[2 * from + 1], { colour, colours });
      drawArrows(pen, arrowsOf(path, here, scene), { x: points[2 * here], y: points[2 * here + 1], frame, colour, colours });
    });
    handle(pen, frame.x(scene.start[0]), frame.y(scene.start[1]), colours);
  });
}

const near = (pixel, size) => Math.min(50 * size, Math.max(-50 * size, pixel)); // far outside, where a canvas loses its way
