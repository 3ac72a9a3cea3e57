// Functions without brackets, as mathematicians write them: sin x, sin^2 x, cos 2πx (language/bare_calls.py).

import { CANONICAL, FUNCTIONS, INFIX_WORDS } from "./vocabulary.js";
import { Token } from "./tokens.js";
import { MAX_DEPTH, bareFunction, inverseOrPower, refuseToken, say, short, tooDeep, twoReadings, unclosed } from "./refusals.js";

const OPERANDS = new Set(["NUMBER", "NAME", "CONSTANT"]);
const FACTORS = new Set([...OPERANDS, "LPAR", "ROOT"]);
const RAISING = new Set(["POWER", "SUPERSCRIPT"]);
const ADDED = new Set(["PLUS", "MINUS"]);
const BEGINNING = new Set([...FACTORS, "FUNCTION", "BAR"]);
const ENDING = new Set([...OPERANDS, "SUPERSCRIPT", "RPAR", "BAR"]);
const ROOTS = new Set(["sqrt", "cbrt"]);

/** Refuse x mod y, where mod is no parameter (language/infix_words.py). */
function refuseInfixWords(tokens, named) {
  tokens.forEach((word, i) => {
    if (word.type !== "NAME" || !INFIX_WORDS.has(word.text) || named.has(word.text)) return;
    const [before, after] = [tokens[i - 1], tokens[i + 1]];
    if (!ENDING.has(before?.type) || !BEGINNING.has(after?.type) || before.end === word.begin || word.end === after.begin) return;
    throw refuseToken(say("no_sign", { sign: word.text }), word, say("write_code", { code: INFIX_WORDS.get(word.text) }));
  });
}

/** The tokens with brackets around arguments that have none; lg x is refused (language/lg.py). */
export function bracketCalls(tokens, source, named) {
  tokens.forEach((token, i) => {
    if (token.type !== "NAME" || token.text !== "lg" || named.has("lg")) return;
    const at = i + 2 + ["SUPERSCRIPT", "POWER"].indexOf(tokens[i + 1]?.type);
    const last = tokens[at];
    if (!OPERANDS.has(last?.type)) return;
    const whole = source.slice(token.begin, last.end);
    const call = `(${last.text})${source.slice(token.end, tokens[at - 1].end)}`;
    throw twoReadings(token, short(whole), [`log10${call}`, `log2${call}`]);
  });
  refuseInfixWords(tokens, named);
  const bare = tokens.some((token, i) => token.type === "FUNCTION" && tokens[i + 1]?.type !== "LPAR");
  if (!bare) return tokens;
  const calls = new Calls(source);
  for (let i = tokens.length - 1; i >= 0; i--) calls.prepend(tokens[i]);
  return calls.after.reverse();
}

/** The tokens from the right end of a formula to some place in it, the nearest last; -1 is behind its end, null nowhere. */
class Calls {
  constructor(source) {
    Object.assign(this, { source, after: [], closings: [], ends: new Map(), powers: new Map(), nested: new Map() });
  }

  prepend(token) {
    if (token.type === "RPAR") this.closings.push(this.after.length);
    else if (token.type === "LPAR" && this.closings.length) this.ends.set(token, this.closings.pop());
    else if (token.type === "FUNCTION" && this.type(this.after.length - 1) !== "LPAR") this.bracket(token);
    else if (token.type === "ROOT" && this.powers.get(this.after.at(-1))) this.enclose(this.behindOperand(this.after.length - 1));
    this.after.push(token);
  }

  type(place) {
    return place >= 0 ? this.after[place].type : "";
  }

  /** Put brackets around the argument of a function, and a power of the function behind them. */
  bracket(token) {
    const { after } = this;
    const following = after.length - 1;
    const raises = RAISING.has(this.type(following));
    const first = raises ? this.behindPower(following) : following;
    const end = first === null ? null : this.behindArgument(token, first);
    const record = FUNCTIONS.get(CANONICAL.get(token.text));
    if (this.type(following) === "BAR" && end === null) throw unclosed(after[following]);
    if (first === null || end === null || !record || !record.takes(1)) throw bareFunction(token, after.slice(-3).reverse());
    const power = after.slice(first + 1);
    let inside = after.slice(end + 1, first + 1);
    const leading = inside.at(-1);
    const ownBrackets = leading.type === "LPAR" && this.ends.get(leading) === end + 1;
    const typed = this.typed(first, end);
    const call = ownBrackets ? `${token.text}${typed}` : `${token.text}(${typed})`;
    const raised = [...power].reverse().map((t) => (t.type === "SUPERSCRIPT" ? `^${t.text}` : t.text)).join("");
    if (raised === "^-1") throw inverseOrPower(token, call, power.at(-1).begin);
    this.refuseTwoReadings(token, first, end, [call, raised]);
    if (!ownBrackets) {
      this.countNesting(token, inside);
      inside = enclosed(inside);
    }
    after.splice(end + 1, after.length, ...power, ...inside);
    this.ends.set(inside.at(-1), end + 1 + power.length);
    this.powers.set(token, power.length);
  }

  /** Put brackets around all that is before a place. */
  enclose(end) {
    this.after.splice(end + 1, this.after.length, ...enclosed(this.after.slice(end + 1)));
    this.ends.set(this.after.at(-1), end + 1);
  }

  countNesting(token, inside) {
    const depth = (this.nested.get(inside.at(-1)) ?? 0) + 1;
    this.nested.set(token, depth);
    if (depth > MAX_DEPTH) throw tooDeep(token.begin);
  }

  typed(first, end) {
    return this.source.slice(this.after[first].begin, endOf(this.after.slice(end + 1, first + 1)));
  }

  behindPower(place) {
    if (this.type(place) === "SUPERSCRIPT") return place - 1;
    place--;
    while (ADDED.has(this.type(place))) place--;
    return this.behindOperand(place);
  }

  behindOperand(place) {
    while (this.type(place) === "ROOT") place--;
    const power = (this.type(place) === "FUNCTION" && this.powers.get(this.after[place])) || 0;
    if (this.type(place) === "FUNCTION") place--;
    const kind = this.type(place);
    if (OPERANDS.has(kind)) return place - 1;
    if (kind === "LPAR") {
      const closing = this.ends.get(this.after[place]);
      return closing === undefined ? null : closing - 1 - power;
    }
    return kind === "BAR" ? this.behindBars(place) : null;
  }

  behindBars(place) {
    const begin = --place;
    while (place >= 0 && this.type(place) !== "BAR" && this.type(place) !== "RPAR") {
      place = (this.ends.get(this.after[place]) ?? place) - 1;
    }
    return this.type(place) === "BAR" && place < begin ? place - 1 : null;
  }

  behindPowers(place) {
    let behind = this.behindOperand(place);
    while (behind !== null && RAISING.has(this.type(behind))) behind = this.behindPower(behind);
    return behind;
  }

  behindArgument(token, place) {
    if (this.type(place) === "LPAR") return this.behindOperand(place);
    while (ADDED.has(this.type(place))) place--;
    let behind = this.behindOperand(place);
    if (ROOTS.has(token.text) || behind === null) return behind;
    while (RAISING.has(this.type(behind)) || this.goesOn(behind)) {
      const raised = RAISING.has(this.type(behind));
      const further = raised ? this.behindPower(behind) : this.behindOperand(behind);
      if (further === null) return behind;
      behind = further;
      if (raised && !RAISING.has(this.type(behind))) break;
    }
    return behind;
  }

  /** Whether a name or constant is a factor of the argument: after a number or constant, or touching a name. */
  goesOn(place) {
    const before = this.after[place + 1];
    const kind = this.type(place);
    if (before.type === "NUMBER" || before.type === "CONSTANT") return ["NAME", "CONSTANT", "ROOT"].includes(kind);
    return before.type === "NAME" && ["NAME", "CONSTANT"].includes(kind) && before.end === this.after[place].begin;
  }

  refuseTwoReadings(token, first, end, [call, raised]) {
    const kind = this.type(end);
    const sign = kind === "TIMES" ? "*" : kind === "OVER" ? "/" : "";
    const factor = sign ? end - 1 : end;
    let behind, join, whole;
    if (RAISING.has(kind)) {
      [behind, join] = [this.behindPower(end), ""];
      whole = raised ? `(${call}${raised})` : call;
    } else if (this.type(first) !== "LPAR" && FACTORS.has(this.type(factor))) {
      [behind, join] = [this.behindPowers(factor), sign || "*"];
      whole = call + raised;
    } else return;
    if (behind === null) return;
    const more = join + this.typed(factor, behind);
    const readings = [whole + more, `${token.text}(${this.typed(first, end)}${more})${raised}`];
    const text = this.source.slice(token.begin, endOf(this.after.slice(behind + 1, factor + 1)));
    throw twoReadings(token, short(text), readings.map(short));
  }
}

/** The tokens, the last one first, in brackets. */
function enclosed(inside) {
  const [begin, end] = [inside.at(-1).begin, endOf(inside)];
  return [new Token("RPAR", ")", end, end), ...inside, new Token("LPAR", "(", begin, begin)];
}

/** Where in the source they end: a power that was moved behind its call was typed before it. */
function endOf(tokens) {
  return Math.max(...tokens.map((token) => token.end));
}
