// What the page's script is in a worker: it answers requests for rows of a map.

import { cellsOf } from "./cells.js";
import { readFormula } from "./reader.js";
import { compileFormula } from "./tape.js";

let last = { formula: null, compiled: null };

/** Rows of a map of a formula, which is read once. */
export function answer({ formula, ...request }) {
  if (last.formula !== formula) {
    const { tree, names } = readFormula(formula);
    last = { formula, compiled: compileFormula(tree, names) };
  }
  return cellsOf(last.compiled, request);
}

if (typeof document === "undefined" && typeof self !== "undefined") {
  self.onmessage = ({ data: { job, request } }) => {
    const { x, steps, cause } = answer(request);
    self.postMessage({ job, x, steps, cause }, [x.buffer, steps.buffer, cause.buffer]);
  };
}
