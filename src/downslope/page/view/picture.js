// The large picture: the map or the curve, its start that can be dragged, and pictures of it to keep.

import { arrowLegend } from "./arrows.js";
import * as curve from "./curve.js";
import { element, page, save, say, settled } from "./dom.js";
import { around, worthShowing } from "./frame.js";
import { Heat } from "./heat.js";
import * as map from "./map.js";
import { CanvasPen, SvgPen } from "./pen.js";
import * as runs from "./runs.js";
import * as surface from "./surface.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const ZOOM = 1.4;
const TURNING = 150; // pixels that turn the surface by one radian
const STEEPEST = 1.5; // radians from above
const FINGER = 44; // pixels around the start in which a finger takes hold of it
const FINE = 100; // arrow keys move the start by this part of the window
const MOVES = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, 1]], ["ArrowDown", [0, -1]]]);

/** The colours of now. */
export const colours = () => page.colours[dark.matches ? "dark" : "light"];

/** The large picture of a model; ``does`` has moved (a new start), rated (a new learning rate), looked (another window). */
export class Picture {
  constructor(model, does) {
    Object.assign(this, { model, does, view: null, rates: null, painted: null });
    this.canvas = element("canvas", { tabindex: "0", role: "application", class: "map" });
    this.still = document.createElement("canvas");
    this.legend = element("div", { class: "told" });
    this.heat = new Heat((found) => this.take(found));
    this.explain = settled(150, () => {
      const paths = this.scene.paths.filter((path) => path.length);
      if (this.drawer === surface) this.legend.replaceChildren(element("p", { class: "faint" }, say("surface_hint")));
      else if (this.drawer !== runs) this.legend.replaceChildren(paths.length ? arrowLegend(paths, this.scene.at, this.scene) : "");
    });
    this.listen();
    dark.addEventListener("change", () => this.recolour());
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  listen() {
    const { canvas } = this;
    // A finger moves what it takes hold of; anywhere else it scrolls the page, and a tap places the start.
    canvas.addEventListener("pointerdown", (event) => {
      this.held = event.button === 0 && (event.pointerType !== "touch" || this.isNear(event));
      this.from = [event.clientX, event.clientY];
      if (!this.held) return;
      canvas.setPointerCapture(event.pointerId);
      this.place(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.held && canvas.hasPointerCapture(event.pointerId)) this.place(event);
    });
    canvas.addEventListener("touchstart", (event) => this.held && event.preventDefault(), { passive: false });
    canvas.addEventListener("click", (event) => {
      if (event.pointerType === "touch" && this.kind !== "surface") this.place(event);
    });
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM);
    }, { passive: false });
  }

  /** Whether a finger is on the start; the surface can be taken hold of anywhere in its middle. */
  isNear({ clientX, clientY }) {
    const { frame } = this.scene ?? {}, box = this.canvas.getBoundingClientRect();
    if (!frame) return false;
    const [x, y] = [clientX - box.left, clientY - box.top];
    if (this.kind === "surface") return Math.abs(x - frame.left - frame.width / 2) < frame.width / 3;
    const [a, b] = this.handle();
    return Math.hypot(x - frame.x(a), y - frame.y(b)) < FINGER;
  }

  /** What is dragged, in the numbers of the picture. */
  handle() {
    const { model } = this, [x, y] = model.start;
    if (this.kind === "rates") return [x, Math.log10(runs.rateOf(model.mapped))];
    return [x, y ?? model.compiled.value(Float64Array.of(x))];
  }

  /** What is shown: "lines" (the map, or the curve), "surface", "ends" or "rates". */
  get kind() {
    const { setting, names, mapped, compiled } = this.model;
    if (compiled?.remote && setting.picture !== "surface") return "lines";
    if (setting.picture === "rates" && mapped && runs.rateOf(mapped) > 0) return "rates";
    return names.length === 2 ? setting.picture : "lines";
  }

  get drawer() {
    if (this.kind === "surface") return surface;
    return this.kind === "ends" || this.kind === "rates" ? runs : this.model.names.length === 1 ? curve : map;
  }

  place(event) {
    const frame = this.scene?.frame;
    if (!frame) return;
    if (this.kind === "surface") {
      this.turn((event.clientX - this.from[0]) / TURNING, (event.clientY - this.from[1]) / TURNING);
      this.from = [event.clientX, event.clientY];
      return;
    }
    const box = this.canvas.getBoundingClientRect();
    const within = (value, low, high) => Math.min(high, Math.max(low, value));
    this.put(within(frame.atX(event.clientX - box.left), frame.x0, frame.x1), within(frame.atY(event.clientY - box.top), frame.y0, frame.y1));
  }

  /** Turn the surface around, and look at it from higher or lower. */
  turn(right, down) {
    const { setting } = this.model, [around, above] = setting.turn;
    setting.turn = [around - right, Math.min(STEEPEST, Math.max(-0.1, above + down))].map((angle) => Number(angle.toFixed(3)));
    this.does.looked(this.view);
    this.draw();
  }

  /** Move what is dragged to a place of the picture. */
  put(x, y) {
    const { model } = this, { x0, x1, y0, y1 } = this.scene.frame, rates = this.kind === "rates";
    const start = [neat(x, x1 - x0), ...(rates ? model.start.slice(1) : [neat(y, y1 - y0)])].slice(0, model.names.length);
    if (rates) this.does.rated(Number((10 ** y).toPrecision(3)));
    this.does.moved(start);
  }

  press(event) {
    if (event.key === "+" || event.key === "=") this.zoom(1 / ZOOM);
    else if (event.key === "-") this.zoom(ZOOM);
    else if (event.key === "0") this.showAll();
    else if (MOVES.has(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      if (this.kind === "surface") {
        const [right, up] = MOVES.get(event.key), much = event.shiftKey ? 0.4 : 0.08;
        this.turn(right * much, -up * much);
        event.preventDefault();
        return;
      }
      const { x0, x1, y0, y1 } = this.scene.frame, [right, up] = MOVES.get(event.key), part = (event.shiftKey ? 10 : 1) / FINE;
      const [x, upwards] = this.handle();
      this.put(x + right * part * (x1 - x0), upwards + up * part * (y1 - y0));
    } else return;
    event.preventDefault();
  }

  zoom(factor) {
    const [x0, x1, y0, y1] = this.view, [x, y = (y0 + y1) / 2] = this.model.start;
    const middle = [Math.min(x1, Math.max(x0, (x0 + x1) / 2 + 0.3 * (x - (x0 + x1) / 2))), Math.min(y1, Math.max(y0, (y0 + y1) / 2 + 0.3 * (y - (y0 + y1) / 2)))];
    const [w, h] = [((x1 - x0) / 2) * factor, ((y1 - y0) / 2) * factor];
    this.look([middle[0] - w, middle[0] + w, middle[1] - h, middle[1] + h]);
  }

  look(view) {
    this.view = view;
    this.does.looked(view);
    this.refresh();
  }

  /** The window that shows the paths and what is known of the function. */
  showAll() {
    const { model } = this, n = model.names.length, known = model.problem;
    if (known?.view) this.look(known.view.flat());
    else {
      const points = worthShowing(model.paths, model.start, n, known ? known.minimisers : []);
      const end = points.at(-1)[0], other = n === 1 ? [[2 * end - model.start[0]]] : []; // the curve beyond where it ends
      this.look(around([...points, ...other].map((point) => (n === 1 ? [point[0], point[0]] : point))));
    }
  }

  resize() {
    const box = this.canvas.getBoundingClientRect(), ratio = Math.min(3, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    if (!width || (this.canvas.width === width && this.canvas.height === height)) return;
    for (const canvas of [this.canvas, this.still]) Object.assign(canvas, { width, height });
    this.refresh();
  }

  /** Everything that a pen needs, for a picture of that size. */
  sceneOf(width, height) {
    const { model, view, rates, painted } = this;
    const box = { left: 56, top: 24, width: width - 72, height: height - 70 };
    const scene = { ...model, paths: drawable(model.paths), drawer: this.drawer, width, height, rates, painted, colours: colours() };
    scene.ground = this.drawer.survey(scene, box, view);
    scene.frame = scene.ground.frame;
    return scene;
  }

  /** Draws everything anew: function, window, size or colours have changed. */
  refresh() {
    if (!this.view || !this.canvas.width || !this.model.compiled) return;
    if (this.kind === "rates") this.rates = runs.rateWindow(this.model.mapped, this.rates);
    const box = this.canvas.getBoundingClientRect();
    this.scene = this.sceneOf(box.width, box.height);
    this.drawStill();
    this.draw();
  }

  drawStill() {
    const context = this.still.getContext("2d"), ratio = this.still.width / this.scene.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawer.drawGround(new CanvasPen(context), this.scene);
  }

  /** A map of runs has come. */
  take(found) {
    this.found = found;
    if (!this.scene || this.drawer !== runs || found.request.kind !== this.kind || found.request.formula !== this.model.text) return;
    this.scene.painted = this.painted = runs.painted(found, this.scene);
    this.legend.replaceChildren(...runs.legendOf(this.painted));
    this.drawStill();
    this.draw();
  }

  recolour() {
    this.refresh();
    if (this.found) this.take(this.found);
  }

  /** Draws the paths anew; maps of runs are asked for, where what they depend on has changed. */
  draw() {
    if (!this.scene) return;
    const { model, canvas } = this, context = canvas.getContext("2d"), ratio = canvas.width / this.scene.width;
    const another = this.drawer !== this.scene.drawer || (this.kind === "rates" && runs.rateWindow(model.mapped, this.rates) !== this.rates);
    if (another) return this.refresh();
    Object.assign(this.scene, { start: model.start, paths: drawable(model.paths), at: model.at, mapped: model.mapped, turn: model.setting.turn });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.still, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawer.drawPaths(new CanvasPen(context), this.scene);
    const label = say(`${this.kind}_label`, { formula: model.text });
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
    this.ask();
  }

  ask() {
    const { x0, x1, y0, y1 } = this.scene.frame;
    if (this.drawer === runs) return this.heat.ask(runs.requestOf(this.model, [x0, x1, y0, y1]));
    this.explain();
    if (!this.found) return;
    this.heat.forget();
    this.found = this.painted = null;
  }

  /** The whole picture by a pen, 960 by 640. */
  drawAll(pen, width, height) {
    const scene = { ...this.sceneOf(width, height), paths: drawable(this.model.paths), at: this.model.at, turn: this.model.setting.turn };
    this.drawer.drawGround(pen, scene);
    this.drawer.drawPaths(pen, scene);
    return pen;
  }

  saveSvg() {
    save(new Blob([this.drawAll(new SvgPen(960, 640), 960, 640).toString()], { type: "image/svg+xml" }), "downslope.svg");
  }

  savePng() {
    const canvas = element("canvas", { width: 1920, height: 1280 }), context = canvas.getContext("2d");
    context.scale(2, 2);
    this.drawAll(new CanvasPen(context), 960, 640);
    canvas.toBlob((blob) => save(blob, "downslope.png"), "image/png");
  }
}

/** Paths in their colours that have a point at all: outside a domain there is none. */
const drawable = (paths) => coloured(paths).filter((path) => path.length > 0);

const DASHES = [[], [9, 4], [3, 3], [12, 3, 3, 3], [6, 2], [2, 5]];

/** The paths with the colour and dash of each, and its number where there are several of its rule. */
export function coloured(paths) {
  const { series, path } = colours();
  const order = [path, ...series.filter((colour) => colour !== path)];
  const several = (rule) => paths.filter(({ method }) => method.rule === rule).length > 1;
  return paths.map((one, i) => Object.assign(one, { number: several(one.method.rule) ? `${i + 1} ` : "", colour: order[i % order.length], dash: DASHES[i % DASHES.length] }));
}

/** A number to about a thousandth of the window, in few digits. */
function neat(value, extent) {
  const unit = 10 ** Math.floor(Math.log10(extent / 500));
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}
