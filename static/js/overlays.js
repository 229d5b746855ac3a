// Dialogs, drawers, menus and toasts. All are popovers that work by themselves; here dialogs become
// modal, focus goes back where it came from, and menus find their place in older browsers.

// where a person starts in a dialog: its first field, else its first (harmless) button, else Close
const FIRST = ".dialog-body :is(input:not([type=hidden], :disabled), select, textarea, .dialog-foot button)";
const cameFrom = new WeakMap();
const anchors = CSS.supports("position-area", "block-end");

function openDialog(dialog, opener = document.activeElement) {
  if (dialog.open) return;
  opener?.closest?.("[popover]:popover-open")?.hidePopover();
  cameFrom.set(dialog, opener);
  dialog.showModal();
  dialog.querySelector(FIRST)?.focus();
}

function returnFocus(event) {
  const opener = cameFrom.get(event.target);
  const menu = opener?.closest?.(".menu");
  const button = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : opener;
  if (button?.isConnected) button.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[popovertarget]");
  if (button) {
    const target = document.getElementById(button.getAttribute("popovertarget"));
    if (target?.tagName !== "DIALOG") return;
    event.preventDefault();
    if (target.open) target.close();
    else openDialog(target, button);
    return;
  }
  // a click on the backdrop lands on the dialog itself
  if (event.target.tagName === "DIALOG" && event.target.open) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});
document.addEventListener("close", returnFocus, true);
document.addEventListener("opendialog", (event) => openDialog(event.target));

// Arrow keys walk through an open menu.
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu") ?? document.querySelector(".menu:popover-open");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  const next = items.indexOf(document.activeElement) + step;
  items.at(next < 0 ? -1 : next % items.length)?.focus();
  event.preventDefault();
  event.stopImmediatePropagation();
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (anchors || !menu.matches?.(".menu") || event.newState !== "open") return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
  const left = menu.dataset.align === "start" ? button.left : button.right - menu.offsetWidth;
  menu.style.inset = "auto";
  menu.style.margin = "0";
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  const below = button.bottom + 4;
  menu.style.top = `${below + menu.offsetHeight > innerHeight ? Math.max(8, button.top - menu.offsetHeight - 4) : below}px`;
}, true);

// Toasts sit in the top layer, above an open dialog. Good news leaves by itself, the rest waits.
const STAY = 6000;

function toast(text, tone = "info") {
  const holder = document.querySelector("[data-toasts]");
  const template = document.getElementById("toast-template");
  if (!holder || !template) return;
  const piece = template.content.firstElementChild.cloneNode(true);
  piece.dataset.tone = tone;
  piece.querySelector("[data-toast-text]").textContent = text;
  holder.append(piece);
  raise(holder);
}

function raise(holder) {
  if (!holder.children.length) return;
  holder.setAttribute("popover", "manual");
  if (holder.matches(":popover-open")) holder.hidePopover();
  holder.showPopover();
  for (const piece of holder.children) {
    if (piece.dataset.leaving || !["good", "info"].includes(piece.dataset.tone)) continue;
    piece.dataset.leaving = "yes";
    setTimeout(() => leave(piece), STAY);
  }
}

function leave(piece) {
  if (piece.matches(":hover, :focus-within")) return setTimeout(() => leave(piece), STAY);
  const holder = piece.parentElement;
  piece.remove();
  if (holder && !holder.children.length && holder.matches(":popover-open")) holder.hidePopover();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) {
    button.blur();
    const piece = button.closest(".toast");
    const holder = piece.parentElement;
    piece.remove();
    if (!holder.children.length && holder.matches(":popover-open")) holder.hidePopover();
  }
});

const waiting = document.querySelector("[data-toasts]");
if (waiting) raise(waiting);

// The server may send HX-Trigger: {"toast": {"text": "…", "tone": "good"}} with any fragment.
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));
document.addEventListener("htmx:sendError", () => toast("The server cannot be reached. Nothing was changed; try again in a moment.", "bad"));
document.addEventListener("htmx:timeout", () => toast("The server has not answered. Reload the page to see what was saved.", "bad"));
document.addEventListener("htmx:responseError", (event) => toast(failure(event.detail.xhr.status), "bad"));

function failure(status) {
  if (status === 403) return "You may not do this. Ask an owner of the practice.";
  if (status === 404) return "This is no longer here. Reload the page.";
  return "Something went wrong on our side. Reload the page to see what was saved.";
}
