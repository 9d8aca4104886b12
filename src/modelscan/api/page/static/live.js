// The one stream of events: each becomes an event of the page, on which htmx fetches what it shows anew. A page that
// nobody sees listens to nothing: a browser has six connections to one server, for all of its windows.
const TICK_MILLISECONDS = 15_000;
const TOGETHER_MILLISECONDS = 150;
const waiting = new Map();
const mark = document.querySelector("[data-connection]");
let stream = null;

function tell(kind) {
  if (document.querySelector("[data-coming]")) location.reload();
  if (waiting.has(kind)) return;
  waiting.set(kind, setTimeout(() => {
    waiting.delete(kind);
    document.body.dispatchEvent(new Event(kind));
  }, TOGETHER_MILLISECONDS));
}

function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource("/api/v1/events");
  stream.addEventListener("deployment", () => tell("deployment"));
  stream.addEventListener("job", (event) => {
    document.dispatchEvent(new CustomEvent("job", { detail: { id: JSON.parse(event.data).job } }));
    tell("job");
  });
  stream.addEventListener("open", () => { mark.hidden = true; });
  stream.addEventListener("error", () => { mark.hidden = false; });
}

function leave() {
  stream?.close();
  stream = null;
}

// What happened while nobody looked is asked for when somebody does again.
function look() {
  listen();
  for (const kind of ["deployment", "job", "tick"]) tell(kind);
  document.dispatchEvent(new CustomEvent("jobs"));
}

listen();
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => { if (event.persisted) look(); });
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : look()));

setInterval(() => {
  if (document.visibilityState === "visible") document.body.dispatchEvent(new Event("tick"));
}, TICK_MILLISECONDS);
