// Formula, start, direction and limits: what a person types.

import { element, filled, labelled, page, say } from "./dom.js";
import { typed } from "./numbers.js";
import { MOST_STEPS } from "./setting.js";
import { TableForm } from "./table_form.js";

/** A menu whose choice is an event: it goes back to its heading. */
function menu(label, names, chosen) {
  const options = names.map((name, i) => element("option", { value: String(i) }, name));
  const select = element("select", {}, element("option", { value: "" }, say("choose")), ...options);
  select.addEventListener("change", () => {
    if (select.value !== "") chosen(Number(select.value));
  });
  return { select, root: labelled(label, select) };
}

/** The form; ``does`` has preset, problem, formula, start and option, each called with what was asked for. */
export class Asked {
  constructor(does) {
    this.does = does;
    this.presets = menu(say("preset"), page.presets.map((one) => one.name), (i) => does.preset(page.presets[i].setting));
    this.problems = menu(say("problem"), page.problems.map((one) => one.title), (i) => does.problem(page.problems[i]));
    this.formula = element("input", { type: "text", class: "formula", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-describedby": "refused", maxlength: 2000 });
    this.formula.addEventListener("input", () => does.formula(this.formula.value));
    this.refused = element("div", { id: "refused", class: "error", role: "alert" });
    this.table = new TableForm(does.table);
    this.starts = element("div", { class: "row starts" });
    this.startError = element("div", { class: "error", role: "alert" });
    this.way = element("select", {}, element("option", { value: "down" }, say("down")), element("option", { value: "up" }, say("up")));
    this.way.addEventListener("change", () => does.option("maximize", this.way.value === "up"));
    this.steps = this.number(say("steps_range", { most: MOST_STEPS }), (value) => Number.isInteger(value) && value >= 1 && value <= MOST_STEPS, (value) => does.option("steps", value));
    this.tolerance = this.number(say("at_least", { least: 0 }), (value) => value >= 0, (value) => does.option("tolerance", value));
    this.root = element("div", { class: "asked" },
      element("div", { class: "row examples" }, this.presets.root, this.problems.root),
      element("div", { class: "formula-row" }, labelled(say("formula"), this.formula)),
      this.refused,
      this.table.root,
      this.starts,
      this.startError,
      element("div", { class: "row limits" }, labelled(say("direction"), this.way), this.row(say("most_steps"), this.steps), this.row(say("tolerance"), this.tolerance)),
    );
  }

  number(range, isRight, changed) {
    const field = element("input", { type: "text", inputmode: "decimal", class: "number", autocomplete: "off" });
    const error = element("span", { class: "error", role: "alert" });
    field.addEventListener("input", () => {
      const value = typed(field.value);
      const right = isRight(value);
      field.setAttribute("aria-invalid", String(!right));
      error.textContent = right ? "" : Number.isNaN(value) ? say("not_number", { text: field.value || "''" }) : range;
      if (right) changed(value);
    });
    return { field, error };
  }

  row(text, { field, error }) {
    const root = labelled(text, field);
    root.append(error);
    return root;
  }

  /** Shows a setting; the fields of the start are made for these names. */
  show(setting, names) {
    if (this.formula.value !== setting.formula) this.formula.value = setting.formula;
    this.table.show(setting.table);
    this.way.value = setting.maximize ? "up" : "down";
    this.steps.field.value = String(setting.steps);
    this.tolerance.field.value = String(setting.tolerance);
    for (const { field, error } of [this.steps, this.tolerance]) {
      field.setAttribute("aria-invalid", "false");
      error.textContent = "";
    }
    this.fields = names.map((name, i) => {
      const one = this.number("", Number.isFinite, (value) => this.does.start(i, value));
      return { ...one, root: this.row(say("start_of", { name }), one) };
    });
    this.starts.replaceChildren(...this.fields.map((one) => one.root));
  }

  /** Shows another start, but not in the field that is being typed in. */
  showStart(start) {
    this.fields.forEach(({ field, error }, i) => {
      if (field === document.activeElement && typed(field.value) === start[i]) return;
      field.value = String(start[i]);
      if (field.getAttribute("aria-invalid") !== "false") field.setAttribute("aria-invalid", "false");
      if (error.textContent) error.textContent = "";
    });
  }

  /** Says why a formula is refused, with a caret under the place; null where it is not. */
  refuse(refusal, text) {
    this.formula.setAttribute("aria-invalid", String(refusal !== null));
    if (refusal === null) return this.refused.replaceChildren();
    const begin = Math.max(0, Math.min(refusal.start ?? 0, text.length)), end = Math.max(begin + 1, Math.min(refusal.end ?? begin + 1, text.length));
    const from = Math.max(0, begin - 40), shown = text.slice(from, from + 80);
    const carets = " ".repeat(begin - from) + "^".repeat(Math.min(end, from + 80) - begin || 1);
    const said = [refusal.message, ...(refusal.hints ?? [])].map((one) => element("p", {}, told(one)));
    this.refused.replaceChildren(...said, refusal.start === undefined ? "" : element("pre", { "aria-hidden": "true" }, `${shown}\n${carets}`));
  }
}

/** A message of the reader in words: text, {key, fields} or {list}. */
export function told(message) {
  if (typeof message !== "object" || message === null) return String(message);
  if (Array.isArray(message.list)) return listed(message.list.map(told), message.last);
  const fields = Object.fromEntries(Object.entries(message.fields ?? {}).map(([name, value]) => [name, told(value)]));
  if (!Object.hasOwn(page.refusals, message.key)) return say(message.key, fields);
  const templates = page.refusals[message.key];
  return filled(templates.at(Number(fields.n) === 1 ? 0 : -1), fields);
}

function listed(items, last) {
  if (!last || items.length < 2) return items.join(", ");
  const kind = last === "or" ? "disjunction" : "conjunction";
  return new Intl.ListFormat(page.language, { type: kind }).format(items);
}
