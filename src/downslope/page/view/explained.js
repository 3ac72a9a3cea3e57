// What Python says of a setting that has come to rest, where there is a Python to be asked.

import { ask } from "./ask.js";
import { element, page, say, settled } from "./dom.js";
import { plainSetting } from "./setting.js";

const RESTING = 300; // milliseconds without a change, beyond those after which the page tells what happened

/** A part of the page; ``root`` is empty in a file. */
export class Explained {
  constructor() {
    Object.assign(this, { key: "", asking: false, root: element("section", { class: "explained" }) });
    this.send = settled(RESTING, () => this.begin());
  }

  /** Nothing is said of what is moving. */
  clear() {
    if (!this.key) return;
    this.key = "";
    this.root.replaceChildren();
  }

  /** A setting has come to rest. */
  rest({ setting }) {
    if (!page.asks) return;
    const { formula, start, methods, steps, tolerance, maximize, table } = plainSetting(setting);
    const key = JSON.stringify({ formula, start, methods, steps, tolerance, maximize, table });
    if (key === this.key) return;
    this.key = key;
    this.root.setAttribute("aria-busy", "true");
    this.root.replaceChildren(element("p", { class: "faint" }, say("asking")));
    this.send();
  }

  /** Asks one question after the other, always the newest. */
  async begin() {
    if (this.asking || !this.key) return;
    this.asking = true;
    const { key } = this;
    let said;
    try {
      const { rules, refused } = await ask(JSON.parse(key));
      said = refused === undefined ? rules.map(({ rule, sentences }, i) => told(rules.some((other, k) => k !== i && other.rule === rule) ? `${i + 1} ${rule}` : rule, sentences, rules.length < 2)) : [element("p", { class: "error" }, refused)];
    } catch {
      said = [element("p", { class: "error" }, say("no_answer"))];
    }
    this.asking = false;
    if (key !== this.key) return this.begin();
    this.root.removeAttribute("aria-busy");
    this.root.replaceChildren(...said);
  }
}

/** The sentences on one run, open where it is the only one. */
export const told = (rule, sentences, open) => element("details", { open }, element("summary", {}, say("explained", { rule })), ...sentences.map((sentence) => element("p", {}, sentence)));
