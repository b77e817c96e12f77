"use strict";
(() => {
  const form = document.querySelector(".filters");
  const fields = form.elements;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const value = (name) => (fields[name] ? fields[name].value : "");
  // Made when they are first asked for: a page that nobody filters is not gone through.
  let rows, entries;

  const tables = () =>
    all(".suite").flatMap((suite) => {
      const targets = all("thead", suite)[0] ? all("thead", suite)[0].rows[0].cells : [];
      const names = [...targets].slice(1).map((cell) => cell.textContent);
      return all("tbody tr", suite).map((row) => {
        const [head, ...cells] = row.cells;
        const text = (head.title + " " + head.textContent + " " + suite.dataset.suite).toLowerCase();
        const isNew = cells.some((cell) => cell.firstElementChild && news.has(cell.firstElementChild.hash));
        return { row, names, cells, text, isNew, suite: suite.dataset.suite };
      });
    });

  const news = new Set(all(".revision:has([data-new])").map((revision) => "#" + revision.id));

  const findings = () =>
    all(".revision").flatMap((revision) =>
      all(".entry", revision).map((entry) => ({
        entry,
        suite: revision.dataset.suite,
        targets: entry.dataset.targets.split("\\n"),
        text: (revision.firstElementChild.textContent + " " + entry.textContent).toLowerCase(),
      })),
    );

  const filter = () => {
    rows = rows || tables();
    entries = entries || findings();
    const boxes = all("[name=verdict]", form);
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const [suite, target] = [value("suite"), value("target")];
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const onlyNew = Boolean(fields.new && fields.new.checked);
    const says = (text) => words.every((word) => text.includes(word));
    let shownRows = 0;
    for (const it of rows) {
      const fits = it.cells.some((cell, at) => verdicts.has(cell.className) && (!target || it.names[at] === target));
      const shown = fits && (!suite || it.suite === suite) && (!onlyNew || it.isNew) && says(it.text);
      it.row.hidden = !shown;
      shownRows += shown;
    }
    let shownEntries = 0;
    for (const it of entries) {
      const shown =
        verdicts.has(it.entry.dataset.verdict) &&
        (!suite || it.suite === suite) &&
        (!target || it.targets.includes(target)) &&
        (!onlyNew || "new" in it.entry.dataset) &&
        says(it.text);
      it.entry.hidden = !shown;
      shownEntries += shown;
    }
    for (const revision of all(".revision")) revision.hidden = !revision.querySelector(".entry:not([hidden])");
    for (const part of all(".chunk, .fold, .part")) {
      part.hidden = !part.querySelector("tbody tr:not([hidden])");
      // What was opened to show what was looked for is closed again.
      if (part.matches(".fold") && !part.hidden) {
        if (words.length && !part.open) {
          part.dataset.opened = "";
          part.open = true;
        } else if (!words.length && "opened" in part.dataset) {
          delete part.dataset.opened;
          part.open = false;
        }
      }
    }
    for (const part of all(".suite")) part.hidden = !part.querySelector("tbody tr:not([hidden])");
    fields.count.value = `${shownRows} of ${rows.length} revisions, ${shownEntries} of ${entries.length} findings`;
  };

  let asked = 0;
  const later = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(filter);
  };
  form.addEventListener("input", later);
  // Cells may change while they are looked at.
  let pending = 0;
  form.addEventListener("stale", () => {
    if (!rows || pending) return;
    pending = setTimeout(() => {
      pending = 0;
      later();
    }, 1000);
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  const step = (selector, by) => {
    const shown = all(selector);
    if (!shown.length) return;
    const at = shown.indexOf(document.activeElement);
    const to = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1)];
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const entry = ".entry:not([hidden]) > summary";
  const cell = ["fail", "blocked", "error", "warn"].map((verdict) => `.suite:not([hidden]) tr:not([hidden]) > td.${verdict} > a`).join();

  const openAll = () => {
    const shown = all(".entry:not([hidden])");
    const open = shown.some((entry) => !entry.open);
    for (const entry of shown) entry.open = open;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      form.reset();
      if (document.activeElement) document.activeElement.blur();
      filter();
      return;
    }
    if (event.target.matches("input[type=search], select")) return;
    const act = {
      "/": () => fields.text.focus(),
      j: () => step(entry, 1),
      k: () => step(entry, -1),
      n: () => step(cell, 1),
      p: () => step(cell, -1),
      e: openAll,
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
})();
