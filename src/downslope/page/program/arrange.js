// The pass between tokens and grammar: bars, implied products, brackets, depth (language/arrange.py).

import { Token } from "./tokens.js";
import { MAX_DEPTH, crossed, numberFormat, tooDeep, unclosed, unknownFunction, unopened } from "./refusals.js";

const ENDS = new Set(["NUMBER", "NAME", "CONSTANT", "RPAR", "RBAR", "SUPERSCRIPT"]);
const BEGINS = new Set(["NAME", "CONSTANT", "FUNCTION", "LPAR", "LBAR", "ROOT"]);
const LOOSE = new Set(["COMMA", "COMPARE", "AND", "OR"]);
const ONE_LETTER = /^[\p{L}\p{Nl}\p{No}][\u0300-\u036f]*[_0-9]*(\[.*\])?$/su;

/** The tokens as the grammar wants them, where every function has its brackets. */
export function arrange(raw) {
  const [tokens, brackets, depth] = [[], [], new Depth()];
  let ended = false;
  raw.forEach((token, index) => {
    if (token.type === "BAR") token.type = ended && brackets.at(-1)?.type === "LBAR" ? "RBAR" : "LBAR";
    const kind = token.type;
    if (ended && BEGINS.has(kind)) {
      const implied = juxtaposed(raw, index);
      tokens.push(implied);
      depth.count("TIMES", ended, implied);
    }
    if (kind === "LPAR" || kind === "LBAR") brackets.push(token);
    else if (kind === "RPAR" || kind === "RBAR") close(brackets, token);
    depth.count(kind, ended, token);
    tokens.push(token);
    ended = ENDS.has(kind);
  });
  if (brackets.length) throw unclosed(brackets.at(-1));
  return tokens;
}

function close(brackets, token) {
  if (!brackets.length) throw unopened(token);
  const opened = brackets.pop();
  if (opened.type === "LBAR" && token.type === "RPAR") throw crossed(opened);
}

/** The sign that nobody wrote. */
function juxtaposed(raw, index) {
  const [before, token] = [raw[index - 1], raw[index]];
  if (before.type === "NUMBER" && before.end === token.begin && token.type === "NAME") {
    const mistake = numberFormat(before, token);
    if (mistake) throw mistake;
  }
  if (before.type === "NAME" && token.type === "LPAR" && !ONE_LETTER.test(before.text)) {
    throw unknownFunction(before.text, before.begin);
  }
  return new Token("JUXTAPOSED", "", before.end, token.begin);
}

/** How deep the tree would be here: open brackets, and within each the chains that nest. */
class Depth {
  constructor() {
    Object.assign(this, { outer: [], base: 0, chain: 0, divisions: 0 });
  }

  count(kind, ended, token) {
    if (["NAME", "NUMBER", "FUNCTION", "CONSTANT"].includes(kind)) return;
    if (kind === "LPAR" || kind === "LBAR") {
      this.outer.push([this.base, this.chain, this.divisions]);
      this.base += this.chain + this.divisions + 1;
      this.chain = this.divisions = 0;
    } else if (kind === "RPAR" || kind === "RBAR") [this.base, this.chain, this.divisions] = this.outer.pop();
    else if (LOOSE.has(kind) || (ended && (kind === "PLUS" || kind === "MINUS"))) this.chain = this.divisions = 0;
    else if (kind === "TIMES") this.chain = 0;
    else if (kind === "OVER") {
      this.chain = 0;
      this.divisions++;
    } else this.chain++;
    if (this.base + this.chain + this.divisions > MAX_DEPTH) throw tooDeep(token.begin);
  }
}
