/** What every way to an agent has in common: a message goes out, events of one reply come back. */

/** `name` is what the source is called where it is kept, such as the name of its file. */
export type Source = { title: string; name?: string; url?: string };

export type ReplyEvent =
  /** `turn` is what `resume` and `stop` take. A higher `attempt` means: clear what you have and start over. */
  | { kind: "started"; turn: string; attempt: number }
  | { kind: "token"; text: string; index: number }
  | { kind: "ended"; text?: string; sources: Source[]; stopped: boolean; tokens?: number }
  | { kind: "failed"; reason: string };

/** `key` makes sending twice harmless. Both streams throw `ConnectionLost`, or `Refused`, which trying again won't mend. */
export interface Transport {
  send(text: string, key: string): AsyncIterable<ReplyEvent>;
  resume(turn: string, after: number): AsyncIterable<ReplyEvent>;
  stop(turn: string): Promise<void>;
  /** Lets go of what is open. */
  close(): void;
}

/** The reply goes on without us: come back and resume. */
export class ConnectionLost extends Error {}

/** The server said no. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Seconds to wait before it makes sense to try again. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** Everything that went over the wire, for whoever wants to look on. */
export type WireNote = { direction: "out" | "in"; at: number; label: string; data: unknown };
export type Witness = (note: WireNote) => void;

/** What the metadata of a reply says about its end. */
export function endingIn(metadata: unknown): { sources: Source[]; stopped: boolean; tokens?: number } {
  const said = (metadata ?? {}) as { stopped?: unknown; output_tokens?: unknown };
  const tokens = typeof said.output_tokens === "number" ? said.output_tokens : undefined;
  return { sources: sourcesIn(metadata), stopped: said.stopped === true, tokens };
}

/** Sources as agents name them in the metadata of a reply. Whatever does not fit is passed over. */
export function sourcesIn(metadata: unknown): Source[] {
  const listed = (metadata as { sources?: unknown } | null | undefined)?.sources;
  if (!Array.isArray(listed)) return [];
  const found = new Map<string, Source>();
  for (const one of listed as Record<string, unknown>[]) {
    const name = text(one?.source) ?? text(one?.name);
    const url = text(one?.uri) ?? name;
    const title = text(one?.title) ?? name ?? url;
    if (!title) continue;
    found.set(`${title}\n${name}`, { title, name, url: isWebAddress(url) ? url : undefined });
  }
  return [...found.values()];
}

export function isWebAddress(address: string | undefined): address is string {
  if (!address) return false;
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() ? value.trim() : undefined;
}
