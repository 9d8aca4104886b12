// Requests to modelscan's own API, and how a refusal is told where it belongs.

export class Refused extends Error {
  constructor(status, message, hints = []) {
    super(message);
    this.status = status;
    this.hints = hints;
  }
}

export async function ask(method, address, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(address, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, "modelscan does not answer", ["modelscan api status"]);
  }
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  if (answer.status === 401 && !location.pathname.startsWith("/ui/sign-in")) location.assign("/ui/sign-in");
  throw new Refused(answer.status, said.error ?? `the answer was ${answer.status}`, said.hints);
}

// Shows a refusal in the nearest place for it; with nothing to say it is emptied.
export function say(element, error) {
  const place = element.closest("[data-says]")?.querySelector(".said");
  if (!place) return;
  place.hidden = !error;
  place.replaceChildren();
  if (!error) return;
  const sentence = document.createElement("p");
  sentence.textContent = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  place.append(sentence);
  for (const hint of error.hints ?? []) {
    const line = document.createElement(hint.startsWith("modelscan ") ? "code" : "p");
    line.textContent = hint;
    place.append(line);
  }
}
