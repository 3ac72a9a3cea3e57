// The pictures of a run's progress: value, gradient norm, and curvature against the limit of the learning rate.

import { drawChart } from "./charts.js";
import { Data } from "./data.js";
import { curvaturesOf, partAt } from "./descents.js";
import { element, say } from "./dom.js";
import { CanvasPen } from "./pen.js";
import { colours } from "./picture.js";

const QUANTITIES = ["value", "norm", "curvature"];
const LIMITED = "gradient_descent"; // the rule that goes up and down where the curvature is above 2/rate
const LIMIT_DASH = [2, 4];

/** Three canvases and one of rows, drawn for paths that have their colours. */
export class Progress {
  constructor() {
    this.charts = QUANTITIES.map((quantity) => ({ quantity, canvas: element("canvas", { class: "chart", role: "img", "aria-label": say(`${quantity}_against`) }) }));
    const figures = this.charts.map(({ canvas, quantity }) => element("figure", {}, element("figcaption", {}, say(`${quantity}_against`)), canvas));
    this.data = new Data();
    this.root = element("section", { class: "charts", "aria-label": say("progress") }, this.data.root, ...figures);
  }

  /** What draws each of them, one by one: while a start is dragged, there is no time for all in one picture of the screen. */
  parts(model, paths) {
    return [() => this.data.draw(model, paths, { colours: colours(), sized }), ...this.charts.map((chart) => () => paths.length && drawQuantity(chart, model, paths))];
  }
}

function drawQuantity({ canvas, quantity }, model, paths) {
  const last = Math.max(1, ...paths.map((path) => path.length - 1));
  const marks = paths.flatMap(({ parts, colour }) => parts.slice(1).map(({ from }) => ({ step: from, colour })));
  const lines = paths.flatMap((path) => (quantity === "curvature" ? curvatureLines(model, path) : [lineOf(path, quantity, model.at)]));
  drawOn(canvas, { lines, marks, last, at: model.at, names: [say("step"), say(quantity)] });
}

function lineOf(path, quantity, at) {
  const { colour, dash } = path, values = path[quantity], last = path.length - 1;
  return { values, steps: null, colour, dash, last, at: values[Math.min(at, last)], positive: quantity === "norm" };
}

/** The largest curvature at steps of a path, and where it has one the line of the limit. */
function curvatureLines({ compiled, at }, path) {
  const { steps, values, here } = curvaturesOf(compiled, path, at), { colour, dash } = path, last = path.length - 1;
  const lines = [{ values, steps, colour, dash, last, at: here }];
  if (path.parts.some(({ method }) => method.rule === LIMITED)) {
    const limits = steps.map((step) => (partAt(path, step).method.rule === LIMITED ? 2 / path.rate[step] : NaN));
    lines.push({ values: limits, steps, colour, dash: LIMIT_DASH, last, at: NaN, thin: true });
  }
  return lines;
}

// Sizes of canvases that are shown: to ask for one after something was written has the browser lay the whole page out.
const boxes = new WeakMap();
const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => boxes.delete(target)));

function boxOf(canvas) {
  if (boxes.has(canvas)) return boxes.get(canvas);
  watch.observe(canvas);
  const box = canvas.getBoundingClientRect();
  if (box.width) boxes.set(canvas, box);
  return box;
}

/** A canvas as large as it is on the screen: {pen (its context), width, height}; null where it is not shown. */
function sized(canvas) {
  const box = boxOf(canvas), ratio = Math.min(3, window.devicePixelRatio || 1);
  if (!box.width) return null;
  const size = { width: Math.round(box.width * ratio), height: Math.round(box.height * ratio) };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width: box.width, height: box.height };
}

function drawOn(canvas, what) {
  const place = sized(canvas);
  if (place) drawChart(new CanvasPen(place.pen), { width: place.width, height: place.height, colours: colours(), ...what });
}
