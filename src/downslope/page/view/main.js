// The page: what is asked on the one side, what comes of it on the other.

import { Asked } from "./asked.js";
import { limitOf, partAt, pointAt, understand, way } from "./descents.js";
import { copy, element, page, save, say, settled } from "./dom.js";
import { evidenceOf } from "./evidence.js";
import { Explained } from "./explained.js";
import { showLesson } from "./lesson.js";
import { Looks } from "./looks.js";
import { Methods } from "./methods.js";
import { point, shown } from "./numbers.js";
import { outlook } from "./outlook.js";
import { Picture, coloured } from "./picture.js";
import { Player } from "./player.js";
import { Progress } from "./progress.js";
import { fetchMissing, isMissing } from "./remote.js";
import { scripts } from "./scripts.js";
import { Secant } from "./secant.js";
import { copyOf, fromLink, plainSetting, settingFrom, toLink } from "./setting.js";
import { tableOf, textOf } from "./table.js";
import { updateOf } from "./update.js";

const OWN = settingFrom(page.setting) ?? settingFrom(page.presets[1].setting);

/** What is shown: the setting, the formula as it was understood, the start, the paths, the step, where each name began last. */
const model = { setting: OWN, text: "", names: [], compiled: null, fit: null, start: [], paths: [], mapped: OWN.methods[0], at: 0, problem: null, maximize: false, starts: new Map() };

const asked = new Asked({
  preset: (plain) => open({ ...settingFrom(plain), lesson: model.setting.lesson }),
  problem: (problem) => open({ ...model.setting, table: null, formula: problem.formula, start: new Map(Object.entries(problem.start)), view: null, at: null, maximize: false }, true),
  formula: (text) => {
    if (read(text)) {
      model.setting.formula = text;
      begin(model.setting);
    }
  },
  table: (table) => {
    const start = new Map(table ? [] : Object.entries(page.problems[0].start));
    const taken = { ...model.setting, table, start, view: null, at: null }, columns = Object.keys(table?.columns ?? {});
    const usual = table ? `${columns.at(-1)} = ${columns.length > 1 ? `a*${columns[0]} + b` : "b"}` : page.problems[0].formula;
    taken.formula = table !== null && asked.formula.value.includes("=") ? asked.formula.value : usual;
    if (table) Object.assign(model, { start: [], starts: new Map() }); // where another function began is no start for this one
    open(settingFrom(plainSetting(taken)), true);
  },
  start: (i, value) => move(model.start.map((old, k) => (k === i ? value : old))),
  option: (name, value) => {
    model.setting[name] = value;
    model.maximize = model.setting.maximize;
    if (name === "maximize") picture.refresh();
    follow();
  },
});
const methods = new Methods(OWN, () => follow());
const picture = new Picture(model, {
  moved: move,
  rated: (rate) => methods.rate(model.setting.of, rate),
  looked: (view) => {
    model.setting.view = view;
    beneath();
    keep();
  },
});
const looks = new Looks((name, value) => {
  model.setting[name] = value;
  model.mapped = model.setting.methods[model.setting.of];
  looks.show(model.setting, model.names.length, model.compiled.remote);
  picture.refresh();
  draw();
});
const player = new Player((at) => {
  model.at = at;
  draw();
});
const secant = new Secant((h) => {
  model.setting.secant = h;
  picture.draw();
  secant.show(picture.scene);
  keep();
});
const live = element("div", { role: "status", "aria-live": "polite" });
const evidence = element("div", { class: "evidence" });
const explained = new Explained();
const update = element("div", { class: "update" });
const table = element("div", { class: "scroll", tabindex: "0" });
const details = element("details", { class: "steps" }, element("summary", {}, say("table")), table);
const progress = new Progress();
const lesson = element("section", { class: "text" });
const updateTitle = element("h2", {}, "");
const noted = element("span", { role: "status", class: "faint" });

/** Reads a formula; where it is refused, says so and leaves the last good picture. */
function read(text, table = model.setting.table) {
  let understood;
  try {
    understood = understand(text, table);
  } catch (refusal) {
    asked.refuse(refusal?.message?.key ? refusal : { message: say("internal", { reason: String(refusal?.message ?? refusal) }) }, text);
    return false;
  }
  const { names, compiled, fit } = understood;
  if (!compiled) {
    asked.refuse({ message: names.length ? say("too_many", { number: names.length, names: names.join(", ") }) : say("none") }, text);
    return false;
  }
  asked.refuse(null);
  const same = model.compiled && names.join() === model.names.join();
  Object.assign(model, { names, compiled, fit, text, renamed: !same });
  return true;
}

/** Shows a setting, of which a function that is ``fresh`` has no rates of its own; one whose formula is refused is left where it is, with its error. */
function open(setting, fresh = false) {
  player.stop();
  if (!setting) return;
  asked.formula.value = setting.formula;
  if (!read(setting.formula, setting.table)) return;
  model.renamed = true;
  model.setting = { ...setting, methods: setting.methods.map(copyOf) };
  methods.show(model.setting);
  showLesson(lesson, model.setting.lesson);
  begin(model.setting, fresh);
}

/** Brings rates of gradient descent that are above the limit at the start to half of it. */
function tame() {
  for (const { rule, hyperparameters, schedule } of model.setting.methods) {
    const found = rule === "gradient_descent" && !schedule.length && limitOf(model.compiled, Float64Array.from(model.start));
    if (found && hyperparameters.get("learning_rate") > found.limit) hyperparameters.set("learning_rate", Number((found.limit / 2).toPrecision(2)));
  }
  methods.show(model.setting);
}

/** Zeros, from which a hypothesis is fitted where all its parameters count there; else ones. */
function startOfTable() {
  const g = new Float64Array(model.names.length);
  model.compiled.valueAndGradient(new Float64Array(g.length), g);
  return Array.from(g, () => (g.every((slope) => slope !== 0 && Number.isFinite(slope)) ? 0 : 1));
}

/** Begins with a formula that was understood. */
function begin(setting, fresh = false) {
  evidence.replaceChildren();
  const folded = setting.formula.replace(/\s/g, "");
  model.problem = page.problems.find((one) => one.formula.replace(/\s/g, "") === folded) ?? null;
  model.minimisers = setting.maximize || !model.problem ? [] : model.problem.minimisers;
  model.maximize = setting.maximize;
  const known = (name, i) => setting.start.get(name) ?? model.starts.get(name) ?? model.start[i] ?? 1;
  model.start = fresh && setting.table && !setting.start.size ? startOfTable() : model.names.map(known);
  if (fresh) tame();
  if (model.renamed) asked.show(setting, model.names);
  asked.showStart(model.start);
  compute();
  player.last = player.at = 0;
  player.fit(longest());
  if (setting.at !== null && setting.at !== undefined) player.show(setting.at);
  model.at = player.at;
  if (setting.view && model.renamed) picture.look(setting.view);
  else picture.showAll();
  draw();
}

/** Moves the start. */
function move(start) {
  model.start = start;
  asked.showStart(start);
  follow();
}

/** What stands beneath the picture, once that is drawn. */
const beneath = settled(0, () => secant.show(model.names.length === 1 && picture.kind === "lines" ? picture.scene : null));

const MOVING = 120; // milliseconds between two changes of something that moves
let changedAt = -Infinity; // when there was a change last
let turn = 0;
const isMoving = () => performance.now() - changedAt < MOVING;

/** All that is drawn again after a change, but for the picture. */
function parts() {
  const paths = coloured(model.paths).filter((path) => path.length > 0);
  return [() => methods.mark(model.paths, model.paths.map(limitFor), model.at), ...progress.parts(model, paths)];
}

/** Draws the picture, and one of the other parts in turn: a picture of the screen has no time for all of them. */
function drawInTurn() {
  picture.draw();
  beneath();
  const all = parts();
  turn = (turn + 1) % all.length;
  all[turn]();
  keep();
  soon();
  rest();
}

/** What moved has come to rest: everything is drawn as it is. */
const rest = settled(MOVING, () => {
  for (const part of parts()) part();
});

let waiting = false;
/** Computes and draws once before the next picture of the screen. */
function follow() {
  if (waiting) return;
  waiting = true;
  evidence.replaceChildren();
  explained.clear();
  requestAnimationFrame(() => {
    waiting = false;
    compute();
    player.fit(longest());
    model.at = player.at;
    const moving = isMoving();
    changedAt = performance.now();
    if (moving && !model.compiled.remote) drawInTurn();
    else draw();
  });
}

const longest = () => Math.max(0, ...model.paths.map((path) => path.length - 1));

function compute() {
  const { compiled, setting, start } = model;
  setting.start = new Map(model.names.map((name, i) => [name, start[i]]));
  for (const [name, value] of setting.start) model.starts.set(name, value);
  setting.of = Math.min(setting.of, setting.methods.length - 1);
  model.mapped = setting.methods[setting.of];
  looks.show(setting, model.names.length, compiled.remote);
  const paths = setting.methods.map((one) => way(compiled, Float64Array.from(start), one, setting)), waits = compiled.remote && isMissing();
  if (waits && model.paths.length === paths.length) return; // the last paths stay until Python has answered
  model.paths = paths;
  const defined = model.paths.every((path) => path.length > 0);
  asked.startError.textContent = defined || waits ? "" : say("undefined_here", { point: point(model.names, start) });
}

/** Draws everything that depends on paths and step. */
function draw() {
  picture.draw();
  beneath();
  for (const part of parts()) part();
  keep();
  soon();
  if (model.compiled.remote) catchUp();
}

/** Draws what Python has computed meanwhile. */
async function catchUp() {
  const first = !longest();
  if (!(await fetchMissing(model.setting)) || !model.compiled.remote) return;
  compute();
  player.fit(longest());
  model.at = player.at;
  if (first && longest() && !OWN.view) picture.showAll();
  picture.refresh();
  draw();
}

function limitFor(path) {
  const step = Math.min(model.at, path.length - 1);
  if (path.method.rule !== "gradient_descent" || !path.length) return null;
  const found = limitOf(model.compiled, pointAt(path, step, model.names.length));
  return found && { ...found, step };
}

const framed = page.asks === "notebook"; // where it has no address of its own
let touched = false; // until then the address stays as it is, so that a file that is written anew shows what is new
for (const kind of ["pointerdown", "keydown", "input", "change"]) document.addEventListener(kind, () => (touched = true), true);

const keep = settled(250, () => {
  if (!touched || framed) return;
  const fragment = toLink({ ...model.setting, at: model.at === longest() ? null : model.at });
  if (fragment !== location.hash) history.replaceState(null, "", fragment);
});

/** What takes longer than a picture may, or would be read out too often. */
const soon = settled(150, () => {
  const { names, paths } = model;
  live.replaceChildren(...summary());
  const shownStep = Math.max(0, Math.min(model.at, longest() - 1)); // at the end, the update that led there
  updateTitle.textContent = say("update", { step: shownStep, next: shownStep + 1 });
  update.replaceChildren(...paths.filter((path) => path.length).map((path) => {
    const head = element("h3", {}, path.number + partAt(path, shownStep).method.rule);
    head.style.borderColor = path.colour;
    return element("section", {}, head, ...updateOf(path, { names, compiled: model.compiled, at: shownStep }));
  }));
  if (details.open) table.replaceChildren(tableOf(paths, names));
  explained.rest(model);
});

function summary() {
  const { names, paths, start } = model, n = names.length;
  const ends = paths.filter((path) => path.length).map((path) => {
    const last = path.length - 1;
    const status = say(`status_${path.status}`);
    return marked(path, "summary_rule", { rule: path.number + path.method.rule, status, steps: last, point: point(names, pointAt(path, last, n)), value: shown(path.value[last]), norm: shown(path.norm[last], 3) });
  });
  const ahead = paths.filter((path) => path.length).map((path) => outlook(model, path)).filter(Boolean).map((said) => element("p", {}, said));
  return [element("p", {}, say("summary_start", { point: point(names, start) })), ...ends, ...ahead];
}

/** A sentence on a path; of several paths it has the path's colour beside it. */
function marked(path, key, fields) {
  const said = element("p", { class: model.paths.length > 1 ? "of-path" : "" }, say(key, fields));
  said.style.borderColor = path.colour;
  return said;
}

/** Holds the paths of the page's own setting against the runs that it was written from. */
function check() {
  evidence.replaceChildren(...evidenceOf(model));
}

function build() {
  const button = (key, act) => element("button", { type: "button", onclick: act }, say(key));
  const tools = element("div", { class: "row tools" },
    button("show_all", () => picture.showAll()), button("zoom_in", () => picture.zoom(1 / 1.4)), button("zoom_out", () => picture.zoom(1.4)),
    button("png", () => picture.savePng()), button("svg", () => picture.saveSvg()),
    framed ? "" : button("link", async () => note(await copy(`${location.href.split("#")[0]}${toLink({ ...model.setting, at: model.at })}`))), noted);
  const rows = element("div", { class: "row tools" },
    button("copy", async () => note(await copy(textOf(model.paths, model.names, "\t")))),
    button("csv", () => save(new Blob([textOf(model.paths, model.names)], { type: "text/csv" }), "downslope.csv")));
  details.addEventListener("toggle", () => details.open && table.replaceChildren(tableOf(model.paths, model.names)));
  details.append(rows);
  const seen = element("section", { class: "seen", "aria-label": say("map") }, looks.root, picture.canvas, picture.legend, secant.root, element("p", { class: "faint" }, say("map_hint")), player.root, tools);
  const told = element("section", { class: "happened", "aria-labelledby": "summary" }, element("h2", { id: "summary" }, say("summary")), live, evidence, explained.root);
  document.body.append(element("main", {},
    element("h1", {}, say("title")),
    lesson,
    element("div", { class: "columns" }, asked.root, seen, methods.root, progress.root),
    element("div", { class: "below" }, told, element("section", { class: "updates" }, updateTitle, update)), details, scripts(note)));
  new ResizeObserver(() => draw()).observe(progress.charts[0].canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
}

function note(done) {
  noted.textContent = say(done ? "copied" : "not_copied");
}

/** Shows what the address holds, or the page's own setting. */
function arrive() {
  const linked = fromLink(location.hash);
  if (linked === undefined || linked === null) {
    open(OWN);
    check();
  } else open(linked);
  if (linked === null) asked.refuse({ message: say("bad_link") }, "");
  if (!model.compiled) {
    const refused = asked.refused.textContent;
    open(OWN);
    asked.refuse({ message: refused }, "");
  }
}

build();
arrive();
window.addEventListener("hashchange", arrive);
