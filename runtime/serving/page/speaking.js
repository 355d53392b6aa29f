// Speech that is played while it arrives: raw 16-bit samples at 24 kHz, scheduled without gaps.
const RATE = 24000;

export async function speak(request, headers, canvas, say) {
  const start = performance.now();
  const response = await fetch("/v1/audio/speech", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...request, response_format: "pcm" }),
  });
  if (!response.ok) {
    say((await response.json()).error.message, true);
    return;
  }
  const player = new Player(canvas);
  let first;
  for await (const samples of pieces(response.body)) {
    first ??= performance.now() - start;
    player.play(samples);
  }
  const seconds = (performance.now() - start) / 1000;
  say(`first sound after ${Math.round(first)} ms, ${player.seconds.toFixed(2)} s of speech in ${seconds.toFixed(2)} s`);
}

async function* pieces(body) {
  const reader = body.getReader();
  let rest = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const bytes = new Uint8Array(rest.length + value.length);
    bytes.set(rest);
    bytes.set(value, rest.length);
    const whole = bytes.length & ~1;
    rest = bytes.slice(whole);
    yield Float32Array.from(new Int16Array(bytes.buffer, 0, whole / 2), (s) => s / 32768);
  }
}

class Player {
  constructor(canvas) {
    this.context = new AudioContext({ sampleRate: RATE });
    this.next = this.context.currentTime + 0.05;
    this.seconds = 0;
    this.canvas = canvas;
    this.heights = [];
  }

  play(samples) {
    if (!samples.length) return;
    const buffer = this.context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    this.next = Math.max(this.next, this.context.currentTime);
    source.start(this.next);
    this.next += buffer.duration;
    this.seconds += buffer.duration;
    for (let i = 0; i < samples.length; i += 240) this.heights.push(Math.max(...samples.subarray(i, i + 240).map(Math.abs)));
    this.draw();
  }

  draw() {
    const { width, height } = this.canvas;
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = "#2f6fde";
    const step = width / Math.max(this.heights.length, 200);
    this.heights.forEach((h, i) => pen.fillRect(i * step, (height * (1 - h)) / 2, Math.max(step - 0.5, 0.5), height * h + 1));
  }
}
