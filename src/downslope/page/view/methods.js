// The rules that are followed: choice, learning rate, further settings.

import { Card } from "./card.js";
import { element, say } from "./dom.js";
import { RULES } from "./rules.js";
import { MOST_METHODS, copyOf, method } from "./setting.js";

/** The list of rules; ``changed`` is called after any change. */
export class Methods {
  constructor(setting, changed) {
    Object.assign(this, { setting, changed, cards: [] });
    this.list = element("div", { class: "methods" });
    this.add = element("button", { type: "button", onclick: () => this.addOne() }, say("add"));
    this.root = element("section", { class: "rules", "aria-labelledby": "rules" }, element("h2", { id: "rules" }, say("rules")), this.list, this.add);
  }

  /** Makes the cards anew for what is set. */
  show(setting) {
    this.setting = setting;
    this.cards = setting.methods.map((_, i) => new Card(this, i));
    this.list.replaceChildren(...this.cards.map((card) => card.root));
    this.add.disabled = setting.methods.length >= MOST_METHODS;
  }

  addOne() {
    const { methods } = this.setting, used = new Set(methods.map((one) => one.rule));
    const next = ["momentum", "adam", "adagrad", "rmsprop", "nesterov", "gradient_descent"].find((name) => !used.has(name) && RULES.has(name));
    methods.push(method(next ?? methods[0].rule));
    this.show(this.setting);
    this.changed();
    this.cards.at(-1).choice.focus();
  }

  remove(i) {
    this.setting.methods.splice(i, 1);
    this.show(this.setting);
    this.changed();
    this.add.focus();
  }

  /** Rule i has, from a step on, a setting of its own; with ``both`` the way without the change is kept beside it. */
  change(i, step, both) {
    const { methods } = this.setting, old = methods[i], changed = copyOf(old);
    const earlier = [...changed.before, { ...copyOf(old), before: [], until: Infinity }];
    const cut = earlier.findIndex((one) => one.until > step);
    changed.before = [...earlier.slice(0, cut), { ...earlier[cut], until: step }];
    if (cut < earlier.length - 1) Object.assign(changed, { rule: earlier[cut].rule, hyperparameters: new Map(earlier[cut].hyperparameters), schedule: earlier[cut].schedule });
    const place = both ? i + 1 : i;
    methods.splice(place, both ? 0 : 1, changed);
    this.show(this.setting);
    this.changed();
    this.cards[place].focus();
  }

  /** Another learning rate for rule i, from outside. */
  rate(i, value) {
    this.cards[i].showRate(value);
  }

  /** Colours and dashes, the limit of the learning rate where there is one, and the step at which a change would be. */
  mark(paths, limits, at) {
    this.cards.forEach((card, i) => card.mark(paths[i], limits[i], at));
  }
}
