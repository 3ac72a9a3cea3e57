// The cost of a hypothesis over the rows of a table, as a function of its parameters that every rule descends.

import { LANES } from "./lanes.js";
import { subgradient } from "./proximal.js";
import { readFormula } from "./reader.js";
import { compileFormula } from "./tape.js";

const variable = (name) => ({ kind: "variable", name, parts: [] });
const difference = (a, b) => ({ kind: "sum", parts: [a, { kind: "negative", parts: [b] }] });

/** A tree in which variables are replaced by other trees. */
function replaced(node, trees) {
  if (node.kind === "variable" && trees.has(node.name)) return trees.get(node.name);
  return { ...node, parts: node.parts.map((part) => replaced(part, trees)) };
}

/** Both sides of "y = a*x + b" or "y ~ a*x + b", with where the right one begins; null where there is one side only. */
export function sidesOf(text) {
  const found = /^([^=~<>!]*)(=|~)(?!=)/.exec(text);
  return found && { target: found[1].trim(), right: text.slice(found[0].length), begin: found[0].length };
}

/**
 * {names (the parameters), compiled, predict(parameters, column, values)} of the right side of a hypothesis; columns is
 * {name: numbers}; loss {formula (in u, y, r = u - y and c), root, number}; weights one number for each row; l2 is added
 * times the squares of those parameters that are penalised, and l1 times their absolute values.
 *
 * compiled is what compileFormula makes of a formula; work is how many rows a value takes.
 */
export function compileFit({ right, target, columns, loss, weights = null, l1 = 0, l2 = 0, penalised = [] }) {
  const { tree, names } = readFormula(right);
  const used = names.filter((name) => Object.hasOwn(columns, name));
  const parameters = names.filter((name) => !used.includes(name));
  const y = variable(target), number = { kind: "number", value: loss.number, parts: [] };
  const row = replaced(readFormula(loss.formula).tree, new Map([["u", tree], ["y", y], ["r", difference(tree, y)], ["c", number]]));
  const data = [...new Set([...used, target])];
  const tape = compileFormula(row, [...parameters, ...data]);
  const values = data.map((name) => Float64Array.from(columns[name])), on = (strength) => parameters.map((name) => (penalised.includes(name) ? strength : 0));
  const cost = new Cost({ tape, parameters, data: values, root: loss.root, weights, strengths: on(l2), thresholds: l1 ? on(l1) : null });
  const predicted = compileFormula(tree, [...parameters, ...used]);
  return { names: parameters, used, compiled: cost.compiled(), predict: (x, at) => predicted.value(Float64Array.from([...x, ...at])) };
}

class Cost {
  constructor(given) {
    const rows = given.data[0].length, { weights } = given;
    Object.assign(this, { ...given, rows, sum: weights ? weights.reduce((sum, weight) => sum + weight, 0) : rows });
  }

  /** The mean over all rows, or its root, and the penalties, at x; its gradient, or shortest subgradient, is written to g. */
  at(x, g) {
    const value = this.smoothAt(x, g), { thresholds } = this;
    if (thresholds) for (let j = 0; j < thresholds.length; j++) g[j] = subgradient(x[j], g[j], thresholds[j]);
    return value;
  }

  /** The same value, with the gradient of all but the penalty l1. */
  smoothAt(x, g) {
    const { tape, data, rows, weights, strengths, thresholds } = this, n = this.parameters.length;
    const { x: inputs, value: values, g: slopes } = tape.lanes;
    let total = 0;
    g.fill(0);
    for (let begin = 0; begin < rows; begin += LANES) {
      const count = Math.min(LANES, rows - begin);
      for (let j = 0; j < n; j++) inputs[j].fill(x[j], 0, count);
      data.forEach((column, k) => inputs[n + k].set(column.subarray(begin, begin + count)));
      tape.gradients(count);
      if (weights) {
        for (let k = 0; k < count; k++) total += weights[begin + k] * values[k];
        for (let j = 0; j < n; j++) for (let k = 0, slope = slopes[j]; k < count; k++) g[j] += weights[begin + k] * slope[k];
        continue;
      }
      for (let k = 0; k < count; k++) total += values[k];
      for (let j = 0; j < n; j++) for (let k = 0, slope = slopes[j]; k < count; k++) g[j] += slope[k];
    }
    const mean = total / this.sum, value = this.root ? Math.sqrt(mean) : mean;
    const factor = (this.root && value > 0 ? 1 / (2 * value) : 1) / this.sum;
    let penalty = 0;
    for (let j = 0; j < n; j++) {
      penalty += strengths[j] * x[j] * x[j];
      g[j] = g[j] * factor + 2 * strengths[j] * x[j];
    }
    for (let j = 0; thresholds && j < n; j++) penalty += thresholds[j] * Math.abs(x[j]);
    return value + penalty;
  }

  compiled() {
    const n = this.parameters.length, spare = new Float64Array(n);
    const value = (x) => this.at(x, spare);
    const rows = () => Array.from({ length: n }, () => new Float64Array(LANES));
    const lanes = { x: rows(), value: new Float64Array(LANES), g: rows() };
    const here = new Float64Array(n), g = new Float64Array(n);
    const gradientsBy = (at) => (count) => {
      for (let lane = 0; lane < count; lane++) {
        for (let j = 0; j < n; j++) here[j] = lanes.x[j][lane];
        lanes.value[lane] = at(here, g);
        for (let j = 0; j < n; j++) lanes.g[j][lane] = g[j];
      }
    };
    const at = (x, out) => this.at(x, out), smoothAt = (x, out) => this.smoothAt(x, out);
    return {
      names: this.parameters,
      work: this.rows,
      value,
      valueAndGradient: at,
      lanes,
      gradients: gradientsBy(at),
      proximal: this.thresholds && { thresholds: this.thresholds, valueAndGradient: smoothAt, gradients: gradientsBy(smoothAt) },
      grid(axisA, axisB, valuesA, valuesB, x, out) {
        here.set(x);
        for (let k = 0; k < out.length; k++) {
          here[axisA] = valuesA[k % valuesA.length];
          if (axisB >= 0) here[axisB] = valuesB[Math.floor(k / valuesA.length)];
          out[k] = value(here);
        }
        return out;
      },
    };
  }
}
