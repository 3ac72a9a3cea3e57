// What the page's script is in a worker: it answers requests for rows of a map.

import { cellsOf } from "./cells.js";
import { compileFit } from "./fit.js";
import { readFormula } from "./reader.js";
import { compileFormula } from "./tape.js";

let last = { key: null, compiled: null };

/** Rows of a map of a formula, or of a hypothesis over a table {key, right, target, columns, loss}; each is read once. */
export function answer({ formula, fit, ...request }) {
  const key = fit ? `${fit.key} ${fit.right}` : formula;
  if (last.key !== key) {
    const { tree, names } = fit ? {} : readFormula(formula);
    last = { key, compiled: fit ? compileFit(fit).compiled : compileFormula(tree, names) };
  }
  return cellsOf(last.compiled, request);
}

if (typeof document === "undefined" && typeof self !== "undefined") {
  self.onmessage = ({ data: { job, request } }) => {
    const { x, steps, cause } = answer(request);
    self.postMessage({ job, x, steps, cause }, [x.buffer, steps.buffer, cause.buffer]);
  };
}
