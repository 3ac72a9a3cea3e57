// The page's own runs, made again and held against those that it was written from.

import { descend } from "../program/descend.js";
import { pointAt } from "./descents.js";
import { element, page, say } from "./dom.js";
import { told } from "./explained.js";
import { point, shown } from "./numbers.js";

/* global MAPS */
const NEAR = 1e-6; // relative distance of two ends that are one

/** The points of a run: its bits, as they were written. */
function pointsOf(run) {
  const bytes = Uint8Array.from(atob(run.points), (sign) => sign.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

/** The run by its joint step map, or the path that is shown where it has none. */
function again({ compiled, start, setting }, path, i) {
  const stepMap = MAPS[i];
  if (!stepMap) return path;
  const { steps, tolerance, maximize } = setting, { rule, hyperparameters } = path.method;
  const tolerances = tolerance > 0 ? { tolerance } : {};
  return descend(compiled, Float64Array.from(start), { rule, hyperparameters: Object.fromEntries(hyperparameters), steps, tolerances, maximize, stepMap });
}

/** How far two runs are the same: sentences. */
function compared(run, path, n, rule) {
  const theirs = pointsOf(run), { every, rows } = run, last = Math.round(path.x.length / n) - 1;
  let same = 0, parted = -1, gap = 0;
  for (let row = 0; row < rows; row++) {
    const step = row === rows - 1 ? run.steps : row * every;
    let equal = step <= last;
    for (let k = 0; equal && k < n; k++) {
      const ours = path.x[step * n + k], other = theirs[row * n + k];
      gap = Math.max(gap, Math.abs(ours - other));
      equal = Object.is(ours, other) || ours === other;
    }
    if (equal) same++;
    else if (parted < 0) parted = step;
  }
  const fields = { rule, same: same.toLocaleString(page.language), rows: rows.toLocaleString(page.language), step: parted, gap: shown(gap, 2) };
  return same === rows ? [say("points_identical", fields)] : [say("points_part", fields), say("digits_differ")];
}

/** Sentences on each run of the page, whose own setting the model has. */
export function evidenceOf(model) {
  const n = model.names.length;
  return (page.runs ?? []).map((run, i) => {
    const path = model.paths[i];
    if (!path?.length || !run.x) return null;
    const rule = path.number + path.method.rule, made = again(model, path, i), last = made.steps, ended = pointAt({ ...made, length: made.value.length }, last, n);
    const gap = Math.max(...run.x.map((value, k) => Math.abs(value - ended[k])));
    const alike = run.steps === last && gap <= NEAR * Math.max(1, ...run.x.map(Math.abs));
    const said = alike ? say(gap === 0 ? "same_point" : "identical", { rule, steps: last, gap: shown(gap, 2) }) : say("different", { rule, status: say(`status_${run.status}`), steps: run.steps, point: point(model.names, run.x) });
    const points = run.points ? compared(run, made, n, rule) : [];
    const about = run.sentences?.length && !page.asks ? told(rule, run.sentences, page.runs.length === 1) : null;
    return element("div", {}, ...[said, ...points].map((sentence) => element("p", {}, sentence)), about);
  }).filter(Boolean);
}
