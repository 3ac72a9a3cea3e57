// A table that a person pastes, and the loss that its rows are counted by.

import { element, labelled, page, say } from "./dom.js";
import { shown, typed } from "./numbers.js";
import { MOST_COLUMNS, MOST_ROWS } from "./setting.js";

const NAME = /^[\p{L}_][\p{L}\d_]*$/u;

/** Columns {name: numbers} of pasted text; throws {message} where it is no table. */
export function readTable(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  if (lines.length < 2) throw { message: say("table_short") };
  const mark = ["\t", ";", ","].find((sign) => lines[0].includes(sign)) ?? /\s+/;
  const cut = (line, by) => line.trim().split(by).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const rows = lines.map((line) => cut(line, mark)), wide = cut(lines[0], /\s{2,}/);
  if (typeof mark !== "string" && rows[0].length !== rows[1].length && wide.length === rows[1].length) rows[0] = wide; // names of several words
  const headed = rows[0].some((cell) => Number.isNaN(typed(cell))), width = rows[0].length, first = headed ? 1 : 0;
  if (width > MOST_COLUMNS) throw { message: say("table_wide", { most: MOST_COLUMNS, number: width }) };
  if (rows.length - first > MOST_ROWS) throw { message: say("table_long", { most: MOST_ROWS.toLocaleString(page.language), number: rows.length - first }) };
  const columns = {};
  for (let k = 0; k < width; k++) {
    const given = headed ? rows[0][k].replace(/[^\p{L}\d_]+/gu, "_").replace(/^_+|_+$/g, "") : "", usual = width === 1 || k === width - 1 ? "y" : width === 2 ? "x" : `x${k + 1}`;
    let name = NAME.test(given) ? given : usual;
    while (Object.hasOwn(columns, name)) name += "_";
    columns[name] = rows.slice(first).map((row, j) => {
      const value = row.length === width ? typed(row[k]) : NaN;
      if (!Number.isFinite(value)) throw { message: say(row.length === width ? "table_cell" : "table_row", { line: j + first + 1, text: row[k] ?? "", number: row.length, width }) };
      return value;
    });
  }
  return columns;
}

/** The form; ``took`` is called with {columns, loss, number}, or null for no table. */
export class TableForm {
  constructor(took) {
    Object.assign(this, { took, table: null });
    this.text = element("textarea", { rows: 6, spellcheck: "false", placeholder: "x\ty\n2\t81\n4\t93" });
    this.error = element("div", { class: "error", role: "alert" });
    this.more = element("div");
    this.loss = element("select", { onchange: () => this.take() }, ...page.losses.map((one) => element("option", { value: one.name }, `${one.name} – ${one.spoken}`)));
    this.drop = element("button", { type: "button", onclick: () => took(null) }, say("table_drop"));
    const use = element("button", { type: "button", onclick: () => this.take() }, say("table_use"));
    const rows = element("div", { class: "row" }, use, this.drop);
    this.root = element("details", { class: "table" }, element("summary", {}, say("table_paste")), element("p", { class: "faint" }, say("table_hint", { most: MOST_ROWS.toLocaleString(page.language), example: "y = a*x + b" })), labelled(say("table_rows"), this.text), this.error, this.more, labelled(say("loss"), this.loss), rows);
  }

  take() {
    try {
      const columns = readTable(this.text.value);
      this.error.textContent = "";
      this.took({ columns, loss: this.loss.value });
    } catch (refusal) {
      if (!refusal.message) throw refusal;
      this.error.textContent = refusal.message;
    }
  }

  show(table) {
    if (table && table !== this.table) {
      const names = Object.keys(table.columns), count = table.columns[names[0]].length;
      this.text.value = [names.join("\t"), ...Array.from({ length: count }, (_, k) => names.map((name) => shown(table.columns[name][k], 17).replaceAll("−", "-")).join("\t"))].join("\n");
      this.loss.value = table.loss;
      this.root.open = true;
    }
    if (!table && this.table) this.root.open = false;
    this.table = table;
    this.drop.hidden = !table;
    this.more.replaceChildren(...[table?.weights && say("table_weights"), table?.l2 && say("table_penalty", { l2: shown(table.l2), names: table.penalised.join(", ") }), table?.l1 && say("table_penalty_l1", { l1: shown(table.l1), names: table.penalised.join(", ") })].filter(Boolean).map((said) => element("p", { class: "faint" }, said)));
  }
}
