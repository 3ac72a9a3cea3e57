// What a page asks of Python where it is no file: of the server that handed it out, or of the notebook around its frame.

import { page } from "./dom.js";

const waiting = new Map(); // the number of a question -> what takes its answer

/** The answer to a question, as data; rejects where none comes. */
export async function ask(question) {
  if (page.asks === "server") {
    const answer = await fetch("ask", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) });
    return answer.json();
  }
  const id = `${Math.random()}`; // two frames of one widget hear each other's answers
  return new Promise((take) => {
    waiting.set(id, take);
    parent.postMessage({ id, question }, "*");
  });
}

if (page.asks === "notebook") {
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || !waiting.has(data?.id)) return;
    waiting.get(data.id)(data.answer);
    waiting.delete(data.id);
  });
}
