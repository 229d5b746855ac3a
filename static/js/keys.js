// One key, one act: / search, c create, j k and arrows through rows, m the actions of one, x ticks, ? the sheet.
// Switched off on the sheet for people whose voice or hands press letters by accident.

const OFF = "keys-off";

function typing(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

function rows() {
  return [...document.querySelectorAll("[data-rows] tbody tr")].filter((row) => row.querySelector(".row-link"));
}

function walk(step) {
  const list = rows();
  if (!list.length) return false;
  const here = list.indexOf(document.activeElement.closest?.("tr"));
  const next = Math.max(0, Math.min(list.length - 1, here + step));
  list[here < 0 ? (step > 0 ? 0 : list.length - 1) : next].querySelector(".row-link").focus();
  return true;
}

const ACTS = {
  "/": () => {
    const search = document.querySelector("[data-search]");
    search?.focus();
    search?.select();
    return Boolean(search);
  },
  c: () => {
    const menu = document.getElementById("create-menu");
    if (!menu) return false;
    document.querySelector('[popovertarget="create-menu"]').click();
    menu.querySelector(".menu-item")?.focus();
    return true;
  },
  j: () => walk(1),
  k: () => walk(-1),
  m: () => {
    const button = document.activeElement.closest?.("tr")?.querySelector("[popovertarget]");
    const menu = button && document.getElementById(button.getAttribute("popovertarget"));
    if (!menu?.matches(".menu")) return false;
    button.click();
    menu.querySelector(".menu-item:not([aria-disabled])")?.focus();
    return true;
  },
  x: () => {
    const box = document.activeElement.closest?.("tr")?.querySelector("[data-row-check]");
    box?.click();
    return Boolean(box);
  },
  "?": () => {
    document.getElementById("keys")?.dispatchEvent(new Event("opendialog", { bubbles: true }));
    return true;
  },
};

// In the search box the arrows walk through what was found; Escape puts it away.
function walkHits(event) {
  const search = event.target.closest?.(".search");
  const hits = search?.querySelector("[data-search-hits]");
  if (!hits) return false;
  const stops = [search.querySelector("[data-search]"), ...hits.querySelectorAll("a")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && stops.length > 1) {
    hits.hidden = false;
    stops[(stops.indexOf(event.target) + step + stops.length) % stops.length].focus();
    return true;
  }
  if (event.key === "Escape" && hits.childElementCount && !hits.hidden) {
    hits.hidden = true;
    stops[0].focus();
    return true;
  }
  return false;
}

document.addEventListener("input", (event) => {
  const hits = event.target.closest?.(".search")?.querySelector("[data-search-hits]");
  if (hits) hits.hidden = false;
});

document.addEventListener("keydown", (event) => {
  if (walkHits(event)) {
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const inRow = event.target.closest?.("[data-rows] tbody tr");
  const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (arrow && inRow) {
    walk(arrow);
    event.preventDefault();
  } else if (!localStorage.getItem(OFF) && ACTS[event.key]?.()) {
    event.preventDefault();
  }
});

const box = document.querySelector("[data-keys-on]");
if (box) {
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
}
