// What a page asks of Python where it is no file: of the server that handed it out.

/** The answer to a question, as data; rejects where none comes. */
export async function ask(question) {
  const answer = await fetch("ask", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) });
  return answer.json();
}
