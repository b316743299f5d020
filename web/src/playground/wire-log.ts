/** The events on the wire, as they come. Tokens are many, so each is one line; the rest unfolds. */
import { html, type TemplateResult } from "lit";
import type { WireNote } from "../wire/transport";

const SHORT = 90;

export function wireLog(notes: WireNote[]): TemplateResult {
  if (!notes.length) return html`<p class="empty">What goes over the wire shows up here, frame by frame.</p>`;
  const begun = notes[0]!.at;
  return html`<ol class="wire">${notes.map((note) => line(note, begun))}</ol>`;
}

function line(note: WireNote, begun: number): TemplateResult {
  const arrow = note.direction === "out" ? "↑" : "↓";
  const time = `${((note.at - begun) / 1000).toFixed(2)}`;
  const text = typeof note.data === "string" ? note.data : note.data === undefined ? "" : JSON.stringify(hidden(note.data));
  const head = html`<span class="time">${time}</span><span class="way ${note.direction}" role="img"
      aria-label=${note.direction === "out" ? "sent" : "received"}>${arrow}</span><span class="label">${note.label}</span>`;
  const body = text.length > SHORT
    ? html`<details><summary>${text.slice(0, SHORT)}…</summary><pre tabindex="0">${JSON.stringify(hidden(note.data), null, 2)}</pre></details>`
    : html`<span class="data">${text}</span>`;
  return html`<li>${head}${body}</li>`;
}

/** Tickets are good for a minute, but screenshots last. */
function hidden(data: unknown): unknown {
  if (typeof data !== "object" || data === null || !("ticket" in data)) return data;
  return { ...data, ticket: `${String(data.ticket).slice(0, 6)}…` };
}
