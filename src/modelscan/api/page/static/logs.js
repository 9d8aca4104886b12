// The log: only the lines that hold what is typed, and the newest kept in view while it is followed.
const log = document.querySelector("[data-log]");
const filter = document.getElementById("log-filter");
const follow = document.getElementById("log-follow");
const count = document.querySelector("[data-log-count]");

function sift() {
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const line of log.querySelectorAll("li:not(.more)")) {
    line.hidden = Boolean(wanted) && !line.textContent.toLowerCase().includes(wanted);
    shown += line.hidden ? 0 : 1;
  }
  count.textContent = wanted ? `${shown} ${shown === 1 ? "line" : "lines"}` : "";
}

function newest() {
  if (follow.checked) log.scrollTop = log.scrollHeight;
}

filter.addEventListener("input", sift);
follow.addEventListener("change", newest);
new MutationObserver(() => { sift(); newest(); }).observe(log, { childList: true });
sift();
const cause = log.querySelector(".cause");
if (cause) {
  follow.checked = false;
  log.scrollTop = cause.offsetTop - log.offsetTop - log.clientHeight / 2;
} else newest();
