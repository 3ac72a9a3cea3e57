// The page of a run in a notebook: a frame of its own, which can reach nothing around it. What the page asks goes to Python
// as a custom message, what Python answers goes back; a second view of the same widget is a second frame.

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.title = model.get("title");
  Object.assign(frame.style, { width: "100%", height: `${model.get("height")}px`, border: "0", resize: "vertical", overflow: "auto" });
  const show = () => {
    const page = model.get("page");
    if (page && frame.srcdoc !== page) frame.srcdoc = page;
  };
  const asked = ({ source, data }) => {
    if (source === frame.contentWindow && typeof data?.id === "string") model.send({ id: data.id, question: data.question });
  };
  const answered = (said) => typeof said?.id === "string" && frame.contentWindow?.postMessage(said, "*");
  model.on("change:page", show);
  model.on("msg:custom", answered);
  window.addEventListener("message", asked);
  el.replaceChildren(frame);
  if (model.get("page")) show();
  else model.send({ wants: "page" });
  return () => {
    model.off("change:page", show);
    model.off("msg:custom", answered);
    window.removeEventListener("message", asked);
    frame.remove();
  };
}

export default { render };
