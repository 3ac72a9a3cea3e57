// Step by step: back, forward, play.

import { element, say } from "./dom.js";

const WHOLE = 6000; // milliseconds in which all steps are played
const LEAST = 40, MOST = 700; // milliseconds between two pictures
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Buttons and a slider for the step that is shown; ``went`` is called with it. */
export class Player {
  constructor(went) {
    Object.assign(this, { went, at: 0, last: 0, timer: 0 });
    const button = (key, sign, act) => element("button", { type: "button", class: "small", title: say(key), "aria-label": say(key), onclick: act }, sign);
    this.playing = button("play", "▶", () => (this.timer ? this.stop() : this.play()));
    this.slider = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": say("step") });
    this.slider.addEventListener("input", () => this.goTo(this.slider.valueAsNumber));
    this.said = element("output", { class: "numbers" });
    this.root = element("div", { class: "player", role: "group", "aria-label": say("step") },
      button("first", "|◀", () => this.goTo(0)),
      button("back", "◁", () => this.goTo(this.at - 1)),
      this.playing,
      button("forward", "▷", () => this.goTo(this.at + 1)),
      button("last", "▶|", () => this.goTo(this.last)),
      this.slider,
      this.said,
    );
  }

  /** So many steps there are now; who stood at the end stays there. */
  fit(last) {
    const atEnd = this.at >= this.last;
    if (last !== this.last) this.slider.max = String(last);
    this.last = last;
    this.show(atEnd ? last : Math.min(this.at, last));
  }

  show(at) {
    this.at = Math.max(0, Math.min(this.last, at));
    this.slider.value = String(this.at);
    const said = say("step_of", { step: this.at, steps: this.last });
    if (said === this.told) return;
    this.told = this.said.textContent = said;
    this.slider.setAttribute("aria-valuetext", said);
  }

  goTo(at) {
    this.stop();
    this.show(at);
    this.went(this.at);
  }

  play() {
    if (this.at >= this.last) this.show(0);
    const pause = calm.matches ? MOST : Math.min(MOST, Math.max(LEAST, WHOLE / Math.max(1, this.last)));
    const many = Math.max(1, Math.round((pause * this.last) / WHOLE));
    this.label("pause", "❚❚");
    this.timer = setInterval(() => {
      this.show(this.at + many);
      this.went(this.at);
      if (this.at >= this.last) this.stop();
    }, pause);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.label("play", "▶");
  }

  label(key, sign) {
    this.playing.textContent = sign;
    this.playing.setAttribute("aria-label", say(key));
    this.playing.title = say(key);
  }
}
