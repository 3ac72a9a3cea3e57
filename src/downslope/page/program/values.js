// The value of one node of a tree, from those of its children; a condition counts 1 where it holds and 0 where not.

import { CODE } from "./functions.js";
import { CONSTANTS } from "./vocabulary.js";

export const COMPARE = new Map([
  ["<", (a, b) => +(a < b)],
  ["<=", (a, b) => +(a <= b)],
  [">", (a, b) => +(a > b)],
  [">=", (a, b) => +(a >= b)],
  ["==", (a, b) => +(a === b)],
  ["!=", (a, b) => +(a !== b)],
]);

/** The value of a call; of more arguments than a function has, two at a time. */
function called(name, parts) {
  if (name === "where") return parts[0] ? parts[1] : parts[2];
  const { value } = CODE.get(name);
  return parts.length > value.length ? parts.reduce((a, b) => value(a, b)) : value(...parts);
}

export function combine({ kind, name, value }, parts) {
  switch (kind) {
    case "number":
      return value;
    case "constant":
      return CONSTANTS.get(name);
    case "negative":
      return -parts[0];
    case "sum":
      return parts.reduce((a, b) => a + b);
    case "product":
      return parts.reduce((a, b) => a * b);
    case "quotient":
      return parts[0] / parts[1];
    case "power":
      return parts[0] ** parts[1];
    case "call":
      return called(name, parts);
    case "comparison":
      return COMPARE.get(name)(...parts);
    default:
      if (name === "not") return +!parts[0];
      return +(name === "and" ? parts.every(Boolean) : parts.some(Boolean));
  }
}
