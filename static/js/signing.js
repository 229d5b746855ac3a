// The client's page: totals that follow a choice at once, and a field to draw a signature in. Nothing here is needed to sign.

const form = document.getElementById("sign-form");

for (const choice of document.querySelectorAll("[data-choice]")) choice.addEventListener("change", recalculate);
document.querySelector("[data-recalculate]")?.toggleAttribute("hidden", true);

async function recalculate() {
  const address = document.querySelector("[data-recalculate] button").getAttribute("formaction").split("#")[0];
  const answer = await fetch(address, { method: "POST", body: new FormData(form) }).catch(() => null);
  if (!answer?.ok) {
    document.querySelector("[data-recalculate]").hidden = false;
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelectorAll("[data-total]");
  document.querySelectorAll("[data-total]").forEach((part, place) => part.replaceWith(fresh[place]));
  for (const box of document.querySelectorAll(".package")) {
    box.toggleAttribute("data-chosen", box.querySelector("input").checked);
  }
  if (page.querySelectorAll(".add-on").length !== document.querySelectorAll(".add-on").length) {
    document.getElementById("choice").replaceWith(page.getElementById("choice"));
    for (const choice of document.querySelectorAll("[data-choice]")) choice.addEventListener("change", recalculate);
    document.querySelector("[data-recalculate]").hidden = true;
  }
}

for (const pad of document.querySelectorAll("[data-signature-pad]")) draw(pad);

function draw(pad) {
  const canvas = pad.querySelector("canvas");
  const field = document.getElementById(pad.dataset.signaturePad);
  const pen = canvas.getContext("2d");
  const strokes = [];
  pad.hidden = false;

  const pointOf = (event) => {
    const box = canvas.getBoundingClientRect();
    const within = (value, most) => Math.round(Math.min(Math.max(value, 0), 1) * most);
    return [within((event.clientX - box.left) / box.width, 600), within((event.clientY - box.top) / box.height, 200)];
  };
  const paint = () => {
    pen.clearRect(0, 0, 600, 200);
    pen.lineWidth = 3;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = getComputedStyle(canvas).color;
    for (const stroke of strokes) {
      pen.beginPath();
      stroke.forEach(([x, y], number) => (number ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.stroke();
    }
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    strokes.push([pointOf(event)]);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons || !strokes.length) return;
    strokes.at(-1).push(pointOf(event));
    paint();
  });
  canvas.addEventListener("pointerup", () => {
    field.value = JSON.stringify(strokes.filter((stroke) => stroke.length > 1));
  });
  pad.querySelector("button").addEventListener("click", () => {
    strokes.length = 0;
    field.value = "";
    paint();
  });
}
