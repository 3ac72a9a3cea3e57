// Which picture is shown, and whose runs a map of runs is of.

import { element, labelled, say } from "./dom.js";
import { RULES } from "./rules.js";
import { PICTURES } from "./setting.js";

const isRated = (one) => RULES.get(one.rule).hyperparameters.some(({ name }) => name === "learning_rate");

/** Two menus above the picture; ``chose`` is called with the name of what was chosen and the choice. */
export class Looks {
  constructor(chose) {
    this.picture = element("select", { onchange: () => chose("picture", this.picture.value) });
    this.of = element("select", { onchange: () => chose("of", Number(this.of.value)) });
    this.ofRow = labelled(say("of"), this.of);
    this.root = element("div", { class: "row" }, labelled(say("picture"), this.picture), this.ofRow);
  }

  /** Shows a setting of a function of so many variables; what is not possible cannot be chosen, as maps of runs of a function that only Python has. */
  show({ picture, of, methods }, variables, remote = false) {
    const rated = methods[of] !== undefined && isRated(methods[of]);
    const possible = (name) => name === "lines" || (remote ? name === "surface" && variables === 2 : name === "rates" ? rated : variables === 2);
    const wanted = PICTURES.filter(possible), shown = possible(picture) ? picture : "lines";
    const key = JSON.stringify([wanted, shown, of, variables, methods.map((one) => one.rule)]);
    if (key === this.key) return; // it is asked at every picture of the screen
    this.key = key;
    const named = (name) => say(name === "lines" && variables === 1 ? "curve" : `picture_${name}`);
    this.picture.replaceChildren(...wanted.map((name) => element("option", { value: name }, named(name))));
    this.picture.value = shown;
    this.ofRow.hidden = methods.length < 2 || !["ends", "rates"].includes(this.picture.value);
    this.of.replaceChildren(...methods.map((one, i) => element("option", { value: i }, `${i + 1} ${one.rule}`)));
    this.of.value = String(of);
  }
}
