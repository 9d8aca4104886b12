// The playground: the same prompt to one to four models at once.
import { Lane } from "./lane.js";

const MOST = 4;
const playground = document.querySelector("[data-playground]");
if (playground) begin();

function begin() {
  const template = document.querySelector("[data-lane]");
  const place = document.querySelector("[data-lanes]");
  const form = document.querySelector("[data-composer]");
  const [ask, stop, compare, clear] = ["ask", "stop", "compare", "clear"].map((name) => form.querySelector(`[data-${name}]`));
  const attached = form.querySelector("[data-attached]");
  const status = document.querySelector("[data-told]");
  const offered = template.content.querySelector("[data-model]");
  const names = () => [...offered.options].map((option) => option.value);
  const lanes = [];
  let running = null;

  function add(name) {
    const lane = new Lane(template, place, name);
    lanes.push(lane);
    lane.select.addEventListener("change", () => { lane.clear(); refresh(); });
    lane.box.querySelector("[data-remove]").addEventListener("click", () => {
      lanes.splice(lanes.indexOf(lane), 1);
      lane.box.remove();
      refresh();
      lanes[0].select.focus();
    });
    refresh();
    return lane;
  }

  // What answers now: a model that does no longer stays where it was chosen.
  document.body.addEventListener("deployment", async () => {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-lane]");
    const options = now?.content.querySelector("[data-model]").innerHTML ?? "";
    if (!options || options === offered.innerHTML) return;
    offered.innerHTML = options;
    for (const lane of lanes) lane.offer(options);
    refresh();
  });

  function refresh() {
    place.dataset.count = lanes.length;
    compare.disabled = lanes.length >= Math.min(MOST, offered.length);
    for (const lane of lanes) lane.box.querySelector("[data-remove]").hidden = lanes.length === 1;
    const tasks = new Set(lanes.map((lane) => lane.task));
    for (const label of form.querySelectorAll("[data-for]")) label.hidden = !tasks.has(label.dataset.for);
    history.replaceState(null, "", `?${lanes.map((lane) => `model=${encodeURIComponent(lane.select.value)}`).join("&")}`);
  }

  const options = () => Object.fromEntries(
    ["temperature", "max_tokens"].filter((name) => form[name].value !== "").map((name) => [name, Number(form[name].value)]),
  );

  async function send() {
    const prompt = form.prompt.value.trim();
    const audio = form.audio.files[0];
    const onlySpeech = lanes.every((lane) => lane.task === "speech-to-text");
    if (running || (!prompt && !(onlySpeech && audio))) return;
    running = new AbortController();
    busy(true);
    const image = form.image.files[0] ? await asAddress(form.image.files[0]) : null;
    const asked = { prompt, image, audio, options: options(), system: form.system.value.trim(), signal: running.signal };
    form.prompt.value = "";
    await Promise.all(lanes.map((lane) => lane.ask(asked)));
    drop();
    running = null;
    busy(false);
    status.textContent = "Answered";
  }

  function busy(is) {
    ask.hidden = is;
    stop.hidden = !is;
    status.textContent = is ? "Asking" : "";
    if (is) stop.focus(); else form.prompt.focus();
  }

  function show() {
    const files = [...form.image.files, ...form.audio.files];
    attached.hidden = !files.length;
    attached.querySelector("span").textContent = files.map((file) => file.name).join(", ");
  }

  function drop() {
    form.image.value = "";
    form.audio.value = "";
    show();
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  form.image.addEventListener("change", show);
  form.audio.addEventListener("change", show);
  attached.querySelector("button").addEventListener("click", () => { drop(); form.prompt.focus(); });
  form.prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") running?.abort(); });
  stop.addEventListener("click", () => running?.abort());
  clear.addEventListener("click", () => { for (const lane of lanes) lane.clear(); form.prompt.focus(); });
  compare.addEventListener("click", () => {
    const used = new Set(lanes.map((lane) => lane.select.value));
    add(names().find((name) => !used.has(name))).select.focus();
  });

  const wanted = playground.dataset.wanted.split(" ").filter((name) => names().includes(name)).slice(0, MOST);
  for (const name of wanted.length ? wanted : names().slice(0, 1)) add(name);
}

function asAddress(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
