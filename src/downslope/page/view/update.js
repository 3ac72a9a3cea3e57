// One update with its numbers put in, in the notation of the library: formula, numbers, result, line by line.

import { compileFormula } from "../program/tape.js";
import { readFormula } from "../program/reader.js";
import { partAt, stateBefore } from "./descents.js";
import { element, page, say } from "./dom.js";
import { shown } from "./numbers.js";

const GREEK = new Map(Object.entries({ eta: "η", mu: "μ", rho: "ρ", epsilon: "ε", beta: "β", theta: "θ", tau: "τ", lambda: "λ", alpha: "α", gamma: "γ", delta: "δ" }));
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const SYMBOL = /[A-Za-z_][A-Za-z_0-9]*'?/g;
const CALLED = new Set(["sqrt", "Abs", "Max", "Min", "where", "sign", "dot", "exp", "log", "entry", "h"]);
const SPELLED = new Map([["Abs", "abs"], ["Max", "max"], ["Min", "min"]]);
const MOST_SYMBOLS = 60;

/** A symbol as it is printed: eta, beta_1, m'. */
function symbol(name) {
  const plain = name.replace(/'$/, ""), [stem, index] = plain.split("_");
  const letter = GREEK.get(stem) ?? stem;
  const printed = index !== undefined && /^\d$/.test(index) && plain.split("_").length === 2 ? letter + SUBSCRIPTS[index] : GREEK.has(plain) ? GREEK.get(plain) : plain;
  return printed + (name.endsWith("'") ? "′" : "");
}

export const printedSymbol = symbol;

const tidy = (text) => text.replaceAll("**", "^").replaceAll("*", "·").replaceAll("<-", "←").replaceAll(" - ", " − ").replace(/(^|[(,←] ?)-/g, "$1−").replaceAll("<=", "≤").replaceAll(">=", "≥");

/** A formula in print. */
export const printed = (text) => tidy(text.replace(SYMBOL, (name) => (CALLED.has(name) ? name.toLowerCase() : symbol(name))));

function substituted(text, values) {
  return tidy(
    text.replace(SYMBOL, (name) => {
      if (CALLED.has(name)) return name.toLowerCase();
      if (!values.has(name)) return symbol(name);
      const value = values.get(name);
      return value < 0 ? `(${shown(value)})` : shown(value);
    }),
  );
}

/** The value of a right-hand side, or undefined where it is none of numbers alone. */
function evaluated(text, values) {
  const names = new Map();
  const plain = text.replace(SYMBOL, (name) => {
    if (CALLED.has(name)) return SPELLED.get(name) ?? name;
    if (!names.has(name)) names.set(name, `v${names.size + 1}`);
    return names.get(name);
  });
  if (names.size > MOST_SYMBOLS || /\b(dot|entry|sign|h)\b/.test(plain) || ![...names.keys()].every((name) => values.has(name))) return undefined;
  try {
    const read = readFormula(plain);
    const back = new Map([...names].map(([name, short]) => [short, values.get(name)]));
    const value = compileFormula(read.tree, read.names).value(Float64Array.from(read.names, (name) => back.get(name)));
    return typeof value === "number" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of an update for one coordinate: symbol, formula, numbers put in, result. */
function linesFor(rule, before, coordinate) {
  const { lines, legend } = page.rules[rule.rule];
  const values = new Map([["x", before.x[coordinate]], ["g", before.gradient[coordinate]], ["f", before.value]]);
  for (const [name, stands] of Object.entries(legend)) values.set(name, stands === "learning_rate" ? before.rate : rule.hyperparameters.get(stands));
  for (const [name, numbers] of before.state) values.set(name, numbers.length === 1 ? numbers[0] : numbers[coordinate]);
  return lines.map((line) => {
    const [left, right] = line.split(" <- ");
    const result = evaluated(right, values);
    if (result !== undefined) values.set(left, result);
    return { left, right, put: result === undefined ? null : substituted(right, without(values, left)), result };
  });
}

/** Numbers without that of a name that has just come about. */
function without(values, name) {
  const others = new Map(values);
  others.delete(name);
  return others;
}

/** A line of print in which the coordinate has its own name instead of x. */
const named = (text, name) => text.replace(/(?<![\p{L}\d_])x(?![\p{L}\d_₀-₉])/gu, name);

/** The update that leaves a step of a path, as elements. */
export function updateOf(path, { names, compiled, at }) {
  if (at >= path.length - 1) return [element("p", {}, say("update_none", { step: path.length - 1 }))];
  const n = names.length, x = Float64Array.from(path.x.subarray(at * n, at * n + n)), gradient = new Float64Array(n);
  const value = compiled.valueAndGradient(x, gradient);
  const trials = path.evaluation[at + 1] - path.evaluation[at];
  const { method } = partAt(path, at), before = { x, gradient, value, rate: path.rate[at], state: stateAt(path, at, n) };
  const parts = [element("p", { class: "numbers" }, `f(${names.join(", ")}) = ${shown(value)}`)];
  if (!page.rules[method.rule].lines.length) parts.push(element("p", { class: "faint" }, say("update_long", { rule: method.rule })));
  else if (trials > 1) parts.push(element("p", { class: "faint" }, say("trials", { number: trials })));
  names.forEach((name, i) => {
    const slope = n === 1 ? `f′(${name})` : `∂f/∂${name}`;
    const rows = [element("div", {}, `g = ${slope} = ${shown(gradient[i])}`)];
    for (const { left, right, put, result } of linesFor(method, before, i)) {
      const given = put === null ? "" : ` = ${put}`;
      const came = result === undefined ? "" : ` = ${shown(result)}`;
      rows.push(element("div", {}, `${named(symbol(left), name)} ← ${named(printed(right), name)}`, element("span", { class: "put" }, given), element("strong", {}, came)));
    }
    parts.push(element("div", { class: "equations" }, n > 1 ? element("h4", {}, say("for_coordinate", { name })) : null, ...rows));
  });
  const next = names.map((name, i) => `${name} = ${shown(path.x[(at + 1) * n + i], 8)}`).join(", ");
  parts.push(element("p", { class: "numbers" }, say("result", { point: next })));
  return parts;
}

/** What the rule remembers before a step: name -> its numbers. */
function stateAt(path, at, n) {
  const numbers = stateBefore(path, at, n), found = new Map();
  let from = 0;
  for (const [name, count] of page.rules[partAt(path, at).method.rule].state[n] ?? []) {
    if (count === 1 || count === n) found.set(name, numbers.subarray(from, from + count));
    from += count;
  }
  return found;
}
