// The one-time token of the address, or a key that is typed in, becomes a cookie that no script can read.
import { ask, say } from "./asking.js";

const form = document.querySelector("form");

async function begin(body) {
  try {
    await ask("POST", "/ui/session", body);
    location.replace("/ui/");
  } catch (error) {
    say(form, error);
  }
}

const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  history.replaceState(null, "", location.pathname);
  begin({ token });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  say(form, null);
  begin({ key: form.key.value.trim() });
});
