// Ticked rows, unsaved changes, copy buttons, buttons that cannot be pressed, errors that take the focus.

document.addEventListener("click", (event) => {
  const refused = event.target.closest('[aria-disabled="true"]');
  if (refused) {
    event.preventDefault();
    return;
  }
  const copy = event.target.closest("[data-copies]");
  if (copy) copyFrom(copy);
  openRow(event);
});

async function copyFrom(button) {
  const field = document.getElementById(button.dataset.copies);
  field.select();
  await navigator.clipboard?.writeText(field.value);
  const word = button.querySelector("[data-copy-word]");
  word.textContent = "Copied";
  setTimeout(() => { word.textContent = "Copy"; }, 2000);
}

// A click anywhere in a row opens it, unless it was meant for something inside it or for selecting text.
function openRow(event) {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, select, .menu") || String(getSelection())) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  if (event.target.matches("[data-all-check]")) {
    for (const box of form.querySelectorAll("[data-row-check]")) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-all-check], [data-row-check]")) count(form);
});

function count(form) {
  const boxes = [...form.querySelectorAll("[data-row-check]")];
  const ticked = boxes.filter((box) => box.checked).length;
  for (const words of form.querySelectorAll("[data-selected-count]")) words.textContent = String(ticked);
  const all = form.querySelector("[data-all-check]");
  if (!all) return;
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
}

// Settings forms: say how many fields differ from what was loaded, and ask before leaving.
function changed(field) {
  if (!field.name || ["hidden", "submit", "button", "reset"].includes(field.type)) return false;
  if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected) && field.value !== initial(field);
  return field.value !== field.defaultValue;
}

function initial(select) {
  const option = [...select.options].find((choice) => choice.defaultSelected) ?? select.options[0];
  return option?.value;
}

function changes(form) {
  return new Set([...form.elements].filter(changed).map((field) => field.name)).size;
}

function show(form) {
  const bar = form.querySelector(".unsaved-bar");
  if (!bar) return;
  const number = changes(form);
  bar.toggleAttribute("data-dirty", number > 0);
  bar.querySelector("[data-unsaved-words]").textContent = number === 1 ? "1 unsaved change" : `${number} unsaved changes`;
}

for (const name of ["input", "change"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest("form[data-unsaved]");
    if (form) show(form);
  });
}
document.addEventListener("reset", (event) => {
  if (event.target.matches("form[data-unsaved]")) setTimeout(() => show(event.target));
});
document.addEventListener("submit", (event) => { event.target.dataset.leaving = "yes"; });
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-unsaved]:not([data-leaving])")) {
    if (changes(form)) event.preventDefault();
  }
});

// While a list is narrowed or turned over its rows are bars (tables.css), and said to be on their way. The link that
// turned it stands among the rows it takes away, so the end of its request is told of what is left around it.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.matches(".filters, .pager a")) detail.target.ariaBusy = "true";
});
for (const name of ["htmx:afterRequest", "htmx:onLoadError"]) {
  document.addEventListener(name, ({ detail }) => { detail.target.ariaBusy = null; });
}

// On a phone the tabs are scrolled to the one that is open.
for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
  const strip = tab.parentElement;
  strip.scrollLeft = tab.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
}

function settle(root) {
  for (const form of root.querySelectorAll("form:has([data-row-check])")) count(form);
  for (const form of root.querySelectorAll("form[data-unsaved]")) show(form);
  root.querySelector("[data-form-errors]")?.focus();
}
document.addEventListener("htmx:afterSettle", (event) => settle(event.target));
settle(document);
