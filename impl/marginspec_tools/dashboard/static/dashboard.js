// The number beside the slider follows the slider at once; the page follows when it has been drawn.
document.addEventListener("input", (event) => {
  if (event.target.id === "slider") document.getElementById("jump").value = event.target.value;
});

// A growing journal is followed: the server tells the mark of what it knows, the page has the mark of what it was drawn
// from. They are compared again after every answer, so that no word is lost that comes while a page is under way.
let told = null;
let isAsking = false;

async function follow() {
  if (isAsking) return;
  isAsking = true;
  let asked = null;
  try {
    while (told !== asked && told !== document.getElementById("time").dataset.mark) {
      asked = told;
      const { address, part } = document.getElementById("time").dataset;
      await htmx.ajax("GET", address, { target: part, select: part, swap: "outerMorph" });
      // An answer without the part says why there is none, as when the journal was cut short before this event.
      if (!document.getElementById("time")) return location.reload();
    }
  } finally {
    isAsking = false;
  }
}

// A browser opens few connections to a server: a page that nobody sees has none, and hears all when it is seen again.
let changes = null;
function listen() {
  changes?.close();
  changes = document.hidden ? null : new EventSource("/changes");
  changes?.addEventListener("tick", (event) => {
    told = event.data;
    follow();
  });
}
document.addEventListener("visibilitychange", listen);
addEventListener("pageshow", listen);
