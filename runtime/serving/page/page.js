// What the page does when it is opened: models, state and figures; listening and speaking have files of their own.
import { Listening } from "/page/listening.js";
import { speak } from "/page/speaking.js";
import { Figures } from "/page/figures.js";

export const find = (id) => document.getElementById(id);
const key = () => find("key").value.trim();
const headers = () => (key() ? { authorization: `Bearer ${key()}` } : {});

function fill(select, names) {
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => new Option(name)));
  if (names.includes(chosen)) select.value = chosen;
}

let models = [];

async function loadModels() {
  const response = await fetch("/v1/models", { headers: headers() });
  if (!response.ok) return;
  models = (await response.json()).data;
  fill(find("speaker"), models.filter((m) => m.voices).map((m) => m.id));
  fill(find("hearer"), models.filter((m) => !m.voices).map((m) => m.id));
  fillVoices();
}

function fillVoices() {
  fill(find("voice"), models.find((m) => m.id === find("speaker").value)?.voices ?? []);
}

async function loadState() {
  const state = find("state");
  try {
    const { ready, state: name } = await (await fetch("/v2/health/ready")).json();
    state.textContent = name;
    state.className = `state ${ready ? "ready" : "away"}`;
  } catch {
    state.textContent = "gone";
    state.className = "state away";
  }
}

function note(id, text, wrong = false) {
  find(id).textContent = text;
  find(id).classList.toggle("error", wrong);
}

const listening = new Listening(find("items"), (text, wrong) => note("listen-note", text, wrong));

find("microphone").addEventListener("click", async (event) => {
  const button = event.target;
  if (listening.live) listening.stop();
  else await listening.microphone(find("hearer").value, key());
  button.classList.toggle("on", listening.live);
  button.textContent = listening.live ? "Stop" : "Microphone";
});

find("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) listening.file(file, find("hearer").value, key());
});

find("speak").addEventListener("click", async (event) => {
  event.target.disabled = true;
  const request = { model: find("speaker").value, voice: find("voice").value, input: find("text").value };
  await speak(request, headers(), find("wave"), (text, wrong) => note("speak-note", text, wrong));
  event.target.disabled = false;
});

find("speaker").addEventListener("change", fillVoices);
find("key").addEventListener("change", loadModels);

const figures = new Figures(find("models"));
await loadModels();
for (;;) {
  await loadState();
  await figures.load();
  await new Promise((next) => setTimeout(next, 1000));
}
