"use strict";
(() => {
  const verdicts = new Set(["pass", "warn", "fail", "blocked", "error", "skip"]);
  // What somebody wants to read of.
  const grave = new Set(["warn", "fail", "blocked", "error"]);
  const by = (id) => document.getElementById(id);

  // Tells what happens in a run. A browser takes a stream up again by itself, from the last event that it has seen; while nobody looks
  // there is none, since a browser has only a few connections.
  const follow = (run, from, acts) => {
    let source;
    let next = from;
    let over = false;
    const close = () => {
      if (source) source.close();
      source = undefined;
    };
    const open = () => {
      source = new EventSource(`/runs/${run}/events?from=${next}`);
      for (const [name, act] of Object.entries(acts)) {
        source.addEventListener(name, (event) => {
          next = Number(event.lastEventId) + 1;
          if (name === "ended") {
            over = true;
            close();
          }
          act(JSON.parse(event.data));
        });
      }
      source.addEventListener("error", () => {
        if (source && source.readyState === EventSource.CLOSED) {
          over = true;
          acts.lost();
        }
      });
    };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) close();
      else if (!source && !over) open();
    });
    if (!document.hidden) open();
  };

  const watchRun = (header) => {
    const run = header.dataset.run;
    const progress = by("progress");
    const form = document.querySelector(".filters");
    const chips = new Map([...form.elements.verdict].map((it) => [it.value, it.parentElement]));
    const show = (chip, number) => {
      chip.querySelector("b").textContent = number;
      // What somebody has switched off can be switched on again.
      chip.hidden = !number && chip.control.checked;
    };
    const count = (state, by) => {
      const chip = chips.get(state);
      show(chip, Number(chip.querySelector("b").textContent) + by);
    };
    // What the page says in numbers was read before its matrix.
    let done = 0;
    for (const [state, chip] of chips) {
      const number = document.querySelectorAll(`.suite td.${state}`).length;
      show(chip, number);
      if (verdicts.has(state)) done += number;
    }
    progress.value = done;
    by("done").textContent = `${done} of ${progress.max} cells`;
    let asked = 0;
    let told = 0;
    // Read aloud now and then, not with every cell.
    const tell = (text) => {
      const now = Date.now();
      if (now - told > 10000) {
        told = now;
        by("said").textContent = text;
      }
    };
    const draw = () => {
      asked = 0;
      const text = `${progress.value} of ${progress.max} cells`;
      by("done").textContent = text;
      tell(text);
    };
    // A cell goes from one state to another.
    const go = (cell, state, text) => {
      count(cell.className, -1);
      count(state, 1);
      cell.className = state;
      cell.firstElementChild.textContent = text;
      form.dispatchEvent(new Event("stale"));
    };
    const open = (it) => {
      const cell = by(`c${it.column}-${it.position}`);
      return cell && !verdicts.has(cell.className) ? cell : undefined;
    };
    follow(run, Number(header.dataset.from), {
      started: (it) => {
        const cell = open(it);
        if (cell) go(cell, "running", `▸ ${it.host}`);
      },
      finished: (it) => {
        const cell = open(it);
        if (!cell || !verdicts.has(it.verdict)) return;
        go(cell, it.verdict, `${it.sign} ${it.verdict}`);
        progress.value += 1;
        if (grave.has(it.verdict)) by("news").hidden = false;
        // They stand in the order of what somebody wants to know first.
        const [worst] = [...chips].find(([, chip]) => Number(chip.querySelector("b").textContent));
        header.className = `top ${worst}`;
        asked = asked || requestAnimationFrame(draw);
      },
      note: (it) => {
        by("note").textContent = it.text;
      },
      ended: (it) => {
        by("state").textContent = "ended";
        by("note").textContent = it.text;
        told = 0;
        tell(it.text);
      },
      lost: () => {
        by("note").textContent = "This page hears nothing more of the run; open it again.";
      },
    });
  };

  const watchCell = (header) => {
    const [column, position] = header.dataset.cell.split("-").map(Number);
    const again = (it) => {
      if (it.column === column && it.position === position) location.reload();
    };
    follow(header.dataset.run, Number(header.dataset.from), {
      started: again,
      finished: again,
      ended: () => location.reload(),
      lost: () => {},
    });
  };

  const header = by("run");
  if (header && header.dataset.from) (header.dataset.cell ? watchCell : watchRun)(header);

  // Lists are asked for again now and then, while somebody looks.
  const main = document.querySelector("[data-refresh]");
  const refresh = async () => {
    if (document.hidden) return true;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
    if (!fresh) return false;
    if (fresh.innerHTML === main.innerHTML) return true;
    const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const opened = [...main.querySelectorAll("details")].map((it) => it.open);
    main.replaceChildren(...fresh.childNodes);
    [...main.querySelectorAll("details")].forEach((it, at) => (it.open = Boolean(opened[at])));
    if (focused) {
      const link = [...main.querySelectorAll("a")].find((it) => it.getAttribute("href") === focused);
      if (link) link.focus({ preventScroll: true });
    }
    return true;
  };
  const refreshing = async () => {
    // One that is not answered now may be later on.
    const more = await refresh().catch(() => true);
    if (more) setTimeout(refreshing, 5000);
  };
  if (main) setTimeout(refreshing, 5000);

  const step = (by) => {
    const neighbour = document.querySelector(by > 0 ? "a[rel=next]" : "a[rel=prev]");
    if (neighbour) neighbour.click();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
})();
