// The table of the steps, and the same as CSV.

import { element, say } from "./dom.js";
import { shown } from "./numbers.js";

const MOST_ROWS = 500; // that are shown; copies and files have all

const heads = (names) => [say("rule_name"), say("step"), ...names, say("value"), say("norm")];
const several = (paths) => paths.map((path, i) => ({ path, label: paths.length > 1 ? `${i + 1} ${path.method.rule}` : path.method.rule }));

/** The table as an element, of long paths only as many rows as can be looked at. */
export function tableOf(paths, names) {
  const body = element("tbody");
  const n = names.length;
  let left = MOST_ROWS;
  for (const { path, label } of several(paths)) {
    const every = Math.max(1, Math.ceil(path.length / Math.max(1, MOST_ROWS / paths.length)));
    for (let k = 0; k < path.length && left > 0; k += every, left--) {
      const cells = [label, String(k), ...Array.from(path.x.subarray(k * n, k * n + n), (value) => shown(value, 8)), shown(path.value[k], 8), shown(path.norm[k], 4)];
      body.append(element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
    }
  }
  return element("table", {}, element("thead", {}, element("tr", {}, ...heads(names).map((head) => element("th", { scope: "col" }, head)))), body);
}

/** All steps with all digits; between the columns a comma or a tab. */
export function textOf(paths, names, between = ",") {
  const n = names.length, rows = [["rule", "step", ...names, "value", "gradient_norm"]];
  for (const { path, label } of several(paths)) {
    for (let k = 0; k < path.length; k++) rows.push([label, k, ...path.x.subarray(k * n, k * n + n), path.value[k], path.norm[k]]);
  }
  return rows.map((row) => row.map((cell) => quoted(String(cell), between)).join(between)).join("\n") + "\n";
}

const quoted = (cell, between) => (cell.includes(between) || /["\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
