// The run that the page was written from, as a script in the dialect that is chosen.

import { copy, element, labelled, page, say } from "./dom.js";

/** A menu of dialects with the script of each; null where the page has none. */
export function scripts(noted) {
  const names = Object.keys(page.scripts ?? {});
  if (!names.length) return null;
  const text = element("pre", { class: "code", tabindex: "0" }, page.scripts[names[0]]);
  const menu = element("select", { onchange: () => (text.textContent = page.scripts[menu.value]) }, ...names.map((name) => element("option", { value: name }, name)));
  const button = element("button", { type: "button", onclick: async () => noted(await copy(text.textContent)) }, say("copy"));
  return element("details", { class: "scripts" }, element("summary", {}, say("script")), element("div", { class: "row" }, labelled(say("dialect"), menu), button), text);
}
