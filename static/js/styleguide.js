// Shows one toast of each tone on the style guide.
document.getElementById("show-toasts").addEventListener("click", (event) => {
  for (const [text, tone] of [["Invoice issued.", "good"], ["Sage is slow today; the rest follows.", "warn"], ["The server cannot be reached.", "bad"]]) {
    event.target.dispatchEvent(new CustomEvent("toast", { bubbles: true, detail: { text, tone } }));
  }
});
