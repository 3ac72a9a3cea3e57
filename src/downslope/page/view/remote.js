// A function that only Python can compute: its values and slopes at points that were asked for. What is missing is asked
// for in one question, together with the ways of the rules from the start, and then drawn.

import { ask } from "./ask.js";
import { page } from "./dom.js";
import { plainSetting } from "./setting.js";

const DIGITS = 12; // by which a point is known again
const MOST = 20000; // points of a question
const MOST_KNOWN = 500000; // points, then it begins anew
const WORK = 400; // as rows of a table: what a value costs

const known = new Map(), missing = new Map();
const keyOf = (x) => Array.from(x, (value) => value.toPrecision(DIGITS)).join();
let asking = false;

/** Whether a formula is the name of the function that the page was opened with. */
export const isRemote = (text) => page.function?.text === text.trim();

/** What compileFormula makes of a formula, but where nothing is known there is no value. */
export function compileRemote() {
  const { names } = page.function, nothing = new Float64Array(names.length + 1).fill(NaN);
  const at = (x) => {
    const key = keyOf(x), found = known.get(key);
    if (!found && missing.size < MOST) missing.set(key, Array.from(x));
    return found ?? nothing;
  };
  const value = (x) => at(x)[0];
  return {
    names,
    remote: true,
    work: WORK,
    value,
    valueAndGradient(x, g) {
      g.set(at(x).subarray(1));
      return at(x)[0];
    },
    grid(axisA, axisB, valuesA, valuesB, x, out) {
      const here = Float64Array.from(x);
      for (let k = 0; k < out.length; k++) {
        here[axisA] = valuesA[k % valuesA.length];
        if (axisB >= 0) here[axisB] = valuesB[Math.floor(k / valuesA.length)];
        out[k] = value(here);
      }
      return out;
    },
  };
}

/** Whether something that was wanted is not known yet. */
export const isMissing = () => missing.size > 0;

/** Asks Python for what is missing; resolves to whether it came. */
export async function fetchMissing(setting) {
  if (asking || !missing.size) return false;
  asking = true;
  const points = [...missing.values()];
  missing.clear();
  if (known.size > MOST_KNOWN) known.clear();
  try {
    const { evaluated } = await ask({ kind: "function", points, setting: plainSetting(setting) });
    for (const [x, values] of evaluated ?? []) known.set(keyOf(x), Float64Array.from(values, (one) => one ?? NaN));
    return evaluated !== undefined;
  } catch {
    return false;
  } finally {
    asking = false;
  }
}
