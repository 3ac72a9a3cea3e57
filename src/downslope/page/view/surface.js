// The map as a surface in three dimensions, turned by dragging: faces from back to front, without WebGL.

import { chooseLevels } from "./contours.js";
import { Frame } from "./frame.js";
import { point as said, shown } from "./numbers.js";

const CELLS = 44; // faces along each side
const LEVELS = 14;
const HEIGHT = 0.55; // of the surface, in sides of its ground
const LIGHT = [0.4, -0.5, 0.77];

/** Values on a grid, with their places between the lowest (0) and the highest (1). */
export function survey(scene, box, view) {
  const [x0, x1, y0, y1] = view, count = CELLS + 1;
  const along = (low, high) => Float64Array.from({ length: count }, (_, k) => low + (k / CELLS) * (high - low));
  const values = new Float64Array(count * count);
  scene.compiled.grid(0, 1, along(x0, x1), along(y0, y1), Float64Array.from(scene.start), values);
  const { rank } = chooseLevels(values, LEVELS, scene.maximize);
  return { frame: new Frame(box, view), values, ranks: values.map((value) => (Number.isFinite(value) ? rank(value) : NaN)), rank };
}

/** From the ground's [0, 1] x [0, 1] and a height to the screen: x, y, and how far it is away. */
function eye({ frame, turn: [around, above] }) {
  const [c, s, cs, sn] = [Math.cos(around), Math.sin(around), Math.cos(above), Math.sin(above)];
  const size = 0.62 * Math.min(frame.width, 1.35 * frame.height), [mx, my] = [frame.left + frame.width / 2, frame.top + frame.height / 2];
  return (u, v, w) => {
    const [x, y, z] = [u - 0.5, v - 0.5, HEIGHT * (w - 0.5)], across = x * c - y * s, deep = x * s + y * c;
    return [mx + size * across, my - size * (z * cs + deep * sn), deep * cs - z * sn];
  };
}

/** Nothing is still while the surface is turned. */
export function drawGround(pen, { width, height, colours }) {
  pen.rectangle(0, 0, width, height, colours.paper);
}

export function drawPaths(pen, scene) {
  const { frame, ground, colours, at, names } = scene, to = eye(scene);
  pen.within(frame.left - 40, 0, frame.width + 56, scene.height, () => {
    faces(pen, scene, to);
    edges(pen, scene, to);
    const place = (x, y, value) => to((x - frame.x0) / (frame.x1 - frame.x0), (y - frame.y0) / (frame.y1 - frame.y0), ground.rank(value) + 0.01);
    const inside = (x, y) => x >= frame.x0 && x <= frame.x1 && y >= frame.y0 && y <= frame.y1;
    for (const path of scene.paths) {
      const here = Math.min(at, path.length - 1), points = [];
      for (let k = 0; k <= here; k++) {
        const x = path.x[2 * k], y = path.x[2 * k + 1];
        points.push(...(inside(x, y) ? place(x, y, path.value[k]).slice(0, 2) : [NaN, NaN]));
      }
      pen.line(points, { colour: colours.halo, width: 4.5, alpha: 0.7 });
      pen.line(points, { colour: path.colour, width: 2.25, dash: path.dash });
      const [x, y] = points.slice(-2);
      if (x === x) pen.circle(x, y, 5, { fill: path.colour, colour: colours.halo, width: 1.5 });
    }
    const [x, y] = scene.start;
    if (inside(x, y)) pen.circle(...place(x, y, scene.compiled.value(Float64Array.from(scene.start))).slice(0, 2), 6, { fill: colours.paper, colour: colours.ink, width: 2 });
  });
  pen.text(frame.left, scene.height - 8, `${said(names, scene.start, 3)}; f: ${shown(Math.min(...ground.values.filter(Number.isFinite)), 3)} – ${shown(Math.max(...ground.values.filter(Number.isFinite)), 3)}`, { colour: colours.faint, size: 12 });
}

/** The faces, the farthest first; the steeper against the light, the darker. */
function faces(pen, { ground: { ranks }, colours }, to) {
  const found = [], count = CELLS + 1, [low, high] = colours.ground;
  for (let j = 0; j < CELLS; j++) {
    for (let i = 0; i < CELLS; i++) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], heights = corners.map(([a, b]) => ranks[b * count + a]);
      if (heights.some(Number.isNaN)) continue;
      const placed = corners.map(([a, b], k) => to(a / CELLS, b / CELLS, heights[k]));
      const [dx, dy] = [heights[1] - heights[0], heights[3] - heights[0]].map((rise) => rise * CELLS * HEIGHT), length = Math.hypot(dx, dy, 1);
      const light = 0.72 + 0.28 * Math.max(-1, (LIGHT[2] - LIGHT[0] * dx - LIGHT[1] * dy) / length);
      const part = (heights[0] + heights[2]) / 2;
      const fill = `rgb(${low.map((c, k) => Math.round(Math.min(255, light * (c + part * (high[k] - c)))))})`;
      found.push({ far: placed.reduce((sum, [, , deep]) => sum + deep, 0), points: placed.flatMap(([x, y]) => [x, y]), fill });
    }
  }
  found.sort((a, b) => b.far - a.far);
  for (const { points, fill } of found) pen.polygon(points, { fill, colour: colours.tangent, width: 0.4 });
}

/** The names of the axes at the edges of the ground. */
function edges(pen, { names, colours }, to) {
  for (const [name, u, v] of [[names[0], 0.5, -0.08], [names[1], 1.08, 0.5]]) {
    const [x, y] = to(u, v, 0);
    pen.text(x, y, name, { colour: colours.ink, size: 13, align: "center", baseline: "middle" });
  }
}
