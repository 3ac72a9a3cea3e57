// One way to draw for the screen, for PNG and for SVG.

import { simplified } from "./simplify.js";

const MANY = 200; // numbers of a line of which not all may be seen
const DECIMALS = 100;
const rounded = (value) => Math.round(value * DECIMALS) / DECIMALS;
export const FONT = "system-ui, sans-serif";

/** Draws on a canvas. Lines are flat arrays x0, y0, x1, y1, ...; a NaN breaks a line. */
export class CanvasPen {
  constructor(context) {
    this.context = context;
  }

  line(points, { colour, width = 1, dash = [], alpha = 1 }) {
    const { context } = this;
    context.save();
    Object.assign(context, { strokeStyle: colour, lineWidth: width, globalAlpha: alpha, lineJoin: "round" });
    context.setLineDash(dash);
    context.beginPath();
    const seen = points.length > MANY ? simplified(points, dash.length > 0) : points;
    let down = false;
    for (let i = 0; i < seen.length; i += 2) {
      const x = seen[i], y = seen[i + 1];
      if (x !== x || y !== y) down = false;
      else if (down) context.lineTo(x, y);
      else {
        context.moveTo(x, y);
        down = true;
      }
    }
    context.stroke();
    context.restore();
  }

  segments(points, { colour, width = 1, alpha = 1 }) {
    const { context } = this;
    context.save();
    Object.assign(context, { strokeStyle: colour, lineWidth: width, globalAlpha: alpha });
    context.beginPath();
    for (let i = 0; i < points.length; i += 4) {
      context.moveTo(points[i], points[i + 1]);
      context.lineTo(points[i + 2], points[i + 3]);
    }
    context.stroke();
    context.restore();
  }

  polygon(points, { fill, colour, width = 1 }) {
    const { context } = this;
    context.beginPath();
    for (let i = 0; i < points.length; i += 2) context[i ? "lineTo" : "moveTo"](points[i], points[i + 1]);
    context.closePath();
    Object.assign(context, { fillStyle: fill, strokeStyle: colour, lineWidth: width });
    context.setLineDash([]);
    context.fill();
    context.stroke();
  }

  circle(x, y, radius, { fill, colour, width = 1 }) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (colour) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.stroke();
    }
  }

  rectangle(x, y, width, height, fill) {
    this.context.fillStyle = fill;
    this.context.fillRect(x, y, width, height);
  }

  text(x, y, said, { colour, size = 12, align = "start", baseline = "alphabetic" }) {
    const { context } = this;
    Object.assign(context, { fillStyle: colour, font: `${size}px ${FONT}`, textAlign: align, textBaseline: baseline });
    context.fillText(said, x, y);
  }

  image(picture, x, y, width, height, smooth = true) {
    this.context.imageSmoothingEnabled = smooth;
    this.context.drawImage(picture, x, y, width, height);
  }

  within(x, y, width, height, draw) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    draw();
    context.restore();
  }
}

const escaped = (said) => said.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const ANCHORS = { start: "start", center: "middle", end: "end" };
const SHIFTS = { alphabetic: "0", middle: "0.35em", top: "0.8em" };

/** Writes an SVG picture by the same calls. */
export class SvgPen {
  constructor(width, height) {
    Object.assign(this, { width, height, parts: [], clips: 0 });
  }

  stroke(path, { colour, width = 1, dash = [], alpha = 1 }) {
    const dashed = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    const pale = alpha < 1 ? ` stroke-opacity="${alpha}"` : "";
    this.parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"${dashed}${pale}/>`);
  }

  line(points, style) {
    let path = "", down = false;
    for (let i = 0; i < points.length; i += 2) {
      if (points[i] !== points[i] || points[i + 1] !== points[i + 1]) down = false;
      else {
        path += `${down ? "L" : "M"}${rounded(points[i])} ${rounded(points[i + 1])}`;
        down = true;
      }
    }
    if (path) this.stroke(path, style);
  }

  segments(points, style) {
    let path = "";
    for (let i = 0; i < points.length; i += 4) {
      path += `M${rounded(points[i])} ${rounded(points[i + 1])}L${rounded(points[i + 2])} ${rounded(points[i + 3])}`;
    }
    if (path) this.stroke(path, style);
  }

  polygon(points, { fill, colour, width = 1 }) {
    this.parts.push(`<polygon points="${points.map(rounded).join(" ")}" fill="${fill}" stroke="${colour}" stroke-width="${width}"/>`);
  }

  circle(x, y, radius, { fill, colour, width = 1 }) {
    const drawn = colour ? ` stroke="${colour}" stroke-width="${width}"` : "";
    this.parts.push(`<circle cx="${rounded(x)}" cy="${rounded(y)}" r="${radius}" fill="${fill || "none"}"${drawn}/>`);
  }

  rectangle(x, y, width, height, fill) {
    this.parts.push(`<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}" fill="${fill}"/>`);
  }

  text(x, y, said, { colour, size = 12, align = "start", baseline = "alphabetic" }) {
    this.parts.push(
      `<text x="${rounded(x)}" y="${rounded(y)}" dy="${SHIFTS[baseline]}" fill="${colour}" font-size="${size}" ` +
        `font-family="${FONT}" text-anchor="${ANCHORS[align]}">${escaped(said)}</text>`,
    );
  }

  image(picture, x, y, width, height, smooth = true) {
    const cells = smooth ? "" : ` style="image-rendering:pixelated"`;
    const size = `x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width)}" height="${rounded(height)}"`;
    this.parts.push(`<image ${size} preserveAspectRatio="none"${cells} href="${picture.toDataURL("image/png")}"/>`);
  }

  within(x, y, width, height, draw) {
    const name = `clip${this.clips++}`;
    this.parts.push(`<clipPath id="${name}"><rect x="${x}" y="${y}" width="${width}" height="${height}"/></clipPath><g clip-path="url(#${name})">`);
    draw();
    this.parts.push("</g>");
  }

  toString() {
    const size = `width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${this.parts.join("")}</svg>\n`;
  }
}
