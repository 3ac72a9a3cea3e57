// Pictures of which every cell is a run: where each start ends, and the learning rate against the start.

import { paint } from "./cells.js";
import { element, page, say } from "./dom.js";
import { Frame, axes, decadeAxis } from "./frame.js";
import * as map from "./map.js";
import { handle } from "./marks.js";
import { point, shown } from "./numbers.js";

const LEAST_STEPS = 200, MOST_STEPS = 1000; // of a run on a map
const TOLERANCE = 1e-6; // where the page's own runs stop at no gradient norm
const ABOVE = 1, BELOW = 2; // powers of ten around the learning rate
const MOST_POINTS = 8; // in the legend

/** The learning rate of a method, or undefined. */
export const rateOf = (method) => method.hyperparameters.get("learning_rate");

/** The window of the logarithm of the learning rate: the one there was, where the rate is in it. */
export function rateWindow(method, old) {
  const place = Math.log10(rateOf(method));
  return old && place >= old[0] && place <= old[1] ? old : [Math.floor(2 * place) / 2 - BELOW, Math.floor(2 * place) / 2 + ABOVE];
}

/** What a map of runs is asked for. */
export function requestOf({ setting, start, text, names, mapped, fit }, window) {
  const kind = setting.picture, { rule, hyperparameters, schedule } = mapped;
  const fixed = start.map((value, k) => (k === 0 || kind === "ends" ? 0 : value)); // what a map goes over is no part of the question
  const numbers = Object.fromEntries(hyperparameters);
  if (kind === "rates") delete numbers.learning_rate;
  const steps = Math.min(MOST_STEPS, Math.max(LEAST_STEPS, setting.steps));
  const options = { rule, hyperparameters: numbers, schedule, steps, tolerance: setting.tolerance || TOLERANCE, maximize: setting.maximize };
  return { kind, formula: text, fit: fit?.request, names, window, start: fixed, options };
}

/** Frame and cells; the last map stays where it was until there is a newer one. */
export function survey(scene, box, view) {
  return { frame: new Frame(box, scene.setting.picture === "rates" ? [view[0], view[1], ...scene.rates] : view) };
}

/** A map in colours, with what they mean. */
export const painted = (found, scene) => ({ ...paint(found, scene.compiled, scene.colours), map: found });

export function drawGround(pen, scene) {
  const { frame, colours, painted: cells } = scene, { left, top, width, height } = frame;
  const rates = scene.setting.picture === "rates";
  pen.rectangle(0, 0, scene.width, scene.height, colours.paper);
  pen.rectangle(left, top, width, height, colours.undefined);
  pen.within(left, top, width, height, () => {
    if (!cells || cells.map.request.kind !== scene.setting.picture) return;
    const [x0, x1, y0, y1] = cells.map.request.window;
    pen.image(cells.picture, frame.x(x0), frame.y(y1), frame.x(x1) - frame.x(x0), frame.y(y0) - frame.y(y1), false);
    if (rates) return;
    for (const { point: end } of cells.meaning) {
      if (end && !end.saddle) pen.circle(frame.x(end.x[0]), frame.y(end.x[1]), 5, { fill: colours.minimum, colour: colours.ink, width: 1.5 });
    }
  });
  if (rates) {
    axes(pen, frame, colours, { names: [scene.names[0], "η"], upwards: [] });
    decadeAxis(pen, frame, colours, [10 ** frame.y0, 10 ** frame.y1]);
  } else axes(pen, frame, colours, { names: scene.names });
}

export function drawPaths(pen, scene) {
  if (scene.setting.picture === "ends") return map.drawPaths(pen, scene);
  const { frame, colours } = scene, x = frame.x(scene.start[0]), y = frame.y(Math.log10(rateOf(scene.mapped)));
  return pen.within(frame.left, frame.top, frame.width, frame.height, () => {
    for (const line of [[frame.left, y, frame.left + frame.width, y], [x, frame.top, x, frame.top + frame.height]]) {
      pen.line(line, { colour: colours.paper, width: 3, alpha: 0.7 });
      pen.line(line, { colour: colours.ink, dash: [3, 3] });
    }
    handle(pen, x, y, colours);
  });
}

/** What the colours mean, and of how many runs the map is. */
export function legendOf({ meaning, map: { request, columns, rows }, fastest, slowest }) {
  const { rule, steps, tolerance } = request.options, rates = request.kind === "rates";
  const points = meaning.filter((one) => one.point).slice(0, MOST_POINTS), others = meaning.filter((one) => !one.point && !("point" in one));
  const items = [...points, ...others].map((one) => {
    const runs = one.runs.toLocaleString(page.language);
    const swatch = element("span", { class: "cell", "aria-hidden": "true" });
    swatch.style.background = one.shown;
    if (!one.point) return element("li", {}, swatch, say("runs_status", { status: say(`status_${one.status}`), runs }));
    const key = one.point.saddle ? "runs_saddle" : "runs_point";
    return element("li", {}, swatch, say(key, { point: point(request.names, one.point.x, 3), runs }));
  });
  const size = say("cells", { across: columns, upwards: rows, rule, steps, tolerance: shown(tolerance) });
  if (request.kind === "ends" && !points.length) items.unshift(element("li", {}, say("cells_none", { steps, tolerance: shown(tolerance) })));
  const shade = fastest < slowest ? say(rates ? "shade_rates" : "shade_ends", { fewest: fastest, most: slowest }) : "";
  return [element("p", { class: "faint" }, `${size} ${shade}`), element("ul", { class: "legend" }, ...items)];
}
