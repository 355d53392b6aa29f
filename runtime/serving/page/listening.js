// A live session: sound goes up as 16-bit samples at 24 kHz, items come back and grow.
const RATE = 24000;
const PIECE = RATE / 10;
const MOST_UNSENT = 1 << 20; // bytes that may wait in the socket before a file pauses
const VAD = { type: "server_vad", silence_duration_ms: 400 };
const CAPTURE = `registerProcessor("capture", class extends AudioWorkletProcessor {
  process([[samples]]) { if (samples) this.port.postMessage(samples.slice()); return true; }
});`;
const TRANSCRIPTION = "conversation.item.input_audio_transcription";

function encoded(samples) {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  samples.forEach((s, i) => view.setInt16(2 * i, Math.round(Math.max(-1, Math.min(1, s)) * 32767), true));
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

export class Listening {
  constructor(list, say) {
    this.list = list;
    this.say = say;
    this.items = new Map();
    this.live = false;
  }

  async microphone(model, key) {
    try {
      this.media = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.say(`No microphone: ${error.message}`, true);
      return;
    }
    await this.open(model, key);
    this.live = true;
    this.context = new AudioContext({ sampleRate: RATE });
    const code = URL.createObjectURL(new Blob([CAPTURE], { type: "text/javascript" }));
    await this.context.audioWorklet.addModule(code);
    const capture = new AudioWorkletNode(this.context, "capture", { numberOfOutputs: 0 });
    let waiting = [];
    capture.port.onmessage = ({ data }) => {
      waiting.push(...data);
      if (waiting.length < PIECE) return;
      this.append(waiting);
      waiting = [];
    };
    this.context.createMediaStreamSource(this.media).connect(capture);
    this.say("Listening.");
  }

  stop() {
    this.live = false;
    this.media.getTracks().forEach((track) => track.stop());
    this.context.close();
    this.say("");
    this.finish();
  }

  async file(file, model, key) {
    const context = new OfflineAudioContext(1, 1, RATE);
    let sound;
    try {
      sound = await context.decodeAudioData(await file.arrayBuffer());
    } catch {
      this.say(`${file.name} is no audio that this browser can read.`, true);
      return;
    }
    await this.open(model, key);
    this.say(`Hearing ${file.name}, ${sound.duration.toFixed(1)} s.`);
    const samples = sound.getChannelData(0);
    for (let start = 0; start < samples.length; start += PIECE) {
      while (this.socket.bufferedAmount > MOST_UNSENT) await new Promise((next) => setTimeout(next, 20));
      this.append(samples.subarray(start, start + PIECE));
    }
    this.append(new Float32Array(RATE)); // silence, so that the last turn ends
    this.finish();
  }

  open(model, key) {
    const protocols = key ? ["realtime", `openai-insecure-api-key.${key}`] : ["realtime"];
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = new URLSearchParams({ intent: "transcription", model });
    this.socket = new WebSocket(`${scheme}://${location.host}/v1/realtime?${query}`, protocols);
    this.pending = 0;
    this.finishing = false;
    this.socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
    this.socket.onclose = ({ code, reason }) => code !== 1000 && code !== 1005 && this.say(`Closed: ${reason || code}`, true);
    const input = { format: { type: "audio/pcm", rate: RATE }, turn_detection: VAD };
    return new Promise((opened) => {
      this.socket.onopen = () => {
        this.send({ type: "session.update", session: { type: "transcription", audio: { input } } });
        opened();
      };
      this.socket.onerror = () => opened();
    });
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  append(samples) {
    this.send({ type: "input_audio_buffer.append", audio: encoded(samples) });
  }

  finish() {
    this.finishing = true;
    this.send({ type: "input_audio_buffer.commit" }); // an error if no turn is open, which closes as well
  }

  receive(event) {
    const item = event.item_id && this.item(event.item_id);
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        item.started = performance.now();
        break;
      case "input_audio_buffer.committed":
        item.committed = performance.now();
        this.pending += 1;
        break;
      case `${TRANSCRIPTION}.delta`:
        item.first ??= performance.now() - item.started;
        item.text.textContent += event.delta;
        break;
      case `${TRANSCRIPTION}.completed`:
        this.complete(item, event);
        break;
      case "error":
        if (this.finishing && event.error.code === "input_audio_buffer_commit_empty") this.leave();
        else this.say(event.error.message, true);
    }
  }

  complete(item, event) {
    item.text.textContent = event.transcript || "(nothing)";
    item.element.classList.remove("open");
    const parts = [`final ${Math.round(performance.now() - item.committed)} ms after the turn`];
    if (item.first) parts.push(`first words after ${Math.round(item.first)} ms`);
    parts.push(`${event.usage.seconds.toFixed(1)} s of speech`);
    item.latency.textContent = parts.join(", ");
    this.pending -= 1;
    this.leave();
  }

  leave() {
    if (this.finishing && this.pending === 0) this.socket.close(1000);
  }

  item(id) {
    if (!this.items.has(id)) {
      const element = document.createElement("li");
      const text = document.createElement("span");
      const latency = document.createElement("span");
      element.className = "open";
      latency.className = "latency";
      element.append(text, latency);
      this.list.prepend(element);
      this.items.set(id, { element, text, latency, started: performance.now() });
    }
    return this.items.get(id);
  }
}
