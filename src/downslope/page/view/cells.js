// A map of runs in colours: the hue is the point where a run ended, darker after more steps; other ends have their own.

import { CAUSES, LEAVING, SETTINGS, STATUSES } from "../program/judge.js";
import { hessian } from "./descents.js";
import { page } from "./dom.js";

const SAME = 1e-3; // part of the width of starts and ends: two ends so near each other are one
const MOST = 50; // points that are told apart
const FLAT = 1e-6; // part of the largest curvature that is none
const GOOD = new Set(["converged", "target_reached"]);

const quantile = (sorted, part) => sorted[Math.round(part * (sorted.length - 1))];

/** The points at which runs came to rest, most runs first, with for each run which of them it is; -1 for none. */
export function endPoints(map, compiled) {
  const n = map.request.start.length, which = new Int8Array(map.steps.length).fill(-1), found = [];
  const near = Array.from({ length: n }, (_, k) => SAME * widthOf(map, k, n));
  for (let run = 0; run < which.length; run++) {
    if (!GOOD.has(STATUSES[map.cause[run]])) continue;
    const x = map.x.subarray(run * n, run * n + n);
    let place = found.findIndex((one) => x.every((value, k) => Math.abs(value - one.x[k]) <= near[k]));
    if (place < 0 && found.length < MOST) place = found.push({ x: Array.from(x), runs: 0 }) - 1;
    if (place < 0) continue;
    found[place].runs++;
    which[run] = place;
  }
  const order = found.map((_, k) => k).sort((a, b) => found[b].runs - found[a].runs);
  const rank = new Map(order.map((old, k) => [old, k]));
  return { points: order.map((k) => ({ ...found[k], saddle: isSaddle(compiled, found[k].x) })), which: which.map((place) => (place < 0 ? -1 : rank.get(place))) };
}

function widthOf(map, k, n) {
  const { window, kind } = map.request, ends = [];
  for (let run = 0; run < map.steps.length; run += 7) if (GOOD.has(STATUSES[map.cause[run]])) ends.push(map.x[run * n + k]);
  ends.sort((a, b) => a - b);
  const own = k === 0 || kind === "ends" ? window.slice(2 * k, 2 * k + 2) : [];
  const all = [...own, ...(ends.length ? [quantile(ends, 0.01), quantile(ends, 0.99)] : [])];
  return all.length ? Math.max(...all) - Math.min(...all) || Math.max(1e-9, ...all.map(Math.abs)) : 1;
}

function isSaddle(compiled, x) {
  const matrix = hessian(compiled, Float64Array.from(x));
  if (matrix.length === 1) return false;
  const [[a, b], [c, d]] = matrix, off = (b + c) / 2, middle = (a + d) / 2, radius = Math.hypot((a - d) / 2, off);
  return (middle + radius) * (middle - radius) < 0 && Math.min(Math.abs(middle + radius), Math.abs(middle - radius)) > FLAT * Math.abs(middle + radius);
}

/** The map as a small picture of one pixel a cell, and what its colours mean: [{colour, point, runs} or {colour, status, runs}]. */
export function paint(map, compiled, colours) {
  const { columns, rows, steps, cause, request } = map;
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: columns, height: rows });
  const context = picture.getContext("2d"), pixels = context.createImageData(columns, rows);
  const ended = request.kind === "ends" ? endPoints(map, compiled) : null;
  const logs = Float64Array.from(steps, (count) => Math.log(Math.max(1, count)));
  const good = logs.filter((_, run) => GOOD.has(STATUSES[cause[run]])).sort();
  const [low, high] = good.length ? [quantile(good, 0.01), quantile(good, 0.99)] : [0, 0];
  const part = (run) => (high > low ? Math.min(1, Math.max(0, (logs[run] - low) / (high - low))) : 0);
  const meaning = new Map();
  for (let run = 0; run < steps.length; run++) {
    const one = meantBy(run, { map, ended, colours, part });
    const known = meaning.get(one.key);
    if (known) known.runs++;
    else meaning.set(one.key, { ...one, runs: 1 });
    const place = 4 * ((rows - 1 - Math.floor(run / columns)) * columns + (run % columns));
    for (let c = 0; c < 3; c++) pixels.data[place + c] = parseInt(one.colour.slice(1 + 2 * c, 3 + 2 * c), 16);
    pixels.data[place + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return { picture, meaning: [...meaning.values()].sort((a, b) => b.runs - a.runs), fastest: Math.round(Math.exp(low)), slowest: Math.round(Math.exp(high)) };
}

/** Whether a run was so far out that what failed there is an overflow, not the edge of a domain (program/status.js). */
function isFar({ x, request: { window, start } }, run) {
  const n = start.length, begin = Math.max(...window.slice(0, 2 * n).map(Math.abs));
  return x.subarray(run * n, run * n + n).some((value) => Math.abs(value) > SETTINGS.JUMP * (1 + begin));
}

/** What a run ended as: its colour, that of the legend, and the point or the status. */
function meantBy(run, { map, ended, colours, part }) {
  const status = LEAVING.includes(map.cause[run]) && isFar(map, run) ? STATUSES[CAUSES.VALUE_HIGH] : STATUSES[map.cause[run]];
  if (!GOOD.has(status)) return { key: status, status, colour: colours.status[status], shown: colours.status[status] };
  const { shades, scale } = page.colours;
  const pick = (list) => list[Math.round(part(run) * (list.length - 1))];
  if (!ended) return { key: status, status, colour: pick(scale), shown: scale[scale.length >> 1] };
  const place = ended.which[run], point = ended.points[place];
  if (!point || point.saddle) return { key: `at ${place}`, point, colour: colours.ink, shown: colours.ink };
  const hue = shades[Math.min(place, shades.length - 1)];
  return { key: `at ${place}`, point, colour: pick(hue), shown: hue[hue.length >> 1] };
}
