// Points on paths, and the start.

const MOST_DOTS = 300;

/** The points of the steps up to the one shown, and that one larger. */
export function dots(pen, points, here, { colour, colours }) {
  if (here <= MOST_DOTS) {
    for (let k = 1; k < here; k++) if (points[2 * k] === points[2 * k]) pen.circle(points[2 * k], points[2 * k + 1], 2.2, { fill: colour });
  }
  const x = points[2 * here], y = points[2 * here + 1];
  if (x === x && y === y) pen.circle(x, y, 5, { fill: colour, colour: colours.halo, width: 1.5 });
}

/** Where a setting was changed. */
export function diamond(pen, x, y, { colour, colours }) {
  const square = [x - 8, y, x, y - 8, x + 8, y, x, y + 8, x - 8, y];
  pen.line(square, { colour: colours.halo, width: 5 });
  pen.line(square, { colour, width: 2 });
}

/** The start, which looks as if it could be taken hold of. */
export function handle(pen, x, y, colours) {
  pen.circle(x, y, 9, { fill: colours.paper, colour: colours.ink, width: 2 });
  pen.circle(x, y, 3, { fill: colours.ink });
}
