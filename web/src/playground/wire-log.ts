/** The events on the wire, as they come: a line each, which unfolds to the whole. */
import { html, type TemplateResult } from "lit";
import type { WireNote } from "../wire/transport";

/** What every frame says, and its own column says already. */
const SAID_BY_THE_LINE = new Set(["event_type", "timestamp", "type", "createdAt"]);

export function wireLog(notes: WireNote[]): TemplateResult {
  if (!notes.length) return html`<p class="empty">What goes over the wire shows up here, frame by frame.</p>`;
  const begun = notes[0]!.at;
  return html`<ol class="wire">${notes.map((note) => line(note, begun))}</ol>`;
}

function line(note: WireNote, begun: number): TemplateResult {
  const sent = note.direction === "out";
  const head = html`<span class="time">${((note.at - begun) / 1000).toFixed(2)}</span>
    <span class="way ${note.direction}" role="img" aria-label=${sent ? "sent" : "received"}>${sent ? "↑" : "↓"}</span>
    <span class="what"><b>${note.label}</b> ${summary(note.data)}</span>`;
  return typeof note.data === "object" && note.data !== null
    ? html`<li><details><summary>${head}</summary><pre tabindex="0">${JSON.stringify(hidden(note.data), null, 2)}</pre></details></li>`
    : html`<li><div>${head}</div></li>`;
}

function summary(data: unknown): string {
  if (typeof data !== "object" || data === null) return typeof data === "string" ? data : "";
  const telling = Object.entries(told(hidden(data))).filter(([name]) => !SAID_BY_THE_LINE.has(name));
  // The text first, for it is what one looks for.
  telling.sort(([one], [other]) => rank(one) - rank(other));
  return telling.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join("  ");
}

/** Events of the platform dialect hold what they tell one level down. */
function told(event: object): object {
  return "type" in event && "data" in event && typeof event.data === "object" && event.data ? event.data : event;
}

function rank(name: string): number {
  return ["token", "delta", "index", "content", "message", "text"].indexOf(name) >>> 0;
}

/** Tickets are good for a minute, but screenshots last. */
function hidden(data: object): object {
  return "ticket" in data ? { ...data, ticket: `${String(data.ticket).slice(0, 6)}…` } : data;
}
