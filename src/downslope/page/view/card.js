// One rule that is followed: its numbers, its schedule, and changes in mid-run.

import { element, page, say } from "./dom.js";
import { shown, typed } from "./numbers.js";
import { RULES, SCHEDULES } from "./rules.js";
import { MOST_CHANGES, MOST_METHODS, isWithin, method, scheduled } from "./setting.js";

const LOWEST = -5, HIGHEST = 2; // powers of ten of the slider
const STEPS_A_DECADE = 100;
let numbered = 0;

/** One rule of the list ``owner``. */
export class Card {
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
    this.root.append(element("div", { class: "row" }, several ? element("b", {}, String(i + 1)) : null, this.swatch, this.choice, several ? remove : null), summary, ...this.earlier(), ...this.rate(), ...this.others(), ...this.schedule(), ...this.changes());
  }

  choose() {
    this.owner.setting.methods[this.i] = method(this.choice.value, {}, [], this.method.before);
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

  /** A field for a number of the rule, or of one of its schedules. */
  fieldOf(range, schedule = null) {
    const id = `${this.key}-${schedule ? `${schedule.name}-` : ""}${range.name}`, { hyperparameters } = this.method;
    const value = schedule ? schedule.values[range.name] : hyperparameters.get(range.name);
    const field = element("input", { id, type: "text", inputmode: "decimal", class: "number", autocomplete: "off", value: String(value) });
    const error = element("span", { class: "error", id: `${id}-error`, role: "alert" });
    field.addEventListener("input", () => {
      const value = typed(field.value), right = isWithin(value, range);
      error.textContent = right ? "" : Number.isNaN(value) ? say("not_number", { text: field.value || "''" }) : say("out_of_range", { name: range.name, range: rangeSaid(range) });
      field.setAttribute("aria-invalid", String(!right));
      if (!right) return;
      if (schedule) {
        schedule.values[range.name] = value;
        return this.owner.changed();
      }
      if (range.name === "learning_rate") this.slider.value = Math.log10(value) * STEPS_A_DECADE;
      this.set(range.name, value);
    });
    field.setAttribute("aria-describedby", error.id);
    return element("span", { class: "field" }, field, error);
  }

  /** The menu of schedules, and the numbers of the one that is chosen. */
  schedule() {
    if (!this.ranges.some((one) => one.name === "learning_rate")) return [];
    const id = `${this.key}-schedule`, [chosen] = this.method.schedule;
    const options = [...SCHEDULES.keys()].map((name) => element("option", { value: name }, name));
    const menu = element("select", { id, onchange: () => this.chooseSchedule(menu.value) }, element("option", { value: "" }, say("no_schedule")), ...options);
    menu.value = chosen?.name ?? "";
    const rows = (chosen ? SCHEDULES.get(chosen.name).hyperparameters : []).map((range) => {
      const label = element("label", { for: `${this.key}-${chosen.name}-${range.name}` }, range.name);
      return element("div", { class: "setting" }, label, this.fieldOf(range, chosen));
    });
    return [element("div", { class: "setting" }, element("label", { for: id }, say("schedule")), menu), ...rows];
  }

  chooseSchedule(name) {
    this.method.schedule = name ? [scheduled(name, {}, this.owner.setting.steps)] : [];
    this.owner.show(this.owner.setting);
    this.owner.changed();
    this.owner.cards[this.i].root.querySelector("select[id$=schedule]").focus();
  }

  /** What the rule was before, each until its step. */
  earlier() {
    return this.method.before.map(({ rule, hyperparameters, until }, k) => {
      const rate = hyperparameters.get("learning_rate"), said = rate === undefined ? rule : `${rule}, η = ${shown(rate)}`;
      const label = say("join", { step: until });
      const remove = element("button", { type: "button", class: "small", "aria-label": label, title: label, onclick: () => this.join(k) }, "×");
      return element("p", { class: "row earlier" }, element("span", {}, say("until", { step: until, setting: said })), remove);
    });
  }

  join(k) {
    this.method.before.splice(k, 1);
    this.owner.show(this.owner.setting);
    this.owner.changed();
    this.owner.cards[this.i].focus();
  }

  /** Buttons for another setting from the step shown on. */
  changes() {
    const button = (both) => element("button", { type: "button", onclick: () => this.owner.change(this.i, this.step, both) });
    [this.change, this.branch] = [button(false), button(true)];
    return [element("div", { class: "row" }, this.change, this.branch)];
  }

  focus() {
    (this.input ?? this.choice).focus();
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

  mark(path, limit, at) {
    this.step = at;
    const inside = at > 0 && at < path.length - 1;
    for (const [one, key] of [[this.change, "change_here"], [this.branch, "branch_here"]]) {
      one.textContent = say(inside ? key : `${key}_first`, { step: at });
      one.disabled = !inside || (one === this.branch && this.owner.setting.methods.length >= MOST_METHODS) || this.method.before.length >= MOST_CHANGES;
    }
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
