// The secant of a function of one variable: its h, and its slope beside the derivative.

import { secantOf } from "./curve.js";
import { element, say } from "./dom.js";
import { shown } from "./numbers.js";

const LARGEST = 0.5, SMALLEST = -7; // powers of ten of h
const STEPS_A_DECADE = 20;
const PICTURES = 90, PAUSE = 40; // of the shrinking, and milliseconds between two
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** A box to tick, a slider for h and a button that lets it shrink; ``changed`` is called with h, or null for no secant. */
export class Secant {
  constructor(changed) {
    Object.assign(this, { changed, timer: 0 });
    this.tick = element("input", { type: "checkbox", id: "secant", onchange: () => this.set(this.tick.checked ? 1 : null) });
    this.slider = element("input", { type: "range", min: SMALLEST * STEPS_A_DECADE, max: LARGEST * STEPS_A_DECADE, step: 1, "aria-label": say("secant_h") });
    this.slider.addEventListener("input", () => this.set(this.h));
    this.shrink = element("button", { type: "button", onclick: () => this.play() }, say("secant_shrink"));
    this.said = element("output", { class: "numbers" });
    this.zeros = element("p", { class: "numbers" });
    this.row = element("div", { class: "row" }, this.slider, this.shrink);
    this.root = element("div", { class: "secant" }, element("div", {}, this.tick, element("label", { for: "secant" }, ` ${say("secant")}`)), this.row, this.said, this.zeros);
  }

  get h() {
    return Number((10 ** (this.slider.valueAsNumber / STEPS_A_DECADE)).toPrecision(3));
  }

  set(h) {
    clearInterval(this.timer);
    this.changed(h);
  }

  /** h goes down to its least, in equal ratios. */
  play() {
    clearInterval(this.timer);
    const begin = Math.log10(this.h), step = (begin - SMALLEST) / (calm.matches ? 8 : PICTURES);
    let place = begin;
    this.timer = setInterval(() => {
      place = Math.max(SMALLEST, place - step);
      this.changed(Number((10 ** place).toPrecision(3)));
      if (place === SMALLEST) clearInterval(this.timer);
    }, calm.matches ? 10 * PAUSE : PAUSE);
  }

  /** Shows a scene of one variable; null hides everything. */
  show(scene) {
    this.root.hidden = !scene;
    if (!scene) return clearInterval(this.timer);
    const { secant } = scene.setting, [name] = scene.names, { zeros } = scene.ground;
    this.tick.checked = secant !== null;
    this.row.hidden = this.said.hidden = secant === null;
    this.zeros.textContent = zeros ? say(zeros.length ? "zeros" : "no_zeros", { name, places: zeros.map((x) => shown(x, 5)).join(", ") }) : "";
    if (secant === null || !scene.paths[0]?.length) return;
    this.slider.value = String(Math.round(Math.log10(secant) * STEPS_A_DECADE));
    const { slope, derivative } = secantOf(scene), text = { name, h: shown(secant), slope: shown(slope, 8), derivative: shown(derivative, 8) };
    this.slider.setAttribute("aria-valuetext", shown(secant));
    this.said.textContent = say("secant_says", text);
  }
}
