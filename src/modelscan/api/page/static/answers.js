// Requests to models, through this page's own origin. Each answers with what it took.
const BASE = "/ui/gateway/v1";

async function refused(answer) {
  const said = await answer.json().catch(() => ({}));
  const message = said.error?.message ?? said.error ?? `the answer was ${answer.status}`;
  return Object.assign(new Error(message), { hints: said.hints ?? [] });
}

async function* events(body) {
  let rest = "";
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const data = line.startsWith("data:") ? line.slice(5).trim() : "";
      if (data && data !== "[DONE]") yield JSON.parse(data);
    }
  }
}

// Streams an answer: tells `onText(text, isThought)` as it comes.
export async function chat({ model, messages, options, signal, onText }) {
  const began = performance.now();
  const body = { model, messages, stream: true, stream_options: { include_usage: true }, ...options };
  const answer = await fetch(`${BASE}/chat/completions`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  if (!answer.ok) throw await refused(answer);
  const took = { first: null, seconds: 0, tokens: 0, prompt: null, counted: false };
  const end = () => { took.seconds = (performance.now() - began) / 1000; };
  try {
    for await (const event of events(answer.body)) {
      if (event.error) throw new Error(event.error.message ?? String(event.error));
      const delta = event.choices?.[0]?.delta ?? {};
      const thought = delta.reasoning_content ?? delta.reasoning;
      for (const [text, isThought] of [[thought, true], [delta.content, false]]) {
        if (!text) continue;
        took.first ??= (performance.now() - began) / 1000;
        if (!took.counted) took.tokens += 1;
        onText(text, isThought);
      }
      if (event.usage) Object.assign(took, { tokens: event.usage.completion_tokens, prompt: event.usage.prompt_tokens, counted: true });
    }
  } finally {
    end();
    onText("", false, took);
  }
  return took;
}

export async function transcribe({ model, file, signal }) {
  const form = new FormData();
  form.append("model", model);
  form.append("file", file);
  return timed(`${BASE}/audio/transcriptions`, { method: "POST", body: form, signal });
}

export async function draw({ model, prompt, signal }) {
  const body = JSON.stringify({ model, prompt, response_format: "b64_json" });
  return timed(`${BASE}/images/generations`, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
}

async function timed(address, request) {
  const began = performance.now();
  const answer = await fetch(address, request);
  if (!answer.ok) throw await refused(answer);
  const document = await answer.json();
  return { document, seconds: (performance.now() - began) / 1000 };
}
