// Levels and the lines of equal value on a grid, by marching squares.

const DECADES = 50; // where the middle nine tenths of the heights span this factor, levels go by ratio

/** Levels in rising order, and a function from a value to its place between the lowest (0) and the highest (1). */
export function chooseLevels(values, wanted, climb) {
  const finite = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (finite.length < 2 || finite[0] === finite.at(-1)) return { levels: [], rank: () => 0.5 };
  const at = (part) => finite[Math.floor(part * (finite.length - 1))];
  const base = climb ? finite.at(-1) : finite[0];
  const height = (value) => (climb ? base - value : value - base);
  const far = Math.max(height(at(0.95)), height(at(0.05))), near = Math.min(height(at(0.95)), height(at(0.05)));
  const sides = climb ? -1 : 1;
  if (near > 0 && far / near > DECADES) {
    const low = Math.log(Math.max(height(at(climb ? 0.995 : 0.005)), 1e-300)), high = Math.log(Math.max(height(finite[0]), height(finite.at(-1))));
    const levels = Array.from({ length: wanted }, (_, k) => base + sides * Math.exp(low + ((k + 0.5) / wanted) * (high - low)));
    const rank = (value) => clamped((Math.log(Math.max(height(value), 1e-300)) - low) / (high - low));
    return { levels: levels.sort((a, b) => a - b), rank: climb ? (value) => 1 - rank(value) : rank };
  }
  const low = at(0), high = at(1);
  const levels = Array.from({ length: wanted }, (_, k) => low + ((k + 0.5) / wanted) * (high - low));
  return { levels, rank: (value) => clamped((value - low) / (high - low)) };
}

const clamped = (part) => Math.min(1, Math.max(0, part));

/** Segments x0, y0, x1, y1 of the line of a level, in units of the grid; values[j * columns + i] is at column i, row j. */
export function segments(values, columns, rows, level, out = []) {
  for (let j = 0; j + 1 < rows; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const k = j * columns + i;
      const a = values[k], b = values[k + 1], c = values[k + columns + 1], d = values[k + columns];
      const kind = (a > level) | ((b > level) << 1) | ((c > level) << 2) | ((d > level) << 3);
      if (kind === 0 || kind === 15 || !Number.isFinite(a + b + c + d)) continue;
      cell([a, b, c, d], [i, j], level, kind, out);
    }
  }
  return out;
}

// The two edges that a line joins, by which corners are above it; the two ambiguous cells are decided by their middle.
const EDGES = [[], [3, 0], [0, 1], [3, 1], [1, 2], [], [0, 2], [3, 2], [2, 3], [2, 0], [], [2, 1], [1, 3], [1, 0], [0, 3], []];

function cell([a, b, c, d], [i, j], level, kind, out) {
  const on = (edge) => {
    if (edge === 0) return [i + (level - a) / (b - a), j];
    if (edge === 1) return [i + 1, j + (level - b) / (c - b)];
    if (edge === 2) return [i + (level - d) / (c - d), j + 1];
    return [i, j + (level - a) / (d - a)];
  };
  let edges = EDGES[kind];
  if (kind === 5 || kind === 10) {
    const joined = ((a + b + c + d) / 4 > level) === (kind === 5);
    edges = joined ? [3, 2, 0, 1] : [3, 0, 1, 2];
  }
  for (let e = 0; e < edges.length; e += 2) out.push(...on(edges[e]), ...on(edges[e + 1]));
}
