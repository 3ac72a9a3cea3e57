// Why a token stands where the grammar allows none: formulas of good words in bad order (language/unexpected.py).

import { refuse, refuseToken, say, unknownFunction } from "./refusals.js";

const OPERATORS = new Set(["PLUS", "MINUS", "TIMES", "OVER", "POWER", "COMPARE", "AND", "OR"]);
const JOINING = new Set(["AND", "OR", "NOT"]);
const OPENING = new Set(["LPAR", "LBAR"]);
const CLOSING = new Set(["RPAR", "RBAR"]);
const PAIRS = new Map([
  ["//", "divide_xy"],
  ["<>", "not_equal_written"],
  ["^^", "power_written"],
]);
const decimal = (text) => /^[0-9]+$/.test(text);

/** The grammar stopped at this token, or, where index is past the last, at the end. */
export function unexpected(tokens, index, source) {
  const before = index ? tokens[index - 1] : null;
  if (index >= tokens.length) return unfinished(before, source);
  const token = tokens[index];
  const expects = before && (OPERATORS.has(before.type) || OPENING.has(before.type) || ["NOT", "ROOT", "COMMA"].includes(before.type));
  if (!before || expects) return noOperand(before, token);
  if (token.type === "NUMBER") return numberAfter(before, token);
  if (token.type === "COMMA") return comma(tokens, index);
  if (token.type === "NOT") return refuseToken(say("not_between"), token, say("and_not_or_not_between"));
  throw new Error(`${token.type} after ${before.type}`); // there is no such formula
}

function unfinished(before, source) {
  const place = source.trimEnd().length;
  if (!before) return refuse(say("empty"), 0, say("write_one", { formula: "x^2 + y^2" }));
  return refuse(say(JOINING.has(before.type) ? "ends_condition" : "ends", { before: before.text }), place);
}

function noOperand(before, token) {
  if (!before) return refuseToken(say("cannot_begin", { token: token.text }), token, say("put_before"));
  const closes = CLOSING.has(token.type);
  if (OPENING.has(before.type) && closes) return refuseToken(say("nothing_between"), before, say("put_between"));
  const fields = { before: before.text, token: token.text };
  if (JOINING.has(before.type)) {
    if (token.type === "NOT") return notJoined(token);
    const missing = closes || token.type === "COMMA";
    return refuseToken(say(missing ? "condition_missing" : "condition_should_follow", fields), token);
  }
  if (closes || token.type === "COMMA") return refuseToken(say("operand_missing", fields), token);
  if (before.end === token.begin && OPERATORS.has(token.type)) {
    const pair = before.text + token.text;
    const hint = PAIRS.has(pair) ? say(PAIRS.get(pair)) : say("put_after", { before: before.text });
    return refuseToken(say("no_sign", { sign: pair }), before, hint);
  }
  if (token.type === "NOT") return notJoined(token);
  return refuseToken(say("operand_should_follow", fields), token);
}

const notJoined = (word) => refuseToken(say("not_needs_condition"), word, say("and_not_or_not"));

function numberAfter(before, number) {
  if (before.type === "NUMBER") return numberAfterNumber(before, number);
  const said = say("sign_missing", { number: number.text });
  const left = ["NAME", "CONSTANT"].includes(before.type) ? before.text : "";
  return refuseToken(said, number, say("product_or_power", { product: `${left}*${number.text}`, power: `${left}^${number.text}` }));
}

function numberAfterNumber(before, number) {
  if (before.end === number.begin) {
    if (number.text.startsWith("(")) return refuseToken(say("fraction_follows"), number);
    return refuseToken(say(before.text.toLowerCase().includes("e") ? "whole_exponent" : "one_point"), number);
  }
  const product = `${before.text}*${number.text}`;
  const together = before.text + number.text;
  const said = say("two_numbers", { before: before.text, number: number.text });
  const hint = decimal(together) ? say("product_or_number", { product, number: together }) : say("product_written", { product });
  return refuseToken(said, number, hint);
}

function comma(tokens, index) {
  const [before, sign, after] = [tokens[index - 1], tokens[index], tokens[index + 1]];
  const numbers = after && before.type === "NUMBER" && after.type === "NUMBER";
  if (numbers && before.end === sign.begin && sign.end === after.begin && decimal(before.text + after.text)) {
    return refuseToken(say("decimal_comma"), sign, say("write_code", { code: `${before.text}.${after.text}` }));
  }
  const opened = enclosing(tokens, index);
  if (opened > 1 && tokens[opened - 1].type === "JUXTAPOSED" && tokens[opened - 2].type === "NAME") {
    return unknownFunction(tokens[opened - 2].text, tokens[opened - 2].begin);
  }
  return refuseToken(say("comma_outside"), sign);
}

/** Index of the bracket that is open at index, or 0. */
function enclosing(tokens, index) {
  let depth = 0;
  for (let place = index - 1; place > 0; place--) {
    if (CLOSING.has(tokens[place].type)) depth++;
    else if (OPENING.has(tokens[place].type)) {
      if (depth === 0) return place;
      depth--;
    }
  }
  return 0;
}
