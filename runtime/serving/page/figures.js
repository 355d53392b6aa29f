// Prometheus' text, once a second, as a table of models; rates are over the last ten seconds.
const WINDOW = 10;
const LATENCY = ["speechtrt_tts_time_to_first_audio_seconds_bucket", "speechtrt_asr_partial_latency_seconds_bucket"];

function parsed(text) {
  return text
    .split("\n")
    .filter((line) => line && line[0] !== "#")
    .map((line) => {
      const [, name, inside, value] = line.match(/^(\w+)(?:\{(.*)\})? (\S+)$/);
      const labels = Object.fromEntries([...(inside ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
      return { name, labels, value: Number(value) };
    });
}

function quantile(buckets, q) {
  const edges = [...buckets].sort((a, b) => a[0] - b[0]);
  const total = edges.at(-1)?.[1] ?? 0;
  return total ? edges.find(([, count]) => count >= q * total)[0] : NaN;
}

const milliseconds = (seconds) => (Number.isFinite(seconds) ? `≤ ${Math.round(seconds * 1000)} ms` : seconds > 0 ? "> 5 s" : "–");

export class Figures {
  constructor(table) {
    this.table = table;
    this.history = [];
  }

  async load() {
    const response = await fetch("/metrics").catch(() => null);
    if (!response?.ok) return;
    const samples = parsed(await response.text());
    this.history.push(samples);
    if (this.history.length > WINDOW) this.history.shift();
    const models = samples.filter((s) => s.name === "speechtrt_stream_capacity").map((s) => s.labels);
    this.table.replaceChildren(...models.map((labels) => this.row(labels)));
  }

  sum(samples, name, model, more = {}) {
    const wanted = Object.entries({ model, ...more });
    const found = samples.filter((s) => s.name === name && wanted.every(([k, v]) => s.labels[k] === v));
    return found.reduce((total, s) => total + s.value, 0);
  }

  change(name, model, more) {
    return this.sum(this.history.at(-1), name, model, more) - this.sum(this.history[0], name, model, more);
  }

  latency(model, q) {
    const edges = new Map();
    for (const { name, labels } of this.history.at(-1)) {
      if (LATENCY.includes(name) && labels.model === model) {
        const edge = labels.le === "+Inf" ? Infinity : Number(labels.le);
        edges.set(edge, this.change(name, model, { le: labels.le }));
      }
    }
    return quantile(edges, q);
  }

  row({ model, engine }) {
    const now = (name) => this.sum(this.history.at(-1), `speechtrt_${name}`, model);
    const rows = this.change("speechtrt_batch_rows_total", model);
    const slots = this.change("speechtrt_batch_slots_total", model);
    const used = document.createElement("span");
    const meter = document.createElement("meter");
    meter.max = now("stream_capacity");
    meter.value = now("active_streams");
    used.append(meter, ` ${meter.value} of ${meter.max}`);
    const row = document.createElement("tr");
    const cells = [
      model,
      engine,
      used,
      now("queue_depth"),
      slots ? `${Math.round((100 * rows) / slots)} %` : "–",
      milliseconds(this.latency(model, 0.5)),
      milliseconds(this.latency(model, 0.95)),
      now("shed_total"),
      now("overload_rung") ? `rung ${now("overload_rung")}` : "none",
    ];
    for (const cell of cells) row.insertCell().append(cell);
    return row;
  }
}
