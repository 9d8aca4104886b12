// One model of the playground: its conversation, and what each answer took and would cost.
import { chat, draw, transcribe } from "./answers.js";

let lanes = 0;

export class Lane {
  constructor(template, place, name) {
    const box = template.content.cloneNode(true).firstElementChild;
    lanes += 1;
    this.box = box;
    this.select = box.querySelector("[data-model]");
    this.select.id = `lane-${lanes}`;
    box.querySelector("[data-label]").htmlFor = this.select.id;
    this.talk = box.querySelector(".talk");
    if (name) this.select.value = name;
    if (!this.select.value) this.select.selectedIndex = 0;
    this.history = [];
    place.append(box);
  }

  get option() { return this.select.selectedOptions[0]; }
  get task() { return this.option.dataset.task; }

  offer(options) {
    const { option } = this;
    this.select.innerHTML = options;
    if (![...this.select.options].some((other) => other.value === option.value)) this.select.append(option);
    this.select.value = option.value;
  }

  clear() {
    this.history = [];
    this.talk.replaceChildren();
  }

  async ask({ prompt, image, audio, options, system, signal }) {
    const model = this.select.value;
    const answer = this.#entry("answer");
    const text = element("div", "text");
    answer.append(text);
    answer.setAttribute("aria-busy", "true");
    try {
      if (this.task === "speech-to-text") await this.#transcription(answer, text, { model, file: audio, signal });
      else if (this.task === "text-to-image") await this.#picture(answer, text, { model, prompt, signal });
      else await this.#conversation(answer, text, { model, prompt, image, options, system, signal });
    } catch (error) {
      if (error.name === "AbortError") answer.append(element("p", "quiet fine", "Stopped"));
      else answer.append(told(error));
    } finally {
      answer.removeAttribute("aria-busy");
      this.#down();
    }
  }

  async #conversation(answer, place, { model, prompt, image, options, system, signal }) {
    const content = image ? [{ type: "text", text: prompt }, { type: "image_url", image_url: { url: image } }] : prompt;
    this.#asked(answer, prompt, image);
    this.history.push({ role: "user", content });
    const messages = system ? [{ role: "system", content: system }, ...this.history] : [...this.history];
    let said = "";
    let thoughts = null;
    let took = null;
    const onText = (text, isThought, ended) => {
      took = ended ?? took;
      if (isThought) thoughts ??= thinking(place);
      if (isThought) thoughts.append(text);
      else { said += text; place.append(text); }
      this.#down();
    };
    try {
      await chat({ model, messages, options, signal, onText });
    } finally {
      this.history.push({ role: "assistant", content: said });
      if (took?.first != null) answer.append(this.#figures(took));
    }
  }

  async #transcription(answer, place, { model, file, signal }) {
    if (!file) throw new Error("choose a recording first");
    this.#asked(answer, file.name);
    const { document, seconds } = await transcribe({ model, file, signal });
    place.textContent = document.text || "(nothing was heard)";
    answer.append(element("p", "took", `${seconds.toFixed(1)} s`));
  }

  async #picture(answer, place, { model, prompt, signal }) {
    this.#asked(answer, prompt);
    const { document, seconds } = await draw({ model, prompt, signal });
    for (const made of document.data ?? []) {
      const picture = element("img", "made");
      picture.alt = prompt;
      const bytes = Uint8Array.from(atob(made.b64_json ?? ""), (char) => char.charCodeAt(0));
      picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
      place.append(picture);
    }
    answer.append(element("p", "took", `${seconds.toFixed(1)} s`));
  }

  #asked(answer, prompt, image) {
    const entry = element("div", "entry question");
    entry.append(element("div", "text", prompt));
    if (image) {
      const picture = element("img", "sent");
      picture.src = image;
      picture.alt = "The image that was sent";
      entry.append(picture);
    }
    answer.before(entry);
  }

  #entry(kind) {
    const entry = element("div", `entry ${kind}`);
    this.talk.append(entry);
    return entry;
  }

  #down() { this.talk.scrollTop = this.talk.scrollHeight; }

  #figures(took) {
    const after = took.seconds - took.first;
    const speed = after > 0 && took.tokens > 1 ? (took.tokens - 1) / after : null;
    const parts = [
      ["first token", `${(took.first * 1000).toFixed(0)} ms`],
      ["speed", speed == null ? "-" : `${speed.toFixed(0)} tokens/s`],
      ["tokens", `${took.tokens}`],
      ["time", `${took.seconds.toFixed(1)} s`],
      this.#cost(took),
    ];
    const list = element("dl", "took");
    for (const [name, value] of parts.filter(Boolean)) {
      const pair = element("div");
      pair.append(element("dt", "", name), element("dd", "", value));
      list.append(pair);
    }
    return list;
  }

  #cost(took) {
    const { input, output, here } = this.option.dataset;
    if (!output || took.prompt == null) return null;
    const dollars = (took.prompt * Number(input || 0) + took.tokens * Number(output)) / 1e6;
    return [here ? "hosted it would cost" : "cost", `$${dollars.toPrecision(2)}`];
  }
}

export function element(kind, look = "", text = "") {
  const made = document.createElement(kind);
  if (look) made.className = look;
  if (text) made.textContent = text;
  return made;
}

function thinking(place) {
  const box = element("details", "thoughts");
  const inside = element("div", "text");
  box.append(element("summary", "", "Thoughts"), inside);
  place.before(box);
  return inside;
}

function told(error) {
  const box = element("div", "failure");
  box.setAttribute("role", "alert");
  box.append(element("p", "", error.message.charAt(0).toUpperCase() + error.message.slice(1)));
  for (const hint of error.hints ?? []) box.append(element("code", "", hint));
  return box;
}
