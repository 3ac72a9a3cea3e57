// What is said of a formula that cannot be read: keys and fields; the words are in Python (page/refusals.py).
// As language/mistakes.py and language/unexpected.py, of which the keys name the messages.

import { CANONICAL, CONSTANTS, FUNCTIONS, FOREIGN_USAGE, PREFIXES, RESERVED, REWRITES } from "./vocabulary.js";

export const MAX_DEPTH = 200; // of brackets, signs, powers and divisions within each other
const LONGEST_SHOWN = 40;

/** A formula cannot be read: what is thrown. Messages are {key, fields}; start and end are places in the text. */
export class Refusal {
  constructor(message, start, end, hints) {
    Object.assign(this, { message, start, end, hints });
  }
}

export const say = (key, fields = {}) => ({ key, fields });
export const list = (items, last = "") => ({ list: items, last });
const write = (code) => say("write_code", { code });

/** A refusal at a place; the end, where it is not given, is one character on. */
export function refuse(message, start, ...hints) {
  return new Refusal(message, start, start + 1, hints.filter(Boolean));
}

/** A refusal of a whole token. */
export function refuseToken(message, token, ...hints) {
  return new Refusal(message, token.begin, Math.max(token.end, token.begin + 1), hints.filter(Boolean));
}

/** A piece of what was typed as it is shown, its middle left out where it is long. */
export function short(text) {
  const shown = [...text].slice(0, 200).join("").trim().split(/\s+/).join(" ");
  const letters = [...shown];
  return letters.length <= LONGEST_SHOWN ? shown : `${letters.slice(0, 18).join("")}...${letters.slice(-18).join("")}`;
}

const withoutMeaning = (character) => say("no_meaning", { character });
export { withoutMeaning };

const SIGNS = new Map([
  ["!", ["factorial", "not_equal"]],
  ["%", ["percent", "five_percent"]],
  ["&", ["no_meaning", "write_and"]],
  ["~", ["no_meaning", "write_not"]],
  ["{", ["curly", "round"]],
  ["}", ["curly", "round"]],
  ["]", ["closes_nothing", "round_grouping"]],
  ["\\", ["latex", "latex_instead"]],
  [";", ["no_meaning", "one_expression"]],
  [":", ["no_meaning", "divide_slash"]],
  ["∞", ["infinity", "large_number"]],
  ["@", ["matrix_product", "products_out"]],
  ["∑", ["sums", "sums_out"]],
  ["∏", ["products", "products_written"]],
  ["°", ["radians", "thirty_degrees"]],
  ["?", ["no_meaning", "choice"]],
]);

/** No token begins here: why this character is no part of the language. */
export function unreadable(text, position, place, before) {
  const character = String.fromCodePoint(text.codePointAt(position));
  const rest = text.slice(position + character.length, position + 60);
  if (character !== " " && /[\p{C}\p{Z}]/u.test(character)) {
    const code = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    return refuse(say("unseen", { code }), place, say("delete_it"));
  }
  const named = before && before.type === "NAME";
  const touches = named && before.end === place;
  if (character === ".") return dot(rest, place, before, named);
  if (character === "[") {
    if (!touches) return refuse(say("square"), place, say("round"));
    return refuse(say("whole_index", { name: before.text }), place, say("first_entry", { name: before.text }));
  }
  if (character === "=") {
    if (rest[0] === "<" || rest[0] === ">") {
      return refuse(say("no_sign", { sign: `=${rest[0]}` }), place, say("to_compare", { sign: `${rest[0]}=` }));
    }
    return refuse(say("equals"), place, say("only_expression"));
  }
  if ("'’".includes(character) && touches) {
    return refuse(say("prime"), place, say("other_name", { name: oneName(before.text, "1") }));
  }
  if (character === "`") return refuse(say("backquote"), place, say("between_backquotes"));
  if ("'\"“”‘’".includes(character)) return refuse(say("quotation"), place, say("without_quotes"));
  const [key, hint] = SIGNS.get(character) ?? ["no_meaning"];
  const said = key === "no_meaning" ? withoutMeaning(character) : say(key);
  if (hint === "sums_out") return refuse(said, place, write("x1 + x2 + x3"));
  if (hint === "products_written") return refuse(said, place, write("x1*x2*x3"));
  return refuse(said, place, hint && say(hint));
}

function dot(rest, place, before, named) {
  const after = rest.match(/^[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]*)*/u);
  if (!named || !after) return refuse(say("lone_dot"), place, say("numbers_look"));
  if (PREFIXES.has(before.text)) {
    const last = after[0].split(".").at(-1);
    const name = CANONICAL.get(last) ?? last;
    if (!FUNCTIONS.has(name) && !CONSTANTS.has(name)) return unknownFunction(name, place + 1);
    const usage = FOREIGN_USAGE.get(name) ?? FUNCTIONS.get(name)?.usage ?? name;
    return refuseToken(say("prefix", { prefix: before.text }), before, write(usage));
  }
  const whole = `${before.text}.${after[0]}`;
  const name = oneName(before.text, after[0]);
  return refuse(say("not_a_name", { whole }), place, say("name_or_product", { name, product: whole.replaceAll(".", "*") }));
}

function oneName(...parts) {
  return parts.flatMap((part) => part.split(/[^\p{L}\p{N}_]+/u)).filter(Boolean).join("_");
}

const RESERVED_HINTS = new Map([
  ["lambda", say("write_lambda")],
  ["if", say("choice")],
  ["else", say("choice")],
  ["True", write("1")],
  ["False", write("0")],
  ["None", say("write_number")],
]);

/** A word that Python keeps for itself, or one that means no real number. */
export function reserved(word, token) {
  if (RESERVED.has(word)) return refuseToken(say("no_number", { word }), token, say("finite"));
  return refuseToken(say("python_word", { word }), token, RESERVED_HINTS.get(word) ?? say("other_name", { name: `${word}_` }));
}

/** Square brackets after a function or a constant. */
export function indexed(word, token) {
  if (token.type === "FUNCTION") return refuse(say("index_function", { function: word }), token.end, write(`${word}( )`));
  return refuse(say("index_constant", { word }), token.end, say("round_grouping_only"));
}

/** A number directly followed by a word that makes it a number of another language, or nothing. */
export function numberFormat(number, word) {
  if (number.text === "0" && /^(x[0-9a-fA-F]+|b[01]+|o[0-7]+)$/.test(word.text)) {
    const whole = `0${word.text}`;
    const hint = whole.length < 19 ? write(String(BigInt(whole.slice(0, 18)))) : null;
    return refuse(say("not_decimal", { number: whole }), number.begin, hint);
  }
  if (/^_[0-9_]+$/.test(word.text)) {
    return refuseToken(say("grouped_digits"), word, write(`${number.text}${word.text}`.replaceAll("_", "")));
  }
  return null;
}

/** A name of several letters directly before a bracket. */
export function unknownFunction(name, start) {
  const said = say("unknown_function", { name });
  const known = CANONICAL.get(name.toLowerCase());
  const made = (...hints) => new Refusal(said, start, start + name.length, hints);
  if (known) return made(write(FUNCTIONS.get(known).usage));
  const rewrite = REWRITES.get(name) ?? REWRITES.get(name.toLowerCase());
  if (rewrite) return made(rewrite);
  const meant = nearest(name, [...CANONICAL.keys()].filter((word) => word === word.toLowerCase()));
  const first = meant.length
    ? say("did_you_mean", { names: list(meant.map((word) => `'${word}'`), "or") })
    : say("functions_are", { functions: list([...FUNCTIONS.keys()]) });
  return made(first, say("if_parameter", { name }));
}

/** Up to three names that share at least 0.6 of their letters, as Python's difflib.get_close_matches. */
function nearest(name, known) {
  const word = name.toLowerCase();
  return known
    .map((other) => [likeness(other, word), other])
    .filter(([score]) => score >= 0.6)
    .sort(([a, one], [b, two]) => b - a || (one < two ? 1 : -1))
    .slice(0, 3)
    .map(([, other]) => other);
}

function likeness(a, b) {
  const matched = (alo, ahi, blo, bhi) => {
    let [best, i, j] = [0, alo, blo];
    for (let s = alo; s < ahi; s++) {
      for (let t = blo; t < bhi; t++) {
        let size = 0;
        while (s + size < ahi && t + size < bhi && a[s + size] === b[t + size]) size++;
        if (size > best) [best, i, j] = [size, s, t];
      }
    }
    return best && best + matched(alo, i, blo, j) + matched(i + best, ahi, j + best, bhi);
  };
  return (2 * matched(0, a.length, 0, b.length)) / (a.length + b.length);
}

export const tooDeep = (start) => refuse(say("too_deep", { most: MAX_DEPTH }), start, say("what_nests"));

/** The letter e where it is not the base of a power, and nothing says that it is a parameter. */
export const loneE = (token) => refuseToken(say("lone_e"), token, say("number_or_start", { example: "e=1" }));

/** A function to the power of -1: people mean its inverse as often as one over it. */
export function inverseOrPower(token, call, start) {
  const said = say("inverse_or_power", { function: token.text });
  if (!FUNCTIONS.has(`a${token.text}`)) return refuse(said, start, write(`1/${call}`));
  return refuse(said, start, say("inverse_or_power_written", { inverse: `a${call}`, power: `1/${call}` }));
}

/** What follows a function without brackets may belong to its argument or not. */
export const twoReadings = (token, whole, [first, second]) =>
  refuseToken(say("two_readings", { whole }), token, say("write_either", { first, second }));

/** A function that is followed by neither a bracket nor one argument; `after` are the next tokens. */
export function bareFunction(token, after) {
  const name = token.text;
  const known = FUNCTIONS.get(CANONICAL.get(name));
  const usage = known ? known.usage : "pow(x, y)";
  const kind = after.length ? after[0].type : "";
  if (kind === "POWER" || kind === "SUPERSCRIPT") {
    const call = known && known.takes(1) ? `${name}(x)` : usage;
    return refuseToken(say("brackets_before_power", { function: name }), after[0], write(`${call}^${exponent(after)}`));
  }
  if (["NAME", "NUMBER", "CONSTANT", "FUNCTION", "BAR", "ROOT"].includes(kind)) {
    return refuseToken(say("needs_brackets", { function: name }), token, write(usage));
  }
  return refuseToken(say("function_as_name", { function: name }), token, say("or_another_name", { code: usage }));
}

function exponent(after) {
  if (after[0].type === "SUPERSCRIPT") return after[0].text;
  const sign = after[1]?.type === "MINUS" ? "-" : "";
  const raised = after[sign ? 2 : 1];
  return raised && ["NUMBER", "NAME", "CONSTANT"].includes(raised.type) ? `${sign}${raised.text}` : "( )";
}

export function unclosed(bracket) {
  if (bracket.text === "|") return refuseToken(say("bar_unclosed"), bracket, say("write_absolute"), say("write_or"));
  return refuseToken(say("bracket_unclosed"), bracket, say("add_bracket"));
}

export const unopened = (bracket) => refuseToken(say("bracket_unopened"), bracket, say("remove_bracket"));
export const crossed = (bar) => refuseToken(say("bar_crossed"), bar, say("write_absolute"));
