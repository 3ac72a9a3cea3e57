// What the rule remembers at the step shown, as arrows: velocities, and roots of squares as the half axes of a cross.

import { partAt, stateBefore } from "./descents.js";
import { element, page, say } from "./dom.js";
import { printedSymbol } from "./update.js";

const LONGEST = 70; // pixels
const HEAD = 7;

/** What is drawn of a path at a step: [{kind "slope", "arrow" or "root", name, vector, largest (so far)}]. */
export function arrowsOf(path, at, { compiled, names }) {
  const n = names.length, step = Math.min(at, path.length - 1), { method } = partAt(path, step);
  const g = new Float64Array(n);
  compiled.valueAndGradient(path.x.slice(step * n, step * n + n), g);
  const found = [{ kind: "slope", vector: g.map((slope) => (path.maximize ? slope : -slope)), largest: largestNorm(path, step) }];
  const before = stateBefore(path, step, n), sizes = page.rules[method.rule].state[n] ?? [];
  let from = 0;
  for (const [name, count] of sizes) {
    const kind = page.rules[method.rule].arrows[name];
    if (kind && count === n) {
      const vector = before.subarray(from, from + n).map((value) => (kind === "root" ? Math.sqrt(value) : -value));
      found.push({ kind, name, vector, largest: null });
    }
    from += count;
  }
  return found;
}

const largestNorm = (path, step) => path.norm.subarray(0, step + 1).reduce((most, size) => (size > most ? size : most), 0);

/** Draws them at a point of the picture; the longest so far of a path has the full length. */
export function drawArrows(pen, arrows, { x, y, frame, colour, colours }) {
  for (const { kind, vector, largest } of arrows) {
    const [u, v] = [vector[0] / (frame.x1 - frame.x0), (vector[1] ?? 0) / (frame.y1 - frame.y0)].map((part, i) => part * (i ? -frame.height : frame.width));
    const length = Math.hypot(u, v), size = Math.hypot(...vector);
    if (!(length > 0) || !Number.isFinite(length)) continue;
    const scale = (LONGEST * (largest ? Math.min(1, 0.35 + (0.65 * size) / largest) : 1)) / length;
    const [dx, dy] = [u * scale, v * scale];
    if (kind === "root") for (const [a, b] of [[dx, 0], [0, dy]]) pen.line([x - a, y - b, x + a, y + b], { colour, width: 2, dash: [2, 2] });
    else arrow(pen, [x, y, x + dx, y + dy], { colour: kind === "slope" ? colours.ink : colour, width: kind === "slope" ? 1.5 : 2.5 });
  }
}

function arrow(pen, [x0, y0, x1, y1], style) {
  const angle = Math.atan2(y1 - y0, x1 - x0), side = (turn) => [x1 - HEAD * Math.cos(angle + turn), y1 - HEAD * Math.sin(angle + turn)];
  pen.line([x0, y0, x1, y1], style);
  pen.line([...side(0.45), x1, y1, ...side(-0.45)], style);
}

/** What they mean, for the paths that are shown. */
export function arrowLegend(paths, at, model) {
  const found = new Map();
  for (const path of paths) {
    for (const { kind, name } of arrowsOf(path, at, model)) {
      if (kind === "slope") continue;
      const one = found.get(kind + name) ?? { kind, symbol: printedSymbol(name), rules: [] };
      one.rules.push(path.number + path.method.rule);
      found.set(kind + name, one);
    }
  }
  const said = [...found.values()].map(({ kind, symbol, rules }) => say(`arrow_${kind}`, { symbol, rules: rules.join(", ") }));
  return element("p", { class: "faint" }, [...(model.names.length === 2 ? [say("arrow_slope")] : []), ...said].join(" "));
}
