// A tape for blocks of points: each instruction in one loop over the lanes of a block.

import { ADD, CALL1, CALL2, CHOOSE, CONSTANT, DIVIDE, MULTIPLY, NEGATE, POWER, WHOLE_POWER, apply, slopeOfExponent } from "./instructions.js";
import { powi } from "./arithmetic.js";

export const LANES = 512;

/**
 * grid(axisA, axisB, valuesA, valuesB, x, out): out[j*valuesA.length + i] is the value where coordinate axisA is
 * valuesA[i] and axisB is valuesB[j] (axisB -1: only axisA), the others as in x.
 *
 * gradients(count): of the points that were written to lanes.x[coordinate][lane], up to LANES of them, the values in
 * lanes.value[lane] and the gradient in lanes.g[coordinate][lane].
 */
export function lanesOf(tape) {
  const { op, a, b, c, own, known, root, first, size } = tape;
  let [rows, adjoints] = [null, null];

  function ready() {
    rows ??= Array.from({ length: size }, (_, i) => new Float64Array(LANES).fill(known[i]));
    return rows;
  }

  function forward(count) {
    for (let i = first; i <= root; i++) {
      if (op[i] !== CONSTANT) fill(op[i], own[i], rows[i], [rows[a[i]], rows[b[i]], rows[c[i]]], count);
    }
  }

  function grid(axisA, axisB, valuesA, valuesB, x, out) {
    ready();
    for (let i = 0; i < first; i++) rows[i].fill(x[i]);
    const wide = valuesA.length;
    const total = wide * (axisB < 0 ? 1 : valuesB.length);
    for (let begin = 0; begin < total; begin += LANES) {
      const count = Math.min(LANES, total - begin);
      for (let k = 0; k < count; k++) {
        rows[axisA][k] = valuesA[(begin + k) % wide];
        if (axisB >= 0) rows[axisB][k] = valuesB[Math.floor((begin + k) / wide)];
      }
      forward(count);
      out.set(rows[root].subarray(0, count), begin);
    }
    return out;
  }

  function gradients(count) {
    adjoints ??= Array.from({ length: size }, () => new Float64Array(LANES));
    forward(count);
    for (let i = 0; i <= root; i++) adjoints[i].fill(0, 0, count);
    adjoints[root].fill(1, 0, count);
    for (let i = root; i >= first; i--) if (tape.varies[i]) sweep(tape, i, rows, adjoints, count);
  }

  const lanes = {
    get x() {
      return ready().slice(0, first);
    },
    get value() {
      return ready()[root];
    },
    get g() {
      adjoints ??= Array.from({ length: size }, () => new Float64Array(LANES));
      return adjoints.slice(0, first);
    },
  };
  return { grid, gradients, lanes };
}

/** One instruction for a block of points: the commonest have loops of their own. */
function fill(op, own, out, [a, b, c], count) {
  if (op === ADD) for (let k = 0; k < count; k++) out[k] = a[k] + b[k];
  else if (op === MULTIPLY) for (let k = 0; k < count; k++) out[k] = a[k] * b[k];
  else if (op === WHOLE_POWER && own === 2) for (let k = 0; k < count; k++) out[k] = a[k] * a[k];
  else if (op === CALL1) {
    const { value } = own;
    for (let k = 0; k < count; k++) out[k] = value(a[k]);
  } else for (let k = 0; k < count; k++) out[k] = apply(op, own, a[k], b[k], c[k]);
}

/** What instruction i owes to its operands, for a block; where nothing is owed, a lane is left as it is. */
function sweep(tape, i, rows, adjoints, count) {
  const { op, own } = tape;
  const [left, right] = [tape.a[i], tape.b[i]];
  const [owed, a, b, whole] = [adjoints[i], rows[left], rows[right], rows[i]];
  const [toLeft, toRight] = [tape.varies[left] && adjoints[left], tape.varies[right] && adjoints[right]];
  const add = (to, partial) => {
    if (to) for (let k = 0; k < count; k++) if (owed[k] !== 0) to[k] += owed[k] * partial(k);
  };
  switch (op[i]) {
    case NEGATE:
      for (let k = 0; k < count; k++) toLeft[k] -= owed[k];
      break;
    case ADD:
      if (toLeft) for (let k = 0; k < count; k++) toLeft[k] += owed[k];
      if (toRight) for (let k = 0; k < count; k++) toRight[k] += owed[k];
      break;
    case MULTIPLY:
      if (toLeft) for (let k = 0; k < count; k++) if (owed[k] !== 0) toLeft[k] += owed[k] * b[k];
      if (toRight) for (let k = 0; k < count; k++) if (owed[k] !== 0) toRight[k] += owed[k] * a[k];
      break;
    case DIVIDE:
      if (toLeft) for (let k = 0; k < count; k++) if (owed[k] !== 0) toLeft[k] += owed[k] / b[k];
      if (toRight) for (let k = 0; k < count; k++) if (owed[k] !== 0) toRight[k] += -owed[k] * (a[k] / (b[k] * b[k]));
      break;
    case WHOLE_POWER:
      if (own[i] === 2) for (let k = 0; k < count; k++) toLeft[k] += owed[k] * (2 * a[k]);
      else for (let k = 0, power = own[i]; k < count; k++) if (owed[k] !== 0) toLeft[k] += owed[k] * (power * powi(a[k], power - 1));
      break;
    case POWER:
      add(toLeft, (k) => b[k] * a[k] ** (b[k] - 1));
      add(toRight, (k) => slopeOfExponent(a[k], b[k], whole[k]));
      break;
    case CALL1:
      for (let k = 0, partial = own[i].partials[0]; k < count; k++) if (owed[k] !== 0) toLeft[k] += owed[k] * partial(a[k]);
      break;
    case CALL2:
      add(toLeft, (k) => own[i].partials[0](a[k], b[k]));
      add(toRight, (k) => own[i].partials[1](a[k], b[k]));
      break;
    case CHOOSE: {
      const toOther = tape.varies[tape.c[i]] && adjoints[tape.c[i]];
      for (let k = 0; k < count; k++) {
        const to = a[k] ? toRight : toOther;
        if (to) to[k] += owed[k];
      }
    }
  }
}
