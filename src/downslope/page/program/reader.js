// Text to tree: the grammar of language/grammar.lark by recursive descent, and what its rules build (language/reader.py).
// A node is {kind, parts}, with `value` (number) or `name` (constant, variable, call, comparison, logical) of its own.

import { CANONICAL, FUNCTIONS } from "./vocabulary.js";
import { Refusal, loneE, refuseToken, say } from "./refusals.js";
import { scan } from "./tokens.js";
import { bracketCalls } from "./calls.js";
import { arrange } from "./arrange.js";
import { unexpected } from "./unexpected.js";
import { combine } from "./values.js";

/**
 * Read a formula as people type it: {tree, names}, the names in the order of the coordinates of a run.
 * `named` are names that are known to be parameters, from a start; so e is one, and xy is the product of x and y.
 * Throws a Refusal {message: {key, fields}, hints, start, end} where it cannot be read.
 */
export function readFormula(text, named = []) {
  const known = new Set(named);
  const tokens = arrange(bracketCalls(scan(text, known), text, known));
  tokens.forEach((token, place) => {
    const raised = ["POWER", "SUPERSCRIPT"].includes(tokens[place + 1]?.type);
    if (token.type === "CONSTANT" && token.text === "e" && !raised) throw loneE(token);
  });
  const tree = new Reader(tokens, text).read();
  const names = [...new Set(tokens.filter((token) => token.type === "NAME").map((token) => token.text))];
  return { tree, names: names.sort(naturally) };
}

/** As a person sorts names, and a run its coordinates: a, b, x1, x2, x10. */
function naturally(one, other) {
  const [left, right] = [one, other].map((name) => name.match(/\p{Nd}+|\P{Nd}+/gu));
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [a, b] = [left[i], right[i]];
    const [m, n] = [a, b].map((part) => /^\p{Nd}/u.test(part));
    if (m !== n) return m ? -1 : 1;
    if (m && Number(a) !== Number(b)) return Number(a) - Number(b);
    if (!m && a !== b) return a < b ? -1 : 1;
  }
  return left.length - right.length;
}

/** A node with children. */
export const made = (kind, parts = [], own = {}) => ({ kind, ...own, parts });

/** A piece of the tree, where it was typed, its value where it holds no names, and the sign that makes it a condition. */
function fragment(node, begin, end, value = null, sign = null) {
  return { node, begin, end, value, sign };
}

/** A fragment made of others: constant if they all are, and then finite; whatever is divided, not by zero. */
function joined(node, parts, begin, end, sign = null) {
  if (node.kind === "quotient" && parts.length > 1 && parts.at(-1).value === 0) {
    throw new Refusal(say("not_finite"), begin, end, [say("division_by_zero")]);
  }
  if (parts.some((part) => part.value === null)) return fragment(node, begin, end, null, sign);
  const value = combine(node, parts.map((part) => part.value));
  if (!Number.isFinite(value)) throw new Refusal(say("not_finite"), begin, end, whyNotReal(node));
  return fragment(node, begin, end, value, sign);
}

const isNumber = (node, value) => node.kind === "number" && node.value === value;

function whyNotReal({ kind, name, parts }) {
  if (kind === "power" && isNumber(parts[0], 0)) return [say("division_by_zero")];
  if (kind === "call" && FUNCTIONS.get(name).outside) return [say(FUNCTIONS.get(name).outside)];
  const exponent = kind === "power" ? parts[1] : null;
  if (exponent?.kind === "quotient" && isNumber(exponent.parts[0], 1) && isNumber(exponent.parts[1], 3)) {
    return [say("real_cube_root")];
  }
  return kind === "power" || kind === "product" ? [say("largest")] : [];
}

function number(part) {
  if (part.sign) throw refuseToken(say("makes_condition", { sign: part.sign.text }), part.sign, say("conditions_only"));
  return part;
}

function condition(part) {
  if (!part.sign) throw new Refusal(say("condition_needed"), part.begin, part.end, [say("conditions_compare")]);
  return part;
}

class Reader {
  constructor(tokens, source) {
    Object.assign(this, { tokens, source, place: 0 });
  }

  read() {
    const part = this.disjunction();
    if (this.place < this.tokens.length) this.stop();
    return number(part).node;
  }

  next(...types) {
    const token = this.tokens[this.place];
    return token && types.includes(token.type) ? this.tokens[this.place++] : null;
  }

  stop() {
    throw unexpected(this.tokens, this.place, this.source);
  }

  disjunction() {
    return this.logical("or", "OR", () => this.logical("and", "AND", () => this.negation()));
  }

  logical(word, type, below) {
    const parts = [below()];
    let sign = null;
    for (let token; (token = this.next(type)); parts.push(below())) sign ??= token;
    return sign ? conditions(word, parts, sign) : parts[0];
  }

  negation() {
    const word = this.next("NOT");
    if (!word) return this.comparison();
    const part = condition(this.negation());
    return joined(made("logical", [part.node], { name: "not" }), [part], word.begin, part.end, word);
  }

  comparison() {
    let left = this.sum();
    const tests = [];
    const signs = [];
    const parts = [];
    for (let sign; (sign = this.next("COMPARE")); ) {
      signs.push(sign);
      parts.push(this.sum());
    }
    if (!signs.length) return left;
    number(left);
    signs.forEach((sign, i) => {
      const node = made("comparison", [left.node, number(parts[i]).node], { name: sign.text });
      tests.push(joined(node, [left, parts[i]], left.begin, parts[i].end, sign));
      left = parts[i];
    });
    return tests.length === 1 ? tests[0] : conditions("and", tests, signs[0]);
  }

  sum() {
    const items = [this.term()];
    const signs = [];
    for (let sign; (sign = this.next("PLUS", "MINUS")); items.push(this.term())) signs.push(sign);
    if (!signs.length) return items[0];
    const terms = items.map((part, i) => (i && signs[i - 1].type === "MINUS" ? minus(signs[i - 1], number(part)) : number(part)));
    const node = made("sum", terms.map((term) => term.node));
    return joined(node, terms, terms[0].begin, terms.at(-1).end);
  }

  /** A sign at the head of what `below` reads covers it. */
  signed(below) {
    const signs = [];
    for (let sign; (sign = this.next("PLUS", "MINUS")); ) signs.push(sign);
    let part = below();
    while (signs.length) {
      const sign = signs.pop();
      const node = number(part).node;
      if (sign.type === "PLUS") part = fragment(node, sign.begin, part.end, part.value);
      else part = joined(made("negative", [node]), [part], sign.begin, part.end);
    }
    return part;
  }

  term() {
    return this.signed(() => this.product());
  }

  product() {
    const items = [this.power()];
    const signs = [];
    for (let sign; (sign = this.next("TIMES", "OVER", "JUXTAPOSED")); items.push(this.signed(() => this.power()))) signs.push(sign);
    if (!signs.length) return items[0];
    const { begin } = items[0];
    let factors = [number(items[0])];
    signs.forEach((sign, i) => {
      const part = number(items[i + 1]);
      if (sign.type === "OVER") {
        const top = multiplied(factors, begin);
        factors = [joined(made("quotient", [top.node, part.node]), [top, part], begin, part.end)];
      } else factors.push(part);
    });
    return multiplied(factors, begin);
  }

  power() {
    const base = this.raised();
    if (!this.next("POWER")) return base;
    const exponent = this.signed(() => this.power());
    const node = made("power", [number(base).node, number(exponent).node]);
    return joined(node, [base, exponent], base.begin, exponent.end);
  }

  raised() {
    let base = this.atom();
    for (let token; (token = this.next("SUPERSCRIPT")); ) {
      const size = made("number", [], { value: Math.abs(token.value) });
      const exponent = token.text.startsWith("-") ? made("negative", [size]) : size;
      const power = fragment(exponent, token.begin, token.end, token.value);
      base = joined(made("power", [number(base).node, exponent]), [base, power], base.begin, token.end);
    }
    return base;
  }

  atom() {
    const token = this.next("NUMBER", "NAME", "CONSTANT", "LPAR", "LBAR", "ROOT", "FUNCTION");
    if (!token) this.stop();
    if (token.type === "NUMBER") return fragment(literal(token), token.begin, token.end, token.value);
    if (token.type === "NAME") return fragment(made("variable", [], { name: token.text }), token.begin, token.end);
    if (token.type === "CONSTANT") return joined(made("constant", [], { name: token.text }), [], token.begin, token.end);
    if (token.type === "FUNCTION") return this.call(token);
    if (token.type === "ROOT") {
      const part = this.atom();
      const name = token.text === "√" ? "sqrt" : "cbrt";
      return joined(made("call", [number(part).node], { name }), [part], token.begin, part.end);
    }
    const part = this.disjunction();
    const closed = this.next(token.type === "LPAR" ? "RPAR" : "RBAR");
    if (!closed) this.stop();
    if (token.type === "LPAR") return fragment(part.node, token.begin, closed.end, part.value, part.sign);
    return joined(made("call", [number(part).node], { name: "abs" }), [part], token.begin, closed.end);
  }

  call(token) {
    if (!this.next("LPAR")) this.stop();
    const parts = [];
    let closed = this.next("RPAR");
    while (!closed) {
      parts.push(this.disjunction());
      closed = this.next("RPAR");
      if (!closed && !this.next("COMMA")) this.stop();
    }
    const name = CANONICAL.get(token.text) ?? token.text;
    checkCount(token, name, parts.length);
    const record = FUNCTIONS.get(name);
    parts.forEach((part, i) => (record?.condition && i === 0 ? condition : number)(part));
    if (name === "pow") return joined(made("power", parts.map((part) => part.node)), parts, token.begin, closed.end);
    for (const value of record.defaults.slice(record.defaults.length - Math.max(0, record.count - parts.length))) {
      parts.push(fragment(made("number", [], { value }), closed.end, closed.end, value));
    }
    const node = made("call", parts.map((part) => part.node), { name });
    return joined(node, parts, token.begin, closed.end);
  }
}

/** A literal; a fraction such as ½ is kept exact. */
function literal(token) {
  if (!token.text.startsWith("(")) return made("number", [], { value: token.value });
  const [top, bottom] = token.text.slice(1, -1).split("/").map(Number);
  return made("quotient", [made("number", [], { value: top }), made("number", [], { value: bottom })]);
}

function minus(sign, part) {
  return fragment(made("negative", [part.node]), sign.begin, part.end, part.value === null ? null : -part.value);
}

function multiplied(factors, begin) {
  if (factors.length === 1) return factors[0];
  return joined(made("product", factors.map((part) => part.node)), factors, begin, factors.at(-1).end);
}

function conditions(word, parts, sign) {
  const node = made("logical", parts.map((part) => condition(part).node), { name: word });
  return joined(node, parts, parts[0].begin, parts.at(-1).end, sign);
}

function checkCount(token, name, count) {
  if (name === "pow") {
    if (count !== 2) throw refuseToken(say("pow_arguments", { count }), token, say("write_pow"));
    return;
  }
  const record = FUNCTIONS.get(name);
  if (record.takes(count)) return;
  const fields = { function: token.text, count };
  const [least, most] = [record.minimum, record.maximum];
  let said = say("arguments", { ...fields, n: least });
  if (most === null) said = say("arguments_at_least", { ...fields, n: least });
  else if (least < most) said = say("arguments_between", { ...fields, least, most });
  const hint = name === "log" && count === 2 ? say("other_base") : say("write_code", { code: record.usage });
  throw refuseToken(said, token, hint);
}

