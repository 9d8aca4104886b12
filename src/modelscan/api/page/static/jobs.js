// Jobs that run, at the bottom of every page; one that failed stays until it is put away.
import { ask } from "./asking.js";

const GONE_MILLISECONDS = 4000;
const TOGETHER_MILLISECONDS = 250;
const OF_DEPLOYMENTS = new Set(["deploy", "start", "stop", "restart", "remove"]);
const place = document.querySelector("[data-jobs]");

const asked = new Set();

document.addEventListener("job", ({ detail }) => {
  if (detail.status) show(detail);
  else look(detail.id);
});

const running = () => ask("GET", "/api/v1/jobs?status=running").then((jobs) => { for (const job of jobs) show(job); }, () => null);
document.addEventListener("jobs", () => {
  for (const box of place.children) look(box.id);
  running();
});
running();

// As it is now; events of one job that come together are asked about once.
function look(id) {
  if (asked.has(id)) return;
  asked.add(id);
  setTimeout(() => {
    asked.delete(id);
    ask("GET", `/api/v1/jobs/${id}`).then(show, () => null);
  }, TOGETHER_MILLISECONDS);
}

function show(job) {
  let box = document.getElementById(job.id);
  if (!box) {
    if (job.status === "done" || job.status === "cancelled") return;
    box = made(job);
    place.append(box);
  }
  const subject = box.querySelector("a");
  subject.textContent = `${job.kind} ${job.subject}`;
  if (OF_DEPLOYMENTS.has(job.kind)) subject.href = `/ui/deployments/${encodeURIComponent(job.subject)}`;
  const failed = job.status === "failed";
  const said = failed ? job.error?.message ?? job.message : job.message;
  box.querySelector(".quiet").textContent = said ?? job.status;
  const bar = box.querySelector("progress");
  bar.hidden = job.status !== "running";
  if (job.fraction == null) bar.removeAttribute("value");
  else bar.value = job.fraction;
  const button = box.querySelector("button");
  button.textContent = job.status === "running" ? "Cancel" : "Close";
  button.dataset.running = job.status === "running" ? "yes" : "";
  if (job.status === "done" || job.status === "cancelled") setTimeout(() => away(box), GONE_MILLISECONDS);
  place.hidden = false;
}

function made(job) {
  const box = document.createElement("div");
  box.className = "job";
  box.id = job.id;
  const text = document.createElement("p");
  const subject = document.createElement("a");
  const said = document.createElement("span");
  said.className = "quiet";
  text.append(subject, " ", said);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.addEventListener("click", async () => {
    if (!button.dataset.running) return away(box);
    await ask("DELETE", `/api/v1/jobs/${job.id}`).then((now) => now && show(now), (error) => { said.textContent = error.message; });
  });
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", `Progress of ${job.kind} ${job.subject}`);
  box.append(text, button, bar);
  return box;
}

function away(box) {
  box.remove();
  place.hidden = !place.children.length;
}
