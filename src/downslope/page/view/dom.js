// Elements made without markup: what a person has typed is only ever text.

/* global PACKED */
const data = { ...PACKED, ...JSON.parse(document.getElementById("data").textContent) };

export const page = data;

/** An element with properties, listeners (functions under "on...") and children; null children are left out. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The sentence of that key with its fields filled in. */
export function say(key, fields = {}) {
  return filled(Object.hasOwn(data.words, key) ? data.words[key] : key, fields);
}

const PLACE = /\{\{|\}\}|\{(\w+)(!r)?(?::[^{}]*)?\}/g;

/** A template with its fields filled in, each of them once. */
export function filled(template, fields) {
  return template.replace(PLACE, (whole, name, quoted) => {
    if (name === undefined) return whole[0];
    if (!Object.hasOwn(fields, name)) return whole;
    return quoted ? `'${fields[name]}'` : String(fields[name]);
  });
}

let numbered = 0;

/** A labelled row of a form. */
export function labelled(text, control) {
  control.id ||= `f${numbered++}`;
  return element("div", { class: "labelled" }, element("label", { for: control.id }, text), control);
}

/** Offers text or a picture as a file. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Puts text on the clipboard; resolves to whether that was allowed. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** Calls the function once, after the events of this moment are over. */
export function settled(milliseconds, call) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
}
