// The rules that are followed: choice, learning rate, further settings.

import { element, page, say } from "./dom.js";
import { shown, typed } from "./numbers.js";
import { RULES } from "./rules.js";
import { MOST_METHODS, isWithin, method } from "./setting.js";

const LOWEST = -5, HIGHEST = 2; // powers of ten of the slider
const STEPS_A_DECADE = 100;
let numbered = 0;

/** The list of rules; ``changed`` is called after any change. */
export class Methods {
  constructor(setting, changed) {
    Object.assign(this, { setting, changed, cards: [] });
    this.list = element("div", { class: "methods" });
    this.add = element("button", { type: "button", onclick: () => this.addOne() }, say("add"));
    this.root = element("section", { class: "rules", "aria-labelledby": "rules" }, element("h2", { id: "rules" }, say("rules")), this.list, this.add);
  }

  /** Makes the cards anew for what is set. */
  show(setting) {
    this.setting = setting;
    this.cards = setting.methods.map((_, i) => new Card(this, i));
    this.list.replaceChildren(...this.cards.map((card) => card.root));
    this.add.disabled = setting.methods.length >= MOST_METHODS;
  }

  addOne() {
    const { methods } = this.setting, used = new Set(methods.map((one) => one.rule));
    const next = ["momentum", "adam", "adagrad", "rmsprop", "nesterov", "gradient_descent"].find((name) => !used.has(name) && RULES.has(name));
    methods.push(method(next ?? methods[0].rule));
    this.show(this.setting);
    this.changed();
    this.cards.at(-1).choice.focus();
  }

  remove(i) {
    this.setting.methods.splice(i, 1);
    this.show(this.setting);
    this.changed();
    this.add.focus();
  }

  /** Another learning rate for rule i, from outside. */
  rate(i, value) {
    this.cards[i].showRate(value);
  }

  /** Colours and dashes, and the limit of the learning rate where there is one. */
  mark(paths, limits) {
    this.cards.forEach((card, i) => card.mark(paths[i], limits[i]));
  }
}

class Card {
  constructor(owner, i) {
    Object.assign(this, { owner, i, method: owner.setting.methods[i], key: `m${numbered++}` });
    this.swatch = element("canvas", { width: 72, height: 20, class: "swatch", "aria-hidden": "true" });
    const names = [...RULES.keys()].sort();
    this.choice = element("select", { "aria-label": say("rule", { number: i + 1 }), onchange: () => this.choose() }, ...names.map((name) => element("option", { value: name }, name)));
    this.choice.value = this.method.rule;
    const several = owner.setting.methods.length > 1;
    const label = say("remove", { rule: this.method.rule });
    const remove = element("button", { type: "button", class: "small", "aria-label": label, title: label, onclick: () => owner.remove(i) }, "×");
    this.root = element("fieldset", { class: "method" }, element("legend", { class: "unseen" }, say("rule", { number: i + 1 })));
    const summary = element("p", { class: "faint" }, page.rules[this.method.rule]?.summary ?? "");
    this.root.append(element("div", { class: "row" }, this.swatch, this.choice, several ? remove : null), summary, ...this.rate(), ...this.others());
  }

  choose() {
    this.owner.setting.methods[this.i] = method(this.choice.value);
    this.owner.show(this.owner.setting);
    this.owner.changed();
    this.owner.cards[this.i].choice.focus();
  }

  get ranges() {
    return RULES.get(this.method.rule).hyperparameters;
  }

  rate() {
    const range = this.ranges.find((one) => one.name === "learning_rate");
    if (!range) return [];
    const value = this.method.hyperparameters.get("learning_rate");
    this.slider = element("input", { type: "range", min: LOWEST * STEPS_A_DECADE, max: HIGHEST * STEPS_A_DECADE, step: 1, "aria-label": say("rate_slider"), "aria-valuetext": shown(value) });
    this.slider.value = Math.log10(value) * STEPS_A_DECADE;
    const field = this.fieldOf(range);
    this.input = field.querySelector("input");
    this.slider.addEventListener("input", () => {
      const rate = Number((10 ** (this.slider.valueAsNumber / STEPS_A_DECADE)).toPrecision(3));
      this.input.value = String(rate);
      this.set("learning_rate", rate);
    });
    this.limit = element("button", { type: "button", class: "limit", onclick: () => this.toLimit() });
    this.tick = element("span", { class: "tick", "aria-hidden": "true" });
    const id = `${this.key}-learning_rate`;
    return [element("div", { class: "row" }, element("label", { for: id }, `${say("rate")} η`), field), element("div", { class: "slider" }, this.slider, this.tick), this.limit];
  }

  others() {
    const ranges = this.ranges.filter((one) => one.name !== "learning_rate");
    if (!ranges.length) return [];
    const about = page.rules[this.method.rule]?.about ?? {};
    const rows = ranges.map((range) => {
      const id = `${this.key}-${range.name}`, explained = Object.hasOwn(about, range.name) ? about[range.name] : "";
      return element("div", { class: "setting" }, element("label", { for: id }, range.name, element("span", { class: "faint" }, explained && ` ${explained}`)), this.fieldOf(range));
    });
    return [element("details", {}, element("summary", {}, say("settings")), ...rows)];
  }

  fieldOf(range) {
    const id = `${this.key}-${range.name}`;
    const field = element("input", { id, type: "text", inputmode: "decimal", class: "number", autocomplete: "off", value: String(this.method.hyperparameters.get(range.name)) });
    const error = element("span", { class: "error", id: `${id}-error`, role: "alert" });
    field.addEventListener("input", () => {
      const value = typed(field.value), right = isWithin(value, range);
      error.textContent = right ? "" : Number.isNaN(value) ? say("not_number", { text: field.value || "''" }) : say("out_of_range", { name: range.name, range: rangeSaid(range) });
      field.setAttribute("aria-invalid", String(!right));
      if (!right) return;
      if (range.name === "learning_rate") this.slider.value = Math.log10(value) * STEPS_A_DECADE;
      this.set(range.name, value);
    });
    field.setAttribute("aria-describedby", error.id);
    return element("span", { class: "field" }, field, error);
  }

  set(name, value) {
    this.method.hyperparameters.set(name, value);
    if (name === "learning_rate") this.slider.setAttribute("aria-valuetext", shown(value));
    this.owner.changed();
  }

  toLimit() {
    this.showRate(Number(this.at.toPrecision(6)));
  }

  showRate(value) {
    this.input.value = String(value);
    this.slider.value = Math.log10(value) * STEPS_A_DECADE;
    this.set("learning_rate", value);
  }

  mark(path, limit) {
    const context = this.swatch.getContext("2d");
    context.clearRect(0, 0, 72, 20);
    Object.assign(context, { strokeStyle: path.colour, lineWidth: 5 });
    context.setLineDash(path.dash.map((length) => 2 * length));
    context.beginPath();
    context.moveTo(2, 10);
    context.lineTo(70, 10);
    context.stroke();
    if (!this.limit) return;
    const seen = limit !== null && limit !== undefined;
    this.limit.hidden = this.tick.hidden = !seen;
    if (!seen) return;
    this.at = limit.limit;
    const part = (Math.log10(limit.limit) - LOWEST) / (HIGHEST - LOWEST);
    this.tick.hidden = !(part >= 0 && part <= 1);
    this.tick.style.setProperty("--part", String(part));
    this.limit.textContent = say(limit.constant ? "limit_everywhere" : "limit_here", { limit: shown(limit.limit, 4), step: limit.step });
  }
}

function rangeSaid({ above, atLeast, below }) {
  const parts = [];
  if (Number.isFinite(above)) parts.push(say("above", { least: shown(above) }));
  else if (Number.isFinite(atLeast)) parts.push(say("at_least", { least: shown(atLeast) }));
  if (Number.isFinite(below)) parts.push(say("below", { most: shown(below) }));
  return parts.length === 2 ? say("between", { first: parts[0], second: parts[1] }) : parts[0] ?? "";
}
