// The one script that stands in a page as it is (page/document.py): it unpacks the program and has it run. The policy of
// the page names the program by its hash, so that nothing but that very text runs.
(async () => {
  const bytes = Uint8Array.from(atob(document.getElementById("program").textContent), (sign) => sign.charCodeAt(0));
  const program = document.createElement("script");
  program.textContent = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  document.body.append(program);
})();
