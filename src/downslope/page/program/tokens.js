// Typed text to tokens, each with its place in what was typed: language/characters.py and language/tokens.py.

import { CANONICAL, COMBINING, CONSTANTS, FRACTIONS, FUNCTIONS, KEYWORDS, LOGICAL, OTHER_FORMS, RAISED_FORMS, RESERVED, SIGNS, SUBSCRIPT_FORMS } from "./vocabulary.js";
import { indexed, refuse, refuseToken, reserved, say, unreadable, withoutMeaning } from "./refusals.js";

const MAX_CHARACTERS = 1_000_000;
const MAX_TOKENS = 400_000;
const MAX_NAME = 200;

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻";
const BROKEN = [...FRACTIONS.keys()].join("");
const KEPT = new Set([...RAISED, "√", "∛", ...FRACTIONS.keys()]);
const PATTERN = new RegExp(
  [
    String.raw`(?<NUMBER>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)`,
    "(?<QUOTED>`(?:[^`]|``)+`)",
    `(?<FRACTION>[${BROKEN}])`,
    String.raw`(?<NAME>(?![π${RAISED}])[\p{L}\p{Nl}\p{No}_](?:(?![π${RAISED}${BROKEN}])[\p{L}\p{N}_]|[\u0300-\u036f])*)`,
    String.raw`(?<SPACE>[ \t\r\n\f\v]+)`,
    String.raw`(?<POWER>\*\*|\^)`,
    "(?<COMPARE>[<>]=?|==|!=)",
    String.raw`(?<TIMES>\*)`,
    "(?<OVER>/)",
    String.raw`(?<PLUS>\+)`,
    "(?<MINUS>-)",
    String.raw`(?<LPAR>\()`,
    String.raw`(?<RPAR>\))`,
    "(?<COMMA>,)",
    String.raw`(?<BAR>\|)`,
    "(?<CONSTANT>π)",
    "(?<SUPERSCRIPT>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)",
    "(?<ROOT>[√∛])",
  ].join("|"),
  "yu",
);
const INDEX = /\[\s*[0-9]{1,9}\s*(?:,\s*[0-9]{1,9}\s*){0,9}\]/y;
const LETTER = /(?:[\p{L}\p{Nl}\p{No}][0-9]*)/gu; // of a product of names without signs: xy, x1x2
const LETTER_OR_PI = new RegExp(`pi|${LETTER.source}`, "gu");

export class Token {
  constructor(type, text, begin, end) {
    Object.assign(this, { type, text, begin, end, value: 0 });
  }
}

/** Whether a character is within sorted pairs of first and last code points. */
function within(ranges, character) {
  const code = character.codePointAt(0);
  let [low, high] = [0, ranges.length / 2];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (code < ranges[2 * middle]) high = middle;
    else if (code > ranges[2 * middle + 1]) low = middle + 1;
    else return true;
  }
  return false;
}

const letters = (text) => /^[\p{L}\p{N}]+$/u.test(text);

/** The text to read, and for each of its units (and its end) the index in the source that it came from. */
function normalise(source) {
  if (/^[\x00-\x7f]*$/.test(source)) return { text: source, origin: null };
  const characters = [...source];
  const [pieces, origin] = [[], []];
  for (let i = 0, index = 0; i < characters.length; ) {
    let cluster = characters[i++];
    while (i < characters.length && within(COMBINING, characters[i])) cluster += characters[i++];
    const piece = readCluster(cluster, index);
    pieces.push(piece);
    for (let k = 0; k < piece.length; k++) origin.push(index);
    index += cluster.length;
  }
  origin.push(source.length);
  return { text: pieces.join(""), origin };
}

/** A character with the marks that combine with it, in the language's own characters. */
function readCluster(cluster, position) {
  if (/^[\x00-\x7f]+$/.test(cluster) || KEPT.has(cluster)) return cluster;
  if (SIGNS.has(cluster)) return SIGNS.get(cluster);
  if (/^[\p{Zs}\u2028\u2029\x85]$/u.test(cluster)) return " ";
  const first = String.fromCodePoint(cluster.codePointAt(0));
  const folded = cluster.normalize("NFKC");
  if (within(RAISED_FORMS, first)) {
    throw refuse(say("raised", { character: first }), position, letters(folded) && say("write_instead", { code: `^${folded}` }));
  }
  const other = within(OTHER_FORMS, first);
  const bare = folded.replaceAll("_", "");
  if ((other || within(SUBSCRIPT_FORMS, first)) && !letters(bare)) throw refuse(withoutMeaning(first), position);
  if (other && /\p{Nd}/u.test(folded)) {
    throw refuse(withoutMeaning(first), position, /^\p{Nd}+$/u.test(folded) && say("for_the_number", { number: folded }));
  }
  return folded;
}

/** The tokens of a formula, from left to right; `named` is the set of what is known to be a parameter. */
export function scan(source, named) {
  if (source.length > MAX_CHARACTERS) {
    throw refuse(say("too_long", { count: source.length, most: MAX_CHARACTERS }), MAX_CHARACTERS);
  }
  const { text, origin } = normalise(source);
  const at = (place) => (origin ? origin[place] : place);
  const tokens = [];
  for (let position = 0; position < text.length; ) {
    PATTERN.lastIndex = position;
    const match = PATTERN.exec(text);
    if (!match) throw unreadable(text, position, at(position), tokens.at(-1));
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    let end = position + match[0].length;
    if (kind !== "SPACE") {
      const token = new Token(kind, match[0], at(position), at(end));
      end = complete(token, { text, source, named, tokens, end, at });
      if (tokens.length >= MAX_TOKENS) throw refuse(say("too_many", { most: MAX_TOKENS }), token.begin);
      for (const made of factors(token, named, position, end, at)) tokens.push(made);
    }
    position = end;
  }
  return tokens;
}

/** Decide what a token is; where it is a name with an index, the end moves behind that. */
function complete(token, { text, source, named, tokens, end, at }) {
  if (token.type === "NUMBER") token.value = number(token, source);
  else if (token.type === "FRACTION") fraction(token, tokens);
  else if (token.type === "NAME") {
    INDEX.lastIndex = end;
    const index = INDEX.exec(text)?.[0] ?? "";
    name(token, index, text[end] === "(", named);
    if (index) token.end = at(end + index.length);
    return end + index.length;
  } else if (token.type === "QUOTED") {
    token.type = "NAME";
    token.text = source.slice(token.begin, token.end).slice(1, -1).replaceAll("``", "`");
  } else if (token.type === "CONSTANT") {
    token.text = "pi";
    if (named.has("pi")) token.type = "NAME";
  } else if (token.type === "SUPERSCRIPT") {
    token.text = [...token.text].map((c) => "0123456789+-"[RAISED.indexOf(c)]).join("");
    token.value = number(token, source);
  }
  return end;
}

/** A name, or the names of parameters that it is the product of: xy, 2πx, cosx. */
function factors(token, named, position, end, at) {
  if (token.type !== "NAME" || !named.size || named.has(token.text) || token.text.length !== end - position) return [token];
  const found = pieces(token.text, named);
  if (found.length < 2) return [token];
  let begin = 0;
  return found.map((piece) => {
    const from = begin;
    begin += piece.length;
    const made = new Token("NAME", piece, at(position + from), position + begin < end ? at(position + begin) : token.end);
    name(made, "", false, named);
    return made;
  });
}

/** A word as known names of a letter and digits each, perhaps with pi or after a function; empty where it is not. */
function pieces(word, named) {
  for (const before of ["", ...[...CANONICAL.keys()].filter((known) => word.startsWith(known))]) {
    const record = FUNCTIONS.get(CANONICAL.get(before));
    if (record && (record.soft || !record.takes(1))) continue;
    const rest = word.slice(before.length);
    for (const pattern of [LETTER, LETTER_OR_PI]) {
      const parts = rest.match(pattern) ?? [];
      const known = parts.every((letter) => named.has(letter) || letter === "pi");
      if (parts.length && parts.join("") === rest && known) return before ? [before, ...parts] : parts;
    }
  }
  return [];
}

/** Make a number of ½, together with the whole number that it touches: 2½. */
function fraction(token, tokens) {
  let [top, bottom] = FRACTIONS.get(token.text);
  const before = tokens.at(-1);
  if (before && before.type === "NUMBER" && before.end === token.begin && /^[0-9]+$/.test(before.text)) {
    top = BigInt(before.text) * BigInt(bottom) + BigInt(top);
    token.begin = tokens.pop().begin;
  }
  token.type = "NUMBER";
  token.text = `(${top}/${bottom})`;
  token.value = Number(top) / bottom;
}

const clip = (text) => (text.length <= 20 ? text : `${text.slice(0, 17)}...`);

function number(token, source) {
  const value = Number(token.text);
  if (!Number.isFinite(value)) throw refuseToken(say("too_large", { number: clip(token.text) }), token);
  if (value === 0 && /[^0.]/.test(token.text.toLowerCase().split("e")[0])) {
    throw refuseToken(say("too_small", { number: clip(token.text) }), token);
  }
  if (/[₀-₉]/.test(source.slice(token.begin, token.end))) throw refuseToken(say("subscript_after_number"), token);
  return value;
}

/** Decide what a word is: a constant, a function, a logical word or the name of a parameter. */
function name(token, index, beforeBracket, named) {
  let word = token.text;
  if ([...word].length > MAX_NAME) {
    throw refuseToken(say("long_name", { count: [...word].length, most: MAX_NAME }), token);
  }
  if (!/^[\x00-\x7f]*$/.test(word)) {
    word = word.normalize("NFKC");
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(word)) throw refuseToken(say("cannot_be_name", { word }), token, say("names_are"));
  }
  const known = CANONICAL.get(word);
  if (LOGICAL.has(word)) token.type = LOGICAL.get(word);
  else if (CONSTANTS.has(word) && !named.has(word)) token.type = "CONSTANT";
  else if (word === "pow" || (known && (beforeBracket || !FUNCTIONS.get(known).soft))) token.type = "FUNCTION";
  else if (KEYWORDS.has(word) || RESERVED.has(word)) throw reserved(word, token);
  token.text = word;
  if (index && token.type !== "NAME") throw indexed(word, token);
  if (index) {
    const numbers = index.match(/[0-9]+/g).map((digits) => digits.replace(/^0+/, "") || "0");
    token.text = `${word}[${numbers.join(",")}]`;
  }
}
