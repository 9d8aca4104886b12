// The button beside a command copies it, and says so to everybody.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
    tell(button, "Copied");
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    tell(button, "Selected");
  }
});

function tell(button, word) {
  button.dataset.before ??= button.textContent;
  button.textContent = word;
  setTimeout(() => { button.textContent = button.dataset.before; }, 1500);
}
