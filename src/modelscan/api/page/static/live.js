// The one stream of events: each becomes an event of the page, on which htmx fetches what it shows anew.
const TICK_MILLISECONDS = 15_000;
const TOGETHER_MILLISECONDS = 150;
const waiting = new Map();

function tell(kind) {
  if (document.querySelector("[data-coming]")) location.reload();
  if (waiting.has(kind)) return;
  waiting.set(kind, setTimeout(() => {
    waiting.delete(kind);
    document.body.dispatchEvent(new Event(kind));
  }, TOGETHER_MILLISECONDS));
}

const stream = new EventSource("/api/v1/events");
const mark = document.querySelector("[data-connection]");
stream.addEventListener("deployment", () => tell("deployment"));
stream.addEventListener("job", (event) => {
  document.dispatchEvent(new CustomEvent("job", { detail: { id: JSON.parse(event.data).job } }));
  tell("job");
});
stream.addEventListener("open", () => { mark.hidden = true; });
stream.addEventListener("error", () => { mark.hidden = false; });
addEventListener("pagehide", () => stream.close());

setInterval(() => {
  if (document.visibilityState === "visible") document.body.dispatchEvent(new Event("tick"));
}, TICK_MILLISECONDS);
