// Buttons that send something: data-send="POST /address", and data-confirm where it cannot be taken back.
import { ask, say } from "./asking.js";

const SURE_MILLISECONDS = 6000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-send]");
  if (!button) return;
  event.preventDefault();
  if (button.dataset.confirm && !button.classList.contains("sure")) {
    askAgain(button);
    return;
  }
  const [method, address] = button.dataset.send.split(" ");
  await send(button, method, address);
});

export async function send(element, method, address, body) {
  element.setAttribute("aria-busy", "true");
  say(element, null);
  try {
    const answer = await ask(method, address, body);
    if (answer?.job) document.dispatchEvent(new CustomEvent("job", { detail: answer.job }));
    document.body.dispatchEvent(new Event("deployment"));
    return answer;
  } catch (error) {
    say(element, error);
    return error;
  } finally {
    element.removeAttribute("aria-busy");
  }
}

// The first click asks, in the button itself; leaving it or waiting takes the question back.
function askAgain(button) {
  const before = [...button.childNodes];
  button.replaceChildren(button.dataset.confirm);
  button.classList.add("sure");
  button.setAttribute("hx-morph-skip", "");
  const back = () => {
    clearTimeout(timer);
    button.removeEventListener("blur", back);
    button.replaceChildren(...before);
    button.classList.remove("sure");
    button.removeAttribute("hx-morph-skip");
  };
  const timer = setTimeout(back, SURE_MILLISECONDS);
  button.addEventListener("blur", back);
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-sign-out]")) return;
  await ask("DELETE", "/ui/session").catch(() => null);
  location.assign("/ui/sign-in");
});
