// The rows of a table, with what the hypothesis says of them at the step shown, and the residuals.

import { element, say } from "./dom.js";
import { Frame, axes } from "./frame.js";
import { CanvasPen } from "./pen.js";
import { pointAt } from "./descents.js";

const POINTS = 200; // of a curve
const MOST_RESIDUALS = 200; // rows whose residual is drawn
const ROOM = 0.08;

/** A picture of the rows, where the formula is a hypothesis over a table. */
export class Data {
  constructor() {
    this.canvas = element("canvas", { class: "chart rows", role: "img", "aria-label": say("rows_label") });
    this.root = element("figure", {}, element("figcaption", {}, say("rows_label")), this.canvas);
  }

  draw(model, paths, { colours, sized }) {
    this.root.hidden = !model.fit;
    if (!model.fit) return;
    const context = sized(this.canvas);
    if (context) drawRows(new CanvasPen(context.pen), { ...context, model, paths, colours });
  }
}

const spanOf = (values) => {
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b)), room = ROOM * (high - low) || 1;
  return [low - room, high + room];
};

/** Draws rows over the first column that the hypothesis uses; a curve where that is the only one. */
export function drawRows(pen, { width, height, model, paths, colours }) {
  const { fit, start, at } = model, { columns, target, used, predict } = fit, count = columns[target].length;
  const across = used.length ? columns[used[0]] : columns[target].map((_, k) => k + 1), upwards = columns[target];
  const frame = new Frame({ left: 58, top: 24, width: width - 74, height: height - 62 }, [...spanOf(across), ...spanOf(upwards)]);
  const valuesAt = (k) => used.map((name) => columns[name][k]);
  pen.rectangle(0, 0, width, height, colours.paper);
  axes(pen, frame, colours, { names: [used[0] ?? say("row"), target], lines: true });
  const curve = (parameters, style) => {
    if (used.length > 1) return;
    const points = [];
    for (let k = 0; k <= POINTS; k++) {
      const x = frame.x0 + (k / POINTS) * (frame.x1 - frame.x0), y = predict(parameters, used.length ? [x] : []);
      points.push(frame.x(x), Number.isFinite(y) ? frame.y(y) : NaN);
    }
    pen.line(points, style);
  };
  pen.within(frame.left, frame.top, frame.width, frame.height, () => {
    if (paths.length) {
      const parameters = pointAt(paths[0], Math.min(at, paths[0].length - 1), start.length), every = Math.ceil(count / MOST_RESIDUALS);
      for (let k = 0; k < count; k += every) {
        const x = frame.x(across[k]), y = frame.y(predict(parameters, valuesAt(k)));
        if (Number.isFinite(y)) pen.line([x, frame.y(upwards[k]), x, y], { colour: paths[0].colour, width: 1.5, alpha: 0.6 });
        if (used.length > 1 && Number.isFinite(y)) pen.circle(x, y, 2.5, { fill: paths[0].colour });
      }
    }
    curve(start, { colour: colours.ink, width: 1.25, dash: [2, 4] });
    for (const path of paths) curve(pointAt(path, Math.min(at, path.length - 1), start.length), { colour: path.colour, width: 2, dash: path.dash });
    for (let k = 0; k < count; k++) pen.circle(frame.x(across[k]), frame.y(upwards[k]), count > 100 ? 2 : 4, { fill: colours.curve, colour: colours.halo });
  });
}
