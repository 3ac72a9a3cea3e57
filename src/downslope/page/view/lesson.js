// A lesson: a text beside the page, and the parts of the page that it does without. The text becomes elements, never markup.

import { element } from "./dom.js";

const MARKS = /(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`|\[[^\]]+\]\([^()\s]+\))/;
const LINK = /^\[([^\]]+)\]\((https?:\/\/[^()\s]+|#[^()\s]*)\)$/; // to other places, or to another setting of this page
const PARTS = { examples: ".examples", formula: ".formula-row", table: "details.table", limits: ".limits", rules: ".rules", picture: ".seen", player: ".player", tools: ".seen .tools", progress: ".charts", told: ".happened", update: ".updates", steps: "details.steps" };

/** Words with **strong**, *emphasised*, `code` and [linked](https://...) ones. */
function inline(text) {
  return text.split(MARKS).filter(Boolean).map((part) => {
    if (part.startsWith("**") && part.length > 4) return element("strong", {}, part.slice(2, -2));
    if (part.startsWith("*") && part.length > 2) return element("em", {}, part.slice(1, -1));
    const link = LINK.exec(part);
    if (link) return element("a", { href: link[2], rel: "noopener noreferrer", target: link[2].startsWith("#") ? null : "_blank" }, link[1]);
    return part.startsWith("`") && part.length > 2 ? element("code", {}, part.slice(1, -1)) : part;
  });
}

/** Headings, lists, tables and paragraphs of Markdown. */
function blocks(text) {
  return text.split(/\n\s*\n|(?<=^#[^\n]*)\n|\n(?=#)/m).map((block) => block.trim()).filter(Boolean).map((block) => {
    const head = /^(#{1,3})\s+(.*)$/s.exec(block), lines = block.split("\n");
    if (head) return element(`h${head[1].length + 1}`, {}, ...inline(head[2]));
    for (const [tag, mark] of [["ul", /^[-*]\s+/], ["ol", /^\d+[.)]\s+/]]) {
      if (lines.every((line) => mark.test(line))) return element(tag, {}, ...lines.map((line) => element("li", {}, ...inline(line.replace(mark, "")))));
    }
    return tableOf(lines) ?? element("p", {}, ...inline(lines.join(" ")));
  });
}

/** A table whose second line is | --- | --- |; null where it is none. */
function tableOf(lines) {
  const rows = lines.map((line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim())));
  if (lines.length < 2 || !lines[0].includes("|") || !/^[\s|:-]*-[\s|:-]*$/.test(lines[1])) return null;
  const row = (cells, tag) => element("tr", {}, ...cells.map((cell) => element(tag, {}, ...cell)));
  return element("table", {}, element("thead", {}, row(rows[0], "th")), element("tbody", {}, ...rows.slice(2).map((cells) => row(cells, "td"))));
}

/** Shows a lesson {text, hide} in a section, or none. */
export function showLesson(section, lesson) {
  section.hidden = !lesson?.text;
  section.replaceChildren(...(lesson ? blocks(lesson.text) : []));
  document.body.classList.toggle("lesson", !section.hidden);
  for (const [name, selector] of Object.entries(PARTS)) {
    for (const part of document.querySelectorAll(selector)) part.classList.toggle("left-out", lesson?.hide.includes(name) ?? false);
  }
}

export const LESSON_PARTS = Object.keys(PARTS);
