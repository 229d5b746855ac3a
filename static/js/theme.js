// Light, dark, or what the machine says. The choice is a cookie, which the server reads when it
// draws <html>, so a page is never seen in the wrong theme first.

const YEAR = 60 * 60 * 24 * 365;

function chosen() {
  return document.documentElement.dataset.theme ?? "";
}

function choose(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR : 0}; samesite=lax`;
  show();
}

function show() {
  for (const button of document.querySelectorAll("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === chosen()));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-switch] button");
  if (button) choose(button.value);
});
show();
