// A formula as a tape: one instruction a line, its operands above it, interpreted for a point or for blocks of points.
// Derivatives are one sweep back over the tape; those of functions are printed from their records (functions.js).

import { CODE } from "./functions.js";
import { CONSTANTS } from "./vocabulary.js";
import { powi } from "./arithmetic.js";
import { ADD, BOTH, CALL1, CALL2, CHOOSE, CONSTANT, DIVIDE, EITHER, MULTIPLY, NEGATE, NOT, POWER, TEST, VARIABLE, WHOLE_POWER, apply, slopeOfExponent } from "./instructions.js";
import { lanesOf } from "./lanes.js";
import { COMPARE } from "./values.js";

const MOST_WHOLE = 2 ** 20; // as the library: a larger exponent is a real number

/** Writes the instructions of a tree, each different one once. */
class Writer {
  constructor(names) {
    Object.assign(this, { op: [], a: [], b: [], c: [], own: [], known: [], varies: [], found: new Map() });
    this.variables = new Map(names.map((name) => [name, this.add(VARIABLE, name)]));
  }

  number(value) {
    const key = Object.is(value, -0) ? "-0" : value;
    return this.seen(CONSTANT, key, -1, -1, -1, () => this.add(CONSTANT, null, -1, -1, -1, value));
  }

  add(op, own, a = -1, b = -1, c = -1, value = NaN) {
    const place = this.op.push(op) - 1;
    for (const [list, entry] of [[this.a, a], [this.b, b], [this.c, c], [this.own, own], [this.known, value]]) list.push(entry);
    this.varies.push(op === VARIABLE || [a, b, c].some((part) => part >= 0 && this.varies[part]));
    return place;
  }

  seen(op, own, a, b, c, make) {
    if (!this.found.has(own)) this.found.set(own, new Map());
    const key = `${op},${a},${b},${c}`;
    const there = this.found.get(own);
    if (!there.has(key)) there.set(key, make());
    return there.get(key);
  }

  /** An instruction; of numbers alone, its value. */
  write(op, own, a, b = -1, c = -1) {
    const parts = [a, b, c].filter((part) => part >= 0);
    if (parts.every((part) => this.op[part] === CONSTANT)) {
      return this.number(apply(op, own, this.known[a], this.known[b], this.known[c]));
    }
    return this.seen(op, own, a, b, c, () => this.add(op, own, a, b, c));
  }

  tree(node) {
    const parts = node.parts.map((part) => this.tree(part));
    const chain = (op) => parts.reduce((a, b) => this.write(op, null, a, b));
    switch (node.kind) {
      case "number":
        return this.number(node.value);
      case "constant":
        return this.number(CONSTANTS.get(node.name));
      case "variable":
        return this.variables.get(node.name);
      case "negative":
        return this.write(NEGATE, null, parts[0]);
      case "sum":
        return chain(ADD);
      case "product":
        return chain(MULTIPLY);
      case "quotient":
        return this.write(DIVIDE, null, ...parts);
      case "power":
        return this.power(node, ...parts);
      case "call":
        return this.call(node.name, parts);
      case "comparison":
        return this.write(TEST, COMPARE.get(node.name), ...parts);
      default:
        if (node.name === "not") return this.write(NOT, null, parts[0]);
        return chain(node.name === "and" ? BOTH : EITHER);
    }
  }

  power(node, base, exponent) {
    const fixed = this.op[exponent] === CONSTANT ? this.known[exponent] : null;
    if (node.parts[0].kind === "constant" && node.parts[0].name === "e") return this.write(CALL1, CODE.get("exp"), exponent);
    if (fixed === 0.5) return this.write(CALL1, CODE.get("sqrt"), base);
    if (fixed === 1) return base;
    if (fixed === 0) return this.number(1);
    if (Number.isInteger(fixed) && Math.abs(fixed) <= MOST_WHOLE) return this.write(WHOLE_POWER, fixed, base);
    return this.write(POWER, null, base, exponent);
  }

  /** A call; a function of two of more than two, of the two halves. */
  call(name, parts) {
    if (name === "where") {
      const [condition, yes, no] = parts;
      if (this.op[condition] === CONSTANT) return this.known[condition] ? yes : no;
      return this.write(CHOOSE, null, condition, yes, no);
    }
    const code = CODE.get(name);
    const count = code.value.length;
    if (count === 1) return this.write(CALL1, code, parts[0]);
    if (parts.length <= 2) return parts.length === 2 ? this.write(CALL2, code, ...parts) : parts[0];
    const middle = (parts.length + 1) >> 1;
    return this.write(CALL2, code, this.call(name, parts.slice(0, middle)), this.call(name, parts.slice(middle)));
  }
}

/**
 * A tree as a program: value(x) of a point, valueAndGradient(x, g), which fills g and returns the value, and for many
 * points at once grid and gradients (lanes.js).
 */
export function compileFormula(tree, names) {
  const writer = new Writer(names);
  const root = writer.tree(tree);
  const length = root + 1;
  const size = writer.op.length;
  const op = Int32Array.from(writer.op);
  const [a, b, c] = [writer.a, writer.b, writer.c].map((list) => Int32Array.from(list, (place) => Math.max(0, place)));
  const { own } = writer;
  const varies = Uint8Array.from(writer.varies);
  const v = Float64Array.from(writer.known);
  const adjoint = new Float64Array(size);
  const live = new Uint8Array(size);
  const first = names.length;

  function value(x) {
    for (let i = 0; i < first; i++) v[i] = x[i];
    for (let i = first; i < length; i++) {
      const left = v[a[i]];
      switch (op[i]) {
        case CONSTANT:
          break;
        case ADD:
          v[i] = left + v[b[i]];
          break;
        case MULTIPLY:
          v[i] = left * v[b[i]];
          break;
        case WHOLE_POWER:
          v[i] = own[i] === 2 ? left * left : powi(left, own[i]);
          break;
        default:
          v[i] = apply(op[i], own[i], left, v[b[i]], v[c[i]]);
      }
    }
    return v[root];
  }

  function give(place, amount) {
    if (!varies[place]) return;
    adjoint[place] = live[place] ? adjoint[place] + amount : amount;
    live[place] = 1;
  }

  /** Hand on what the result owes to instruction i: only to what was used, so that no other branch can spoil it. */
  function sweep(i, owed) {
    const left = a[i];
    const right = b[i];
    switch (op[i]) {
      case NEGATE:
        return give(left, -owed);
      case ADD:
        give(left, owed);
        return give(right, owed);
      case MULTIPLY:
        give(left, owed * v[right]);
        return give(right, owed * v[left]);
      case DIVIDE:
        give(left, owed / v[right]);
        return give(right, -owed * (v[left] / (v[right] * v[right])));
      case WHOLE_POWER:
        return give(left, owed * (own[i] === 2 ? 2 * v[left] : own[i] * powi(v[left], own[i] - 1)));
      case POWER:
        give(left, owed * (v[right] * v[left] ** (v[right] - 1)));
        return varies[right] && give(right, owed * slopeOfExponent(v[left], v[right], v[i]));
      case CALL1:
        return give(left, owed * own[i].partials[0](v[left]));
      case CALL2:
        if (varies[left]) give(left, owed * own[i].partials[0](v[left], v[right]));
        return varies[right] && give(right, owed * own[i].partials[1](v[left], v[right]));
      case CHOOSE:
        return give(v[left] ? right : c[i], owed);
      default:
        return undefined; // conditions have no slope
    }
  }

  function valueAndGradient(x, g) {
    value(x);
    live.fill(0);
    give(root, 1);
    for (let i = root; i >= first; i--) if (live[i]) sweep(i, adjoint[i]);
    for (let i = 0; i < first; i++) g[i] = live[i] ? adjoint[i] : 0;
    return v[root];
  }

  const tape = { op, a, b, c, own, known: writer.known, varies, root, first, size };
  return { names, value, valueAndGradient, ...lanesOf(tape) };
}
