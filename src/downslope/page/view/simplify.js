// Long lines with only as many points as can be seen. A path of thousands of steps has many in one pixel.

const REACH = 1 / 128; // of a pixel, by which a line may miss a point that is left out
const LOST = 0.1; // pixels by which a dashed line may become shorter, so that its dashes stay where they are

/**
 * The points of a line x0, y0, x1, y1, ... that its picture needs: of points one behind the other those are left out that
 * lie within a 128th of a pixel of the line between the points kept before and behind them. NaN breaks a line, as before.
 */
export function simplified(points, dashed = false) {
  const out = new Float64Array(points.length), length = points.length;
  let kept = 0, begun = false, ax = 0, ay = 0, px = 0, py = 0; // the last point that was kept, and the point before this one
  let aimed = false, far = 0, lx = 0, ly = 0, rx = 0, ry = 0; // the directions from there that pass all points since: from r to l
  let walked = 0, drawn = 0;
  const keep = (x, y) => {
    out[kept++] = x;
    out[kept++] = y;
  };
  for (let i = 0; i < length; i += 2) {
    const x = points[i], y = points[i + 1];
    if (x !== x || y !== y) {
      if (begun && (px !== ax || py !== ay)) keep(px, py);
      if (begun) keep(NaN, NaN);
      if (dashed && begun) drawn += Math.hypot(px - ax, py - ay);
      begun = aimed = false;
      continue;
    }
    if (!begun) {
      keep(x, y);
      [begun, aimed, ax, ay, px, py] = [true, false, x, y, x, y];
      continue;
    }
    if (dashed) walked += Math.hypot(x - px, y - py);
    let dx = x - ax, dy = y - ay, away = Math.sqrt(dx * dx + dy * dy);
    if (aimed && (away < far - REACH || lx * dy - ly * dx > 0 || rx * dy - ry * dx < 0)) {
      keep(px, py);
      if (dashed) drawn += Math.hypot(px - ax, py - ay);
      ax = px;
      ay = py;
      aimed = false;
      dx = x - ax;
      dy = y - ay;
      away = Math.sqrt(dx * dx + dy * dy);
    }
    px = x;
    py = y;
    if (away <= REACH && !aimed) continue;
    if (away > REACH) {
      const s = REACH / away, c = Math.sqrt(1 - s * s), ux = dx / away, uy = dy / away;
      const nlx = ux * c - uy * s, nly = uy * c + ux * s, nrx = ux * c + uy * s, nry = uy * c - ux * s;
      if (!aimed || lx * nly - ly * nlx < 0) [lx, ly] = [nlx, nly];
      if (!aimed || rx * nry - ry * nrx > 0) [rx, ry] = [nrx, nry];
    }
    far = aimed ? Math.max(far, away) : away;
    aimed = true;
  }
  if (begun && (px !== ax || py !== ay)) {
    keep(px, py);
    if (dashed) drawn += Math.hypot(px - ax, py - ay);
  }
  return dashed && walked - drawn > LOST ? points : out.subarray(0, kept);
}
