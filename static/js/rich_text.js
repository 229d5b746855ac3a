// A small editor over each text field marked data-rich, and buttons that write a placeholder where the cursor was.
// Without it the field holds the same text as HTML or plain paragraphs; the server cleans either.

const TOOLS = [
  ["bold", "Bold", "B"],
  ["italic", "Italic", "I"],
  ["formatBlock:h3", "Heading", "H"],
  ["insertUnorderedList", "List", "•"],
  ["insertOrderedList", "Numbered list", "1."],
  ["createLink", "Link", "↗"],
  ["removeFormat", "No formatting", "×"],
];

for (const field of document.querySelectorAll("textarea[data-rich]")) enhance(field);

function enhance(field) {
  const page = document.createElement("div");
  page.className = "rich-page";
  page.contentEditable = "true";
  page.setAttribute("role", "textbox");
  page.setAttribute("aria-multiline", "true");
  const label = document.querySelector(`label[for="${field.id}"]`);
  if (label) {
    label.id ||= `${field.id}_label`;
    page.setAttribute("aria-labelledby", label.id);
    label.addEventListener("click", () => page.focus());
  }
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (field.hasAttribute(name)) page.setAttribute(name, field.getAttribute(name));
  }
  page.append(...parsed(field.value));
  const bar = document.createElement("div");
  bar.className = "rich-tools";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Formatting");
  for (const tool of TOOLS) bar.append(toolButton(page, ...tool));
  page.addEventListener("input", () => store(page, field));
  page.addEventListener("paste", (event) => {
    event.preventDefault();
    document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
  });
  field.hidden = true;
  field.after(bar, page);
  field.form?.addEventListener("reset", () => setTimeout(() => page.replaceChildren(...parsed(field.value))));
}

// Parsed in a document of its own, where nothing runs; what the server stored was cleaned by it.
function parsed(text) {
  if (!/<\/?[a-zA-Z][^<>]*>/.test(text)) return paragraphs(text);
  return [...new DOMParser().parseFromString(text, "text/html").body.childNodes];
}

function paragraphs(text) {
  return text.split(/\n\s*\n/).filter((part) => part.trim()).map((part) => {
    const paragraph = document.createElement("p");
    part.trim().split("\n").forEach((line, number) => {
      if (number) paragraph.append(document.createElement("br"));
      paragraph.append(line);
    });
    return paragraph;
  });
}

function toolButton(page, command, name, sign) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = sign;
  button.title = name;
  button.setAttribute("aria-label", name);
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    page.focus();
    const [act, value] = command.split(":");
    if (act === "createLink") {
      const address = prompt("Address of the link", "https://");
      if (address) document.execCommand(act, false, address);
    } else document.execCommand(act, false, value);
  });
  return button;
}

function store(page, field) {
  field.value = page.innerHTML;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

let last = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches(".rich-page, textarea, input[type=text]")) last = event.target;
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[data-inserts]")) event.preventDefault();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-inserts]");
  if (!button) return;
  const words = `{{${button.dataset.inserts}}}`;
  const field = document.getElementById(button.dataset.into);
  const target = last?.form === field.form && last !== field ? last : null;
  const page = target ?? field.parentElement.querySelector(".rich-page") ?? field;
  (last?.isContentEditable ? last : page).focus();
  document.execCommand("insertText", false, words);
});
