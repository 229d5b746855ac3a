// Numbers of documents, such as SI-5 or INV-000012, stay in one line on a phone: browsers break words at their hyphens.

const NUMBER = /\b[A-Z]{2,5}-\d+\b(?!-)/;
const LEFT_ALONE = "pre, script, style, textarea, select, [contenteditable], .nowrap";
const phone = matchMedia("(width < 40rem)");

function wrapped(node, className = "") {
  const around = document.createElement("span");
  around.className = className;
  node.replaceWith(around);
  around.append(node);
}

function keepWhole(node) {
  // In a row of boxes each piece of text is a box: all of it stays one.
  if (/flex|grid/.test(getComputedStyle(node.parentElement).display)) wrapped(node);
  for (let found = NUMBER.exec(node.data); found; found = NUMBER.exec(node.data)) {
    const number = node.splitText(found.index);
    node = number.splitText(found[0].length);
    wrapped(number, "nowrap");
  }
}

function keepAllWhole(root) {
  if (!phone.matches) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (NUMBER.test(node.data) && !node.parentElement.closest(LEFT_ALONE)) found.push(node);
  }
  found.forEach(keepWhole);
}

keepAllWhole(document.body);
phone.addEventListener("change", () => keepAllWhole(document.body));
document.body.addEventListener("htmx:load", (event) => keepAllWhole(event.target));
