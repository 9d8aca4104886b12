// The log as it grows: a stream of its own while the deployment lives and the page is seen. Only lines that hold what is
// typed are shown, the newest are kept in view, and the one that says why it failed is marked.
const KEPT = 4000;
const AGAIN_MILLISECONDS = 3000;
const BAD = /ERROR|Error:|Traceback/;
const log = document.querySelector("[data-log]");
const filter = document.getElementById("log-filter");
const follow = document.getElementById("log-follow");
const count = document.querySelector("[data-log-count]");
const about = document.querySelector("[data-about]");
const nothing = log.querySelector(".more");
const lines = () => log.querySelectorAll("li:not(.more)");
let place = log.dataset.place;
let stream = null;
let waiting = null;
let drawing = 0;

function shown(line) {
  const wanted = filter.value.trim().toLowerCase();
  line.hidden = Boolean(wanted) && !line.textContent.toLowerCase().includes(wanted);
  return !line.hidden;
}

function tell() {
  const found = [...lines()].filter((line) => !line.hidden).length;
  count.textContent = filter.value.trim() ? `${found} ${found === 1 ? "line" : "lines"}` : "";
}

function sift() {
  for (const line of lines()) shown(line);
  tell();
  newest();
}

function newest() {
  if (follow.checked) log.scrollTop = log.scrollHeight;
}

// Which line explains a failure is known once it has failed.
function mark(line) {
  const text = line.querySelector(".text");
  const evidence = about.querySelector("[data-evidence]")?.dataset.evidence;
  const said = text.lastChild.textContent;
  const isCause = Boolean(evidence) && said.includes(evidence);
  line.className = isCause ? "cause" : BAD.test(said) ? "bad" : "";
  const label = text.querySelector(".mark");
  if (isCause && !label) {
    const made = document.createElement("strong");
    made.className = "mark";
    made.textContent = "first cause";
    text.prepend(made, " ");
  } else if (!isCause && label) text.replaceChildren(said);
}

function add({ at, text }) {
  const line = document.createElement("li");
  for (const [name, said] of [["at", at.slice(11, 19)], ["text", text]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = said;
    line.append(part, " ");
  }
  mark(line);
  shown(line);
  nothing.hidden = true;
  nothing.before(line);
  if (log.childElementCount > KEPT) log.firstElementChild.remove();
}

// Once for all lines that came since: a flood is drawn as often as the screen is.
function drawn() {
  drawing = 0;
  tell();
  newest();
}

function listen() {
  clearTimeout(waiting);
  if (stream || document.hidden) return;
  stream = new EventSource(`${log.dataset.log}?tail=400${place ? `&after=${encodeURIComponent(place)}` : ""}`);
  stream.addEventListener("line", (event) => {
    place = event.lastEventId || place;
    add(JSON.parse(event.data));
    drawing ||= requestAnimationFrame(drawn);
  });
  stream.addEventListener("end", leave);
  stream.addEventListener("error", () => {
    leave();
    waiting = setTimeout(listen, AGAIN_MILLISECONDS);
  });
}

function leave() {
  clearTimeout(waiting);
  stream?.close();
  stream = null;
}

filter.addEventListener("input", sift);
follow.addEventListener("change", newest);
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
document.body.addEventListener("deployment", listen);
new MutationObserver(() => lines().forEach(mark)).observe(about, { childList: true, subtree: true });

lines().forEach(mark);
const cause = log.querySelector(".cause");
if (cause) {
  follow.checked = false;
  log.scrollTop = cause.offsetTop - log.offsetTop - log.clientHeight / 2;
} else newest();
listen();
