
// The page: what unfolds, sorts, searches, and how it looks.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const policy = window.trustedTypes
    ? trustedTypes.createPolicy("shakedown", { createHTML: text => text })
    : { createHTML: text => text };

  // Shows what stands in a <noscript>. Its text was escaped where it was made, for a reader without
  // a script; parsed apart from the page, nothing in it would run or load.
  function unfold(details) {
    const held = details.querySelector(":scope > noscript");
    if (!held) return;
    const parsed = new DOMParser().parseFromString(policy.createHTML(held.textContent), "text/html");
    held.replaceWith(...parsed.body.childNodes);
    for (const text of all("pre.copy", details)) text.before(copyButton(text));
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => act(made));
    return made;
  }

  function copyButton(text) {
    const made = button("Copy", async () => {
      getSelection().selectAllChildren(text);
      try {
        await navigator.clipboard.writeText(text.textContent);
        made.textContent = "Copied";
      } catch {
        // A page from a file may not write to the clipboard everywhere: it is selected at least.
        made.textContent = "Selected";
      }
    });
    made.className = "copy";
    return made;
  }

  // Sorting: a head is a button; figures begin with the greatest, words with A.
  function sortable(table) {
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      const made = button(head.textContent, () => sort(table, column, head));
      head.replaceChildren(made);
      head.setAttribute("aria-sort", "none");
    }
  }

  const byWord = new Intl.Collator("en", { numeric: true }).compare;

  function sort(table, column, head) {
    const body = table.tBodies[0];
    const before = head.getAttribute("aria-sort");
    const isFigure = row => row.cells[column].dataset.sort !== undefined;
    const rows = [...body.rows];
    const figures = rows.length > 0 && isFigure(rows[0]);
    const first = figures ? "descending" : "ascending";
    const order = before === "none" ? first : before === "ascending" ? "descending" : "ascending";
    const compare = figures
      ? (one, other) => one.cells[column].dataset.sort - other.cells[column].dataset.sort
      : (one, other) => byWord(one.cells[column].textContent, other.cells[column].textContent);
    const sign = order === "ascending" ? 1 : -1;
    rows.sort((one, other) => sign * compare(one, other));
    body.append(...rows);
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", other === head ? order : "none");
  }

  function findings() {
    const tools = document.getElementById("finding-tools");
    if (!tools) return;
    const list = all("#finding-list > details");
    const search = document.getElementById("finding-search");
    const told = document.getElementById("finding-count");
    const boxes = all("input[type=checkbox]", tools);
    function filter() {
      const wanted = search.value.trim().toLowerCase();
      const severities = new Set(boxes.filter(box => box.checked).map(box => box.value));
      let shown = 0;
      for (const one of list) {
        const fits = severities.has(one.dataset.severity)
          && (wanted === "" || one.textContent.toLowerCase().includes(wanted));
        one.hidden = !fits;
        shown += fits;
      }
      told.textContent = `${shown.toLocaleString("en")} of ${list.length.toLocaleString("en")} shown`;
    }
    let later;
    search.addEventListener("input", () => { clearTimeout(later); later = setTimeout(filter, 150); });
    for (const box of boxes) box.addEventListener("change", filter);
    tools.addEventListener("submit", event => event.preventDefault());
    tools.hidden = false;
    filter();
  }

  // A link to a finding opens it.
  function follow() {
    const aim = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!aim || !aim.matches("details.finding")) return;
    aim.open = true;
    aim.scrollIntoView();
  }

  const looks = ["auto", "light", "dark"];
  function look(wanted) {
    if (wanted === "auto") delete document.documentElement.dataset.look;
    else document.documentElement.dataset.look = wanted;
  }

  function lookSwitch() {
    let current = "auto";
    try {
      current = looks.find(name => name === localStorage.getItem("shakedown-look")) ?? "auto";
    } catch { /* Storage may be forbidden; then the choice lasts as long as the page. */ }
    const name = () => `Colours: ${current}`;
    const made = button(name(), () => {
      current = looks[(looks.indexOf(current) + 1) % looks.length];
      try { localStorage.setItem("shakedown-look", current); } catch { /* as above */ }
      made.textContent = name();
      look(current);
      plots.drawAll();
    });
    made.id = "look";
    look(current);
    document.querySelector("nav").append(made);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.drawAll());
    return () => look(current);
  }

  function zoomTools() {
    const words = [["in", "Zoom in"], ["out", "Zoom out"], ["earlier", "← Left"], ["later", "Right →"], ["all", "All"]];
    for (const place of all("[data-tools=time], [data-tools=spread]")) {
      place.append(...words.map(([how, text]) => button(text, () => plots.change(place.dataset.tools, how))));
      const hint = document.createElement("span");
      hint.className = "faint";
      hint.textContent = "Drag over a plot to zoom, double-click for all.";
      place.append(hint);
      place.hidden = false;
    }
    for (const place of all("[data-tools=phases]")) {
      const bars = all("td.bar svg");
      const longest = bars.map(bar => bar.getAttribute("viewBox"));
      const made = button("Same length for all", () => {
        const same = made.getAttribute("aria-pressed") !== "true";
        made.setAttribute("aria-pressed", same);
        for (const [at, bar] of bars.entries()) {
          bar.setAttribute("viewBox", same ? `0 0 ${bar.dataset.whole} 1` : longest[at]);
        }
      });
      made.setAttribute("aria-pressed", "false");
      place.append(made);
      place.hidden = false;
    }
  }

  // Paper is light, as wide as paper, and shows what is folded; of very many findings the first.
  const PRINTED = 200;
  function printing(restoreLook) {
    let opened = [];
    addEventListener("beforeprint", () => {
      look("light");
      document.documentElement.classList.add("print");
      opened = all("details.finding:not([hidden]):not([open])").slice(0, PRINTED);
      for (const one of opened) { unfold(one); one.open = true; }
      plots.drawAll();
    });
    addEventListener("afterprint", () => {
      document.documentElement.classList.remove("print");
      for (const one of opened) one.open = false;
      restoreLook();
      plots.drawAll();
    });
  }

  document.addEventListener("toggle", event => { if (event.target.open) unfold(event.target); }, true);
  const restoreLook = lookSwitch();
  for (const table of all("table.sortable")) sortable(table);
  findings();
  zoomTools();
  plots.start();
  printing(restoreLook);
  addEventListener("hashchange", follow);
  follow();
})();
