import { powi, rsqrt } from "../program/arithmetic.js";
// Between the program and the view (page/document.py): in a worker the script ends here; in a page it first unpacks what
// every page has. The modules of the view see SCRIPT, PACKED and MAPS: the step maps of its runs, which Python puts there.
if (!self.document) return;
const SCRIPT = document.currentScript.textContent;
const PACKED = await (async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
})();
const MAPS = [];
