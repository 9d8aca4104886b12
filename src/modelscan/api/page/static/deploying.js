// The button that deploys what is planned. The job is shown at the bottom of the page; a question of the command is put
// to the user here, and answered with a second button.
import { send } from "./actions.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-deploy], [data-agree]");
  if (!button) return;
  const deploy = button.closest("[data-says]").querySelector("[data-deploy]");
  const body = JSON.parse(deploy.dataset.deploy);
  const agreed = button === deploy ? {} : { yes: true };
  const answer = await send(button, "POST", "/api/v1/deployments", { ...body, ...agreed });
  if (answer instanceof Error && !agreed.yes && answer.hints.some((hint) => hint.includes("--yes"))) ask(deploy);
});

function ask(deploy) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.agree = "";
  button.textContent = "Yes, and deploy";
  deploy.closest("[data-says]").querySelector(".said").append(button);
}
