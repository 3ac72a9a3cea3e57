// What is descended, from where, by which rules: checked wherever it comes from, and kept in the address after #.

import { page } from "./dom.js";
import { LESSON_PARTS } from "./lesson.js";
import { RULES, SCHEDULES } from "./rules.js";

export const MOST_METHODS = 6;
export const MOST_STEPS = 20000;
export const MOST_CHANGES = 8; // of a rule in mid-run
const LONGEST_LESSON = 20_000;
const LONGEST = 2000; // characters of a formula
const LONGEST_LINK = 200_000;
export const MOST_ROWS = 1000; // of a table
export const MOST_COLUMNS = 8;

export const PICTURES = ["lines", "surface", "ends", "rates"];

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Numbers of fields: those given where they are in range, else the defaults. */
function numbersFrom(fields, given) {
  const found = new Map();
  for (const one of fields) {
    const value = isRecord(given) && Object.hasOwn(given, one.name) ? given[one.name] : one.default;
    found.set(one.name, isNumber(value) && isWithin(value, one) ? value : one.default);
  }
  return found;
}

/** A rule with all its numbers, its schedules, and what it was before earlier steps. */
export const method = (name, given = {}, schedule = [], before = []) => ({ rule: name, hyperparameters: numbersFrom(RULES.get(name).hyperparameters, given), schedule, before });

/** A method that shares nothing with another. */
export const copyOf = (one) => ({ ...one, hyperparameters: new Map(one.hyperparameters), schedule: structuredClone(one.schedule), before: one.before.map((part) => copyOf({ before: [], ...part })) });

/** A schedule with its numbers by name; what must be given and is not is that number. */
export function scheduled(name, given, otherwise) {
  const values = numbersFrom(SCHEDULES.get(name).hyperparameters, given);
  return { name, values: Object.fromEntries([...values].map(([key, value]) => [key, value ?? otherwise])) };
}

const isMethod = (one) => isRecord(one) && typeof one.rule === "string" && RULES.has(one.rule);
const listOf = (value) => (Array.isArray(value) ? value : []);
const schedulesFrom = (plain) => listOf(plain).filter((one) => isRecord(one) && SCHEDULES.has(one.name)).slice(0, 3).map((one) => scheduled(one.name, one.values, 10));

function methodFrom(plain) {
  const before = listOf(plain.before)
    .filter((one) => isMethod(one) && Number.isInteger(one.until))
    .map((one) => ({ ...method(one.rule, one.hyperparameters, schedulesFrom(one.schedule)), until: one.until }))
    .filter((one, k, all) => one.until > (k ? all[k - 1].until : 0))
    .slice(0, MOST_CHANGES);
  return method(plain.rule, plain.hyperparameters, schedulesFrom(plain.schedule), before);
}

/** Whether a number is in the range of a hyperparameter. */
export function isWithin(value, { above, atLeast, below, whole }) {
  return value > above && value >= atLeast && value < below && (!whole || Number.isInteger(value));
}

/** A setting from plain data, with nothing in it but what is known; null where it is none. */
export function settingFrom(plain) {
  if (!isRecord(plain) || typeof plain.formula !== "string" || plain.formula.length > LONGEST) return null;
  if (!isRecord(plain.start) || !Array.isArray(plain.methods)) return null;
  const methods = plain.methods
    .filter(isMethod)
    .slice(0, MOST_METHODS)
    .map(methodFrom);
  if (!methods.length) return null;
  const start = new Map(Object.entries(plain.start).filter(([, value]) => isNumber(value)).slice(0, 2));
  const steps = Number.isInteger(plain.steps) && plain.steps >= 1 ? Math.min(plain.steps, MOST_STEPS) : 100;
  return {
    formula: plain.formula,
    start,
    methods,
    steps,
    tolerance: isNumber(plain.tolerance) && plain.tolerance >= 0 ? plain.tolerance : 0,
    maximize: plain.maximize === true,
    at: Number.isInteger(plain.at) && plain.at >= 0 ? plain.at : null,
    view: isView(plain.view) ? plain.view : null,
    table: tableFrom(plain.table),
    lesson: lessonFrom(plain.lesson),
    picture: PICTURES.includes(plain.picture) ? plain.picture : PICTURES[0],
    turn: isTurn(plain.turn) ? plain.turn : TURN, // of the surface: around, and from above
    secant: isNumber(plain.secant) && plain.secant > 0 ? plain.secant : null, // its h
    of: Number.isInteger(plain.of) && plain.of >= 0 && plain.of < methods.length ? plain.of : 0, // whose runs a map is of
  };
}

/** A table {columns, loss, number}; null where there is none. */
function tableFrom(plain) {
  if (!isRecord(plain) || !isRecord(plain.columns)) return null;
  const columns = Object.entries(plain.columns), [first] = columns, loss = page.losses.find(({ name }) => name === plain.loss) ?? page.losses[0];
  const whole = (values) => Array.isArray(values) && values.length === first[1].length && values.every(isNumber);
  if (!columns.length || columns.length > MOST_COLUMNS || !columns.every(([, values]) => whole(values)) || first[1].length < 1 || first[1].length > MOST_ROWS) return null;
  const found = { columns: Object.fromEntries(columns), loss: loss.name, number: isNumber(plain.number) ? plain.number : loss.number };
  const sum = whole(plain.weights) && plain.weights.every((weight) => weight >= 0) ? plain.weights.reduce((a, b) => a + b) : 0;
  if (sum > 0 && Number.isFinite(sum)) found.weights = plain.weights;
  for (const strength of ["l1", "l2"]) {
    if (isNumber(plain[strength]) && plain[strength] > 0) Object.assign(found, { [strength]: plain[strength], penalised: listOf(plain.penalised).filter((name) => typeof name === "string").slice(0, 2) });
  }
  return found;
}

const TURN = [0.6, 0.6];
const isTurn = (turn) => Array.isArray(turn) && turn.length === 2 && turn.every(isNumber);

const lessonFrom = (plain) => (isRecord(plain) && typeof plain.text === "string" && plain.text.length <= LONGEST_LESSON ? { text: plain.text, hide: listOf(plain.hide).filter((part) => LESSON_PARTS.includes(part)) } : null);

const isView = (view) => Array.isArray(view) && view.length === 4 && view.every(isNumber) && view[0] < view[1] && view[2] < view[3];

/** A method as data, without what is usual. */
const plainOf = ({ rule, hyperparameters, schedule, until }) => ({ rule, hyperparameters: Object.fromEntries(hyperparameters), schedule, until });

/** A setting as plain data. */
export function plainSetting(setting) {
  const methods = setting.methods.map((one) => ({ ...plainOf(one), before: one.before.map(plainOf) }));
  return { ...setting, start: Object.fromEntries(setting.start), methods };
}

/** The part of an address that holds a setting. */
export const toLink = (setting) => `#${encodeURIComponent(JSON.stringify(plainSetting(setting)))}`;

/** The setting of an address; undefined where it holds none, null where what it holds cannot be read. */
export function fromLink(fragment) {
  if (fragment.length < 2) return undefined;
  if (fragment.length > LONGEST_LINK) return null;
  try {
    return settingFrom(JSON.parse(decodeURIComponent(fragment.slice(1))));
  } catch {
    return null;
  }
}
