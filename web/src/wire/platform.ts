/** The platform dialect: a conversation is completed, and the answer comes line by line. */
import { Http } from "./http";
import { jsonLines } from "./lines";
import { ConnectionLost, Refused, sourcesIn, type ReplyEvent, type Transport, type Witness } from "./transport";

export type PlatformAccess = { base: string; secret: string; bot: string };

type Line = { type: string; data: { token?: string; text?: string; message?: string; outputTokensUsed?: number; meta?: unknown; end?: { reason?: string } } };
type Kept = { items: { type: string; text: string; meta?: unknown }[] };

const LOOKS = 60;
const LOOK_EVERY_MS = 1_000;

export class PlatformTransport implements Transport {
  private readonly http: Http;
  private leaving = new AbortController();

  constructor(
    private readonly access: PlatformAccess,
    private readonly conversation: { id?: string },
    witness?: Witness,
  ) {
    this.http = new Http(access.base, witness);
  }

  async *send(text: string, _key: string): AsyncIterable<ReplyEvent> {
    const path = `/api/v1/conversation/${await this.id()}/complete`;
    this.leaving = new AbortController();
    const headers = { ...this.headers(), Accept: "application/jsonl" };
    const answer = await this.http.call({ method: "POST", path, headers, body: { text } }, this.leaving.signal).catch((error: unknown) => {
      // The dialect has no idempotency key, so a message that may have arrived is not sent again by itself.
      if (error instanceof ConnectionLost) throw new Refused(0, "The connection was lost; the message may have arrived all the same.");
      throw error;
    });
    yield* this.replies(answer);
  }

  /** A stream cannot be taken up again, but what was said is kept with the conversation. */
  async *resume(turn: string, _after: number): AsyncIterable<ReplyEvent> {
    const path = `/api/v1/conversation/${encodeURIComponent(turn)}/message/list?order=desc&take=1`;
    for (let look = 0; look < LOOKS; look += 1) {
      const kept = await this.http.json<Kept>({ method: "GET", path, headers: this.headers() });
      const newest = kept.items[0];
      if (newest?.type === "bot") return yield { kind: "ended", text: newest.text, sources: sourcesIn(newest.meta), stopped: false };
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    throw new Error("no answer was kept");
  }

  /** This protocol knows no stop: whoever has had enough stops reading. */
  async stop(): Promise<void> {
    this.leaving.abort();
  }

  close(): void {
    this.http.close();
  }

  /** The id of the conversation, which is made when first asked for. */
  private async id(): Promise<string> {
    const call = { method: "POST", path: "/api/v1/conversation/create", headers: this.headers(), body: { botId: this.access.bot } };
    this.conversation.id ??= (await this.http.json<{ id: string }>(call)).id;
    return this.conversation.id;
  }

  private headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.access.secret}` };
  }

  private async *replies(answer: Response): AsyncGenerator<ReplyEvent> {
    if (!answer.body) throw new ConnectionLost("no body");
    let [index, tokens] = [-1, undefined as number | undefined];
    try {
      for await (const line of jsonLines(answer.body)) {
        const { type, data } = line as Line;
        if (data.token !== "") this.http.note(type, line);
        if (type === "completeBegin") yield { kind: "started", turn: this.conversation.id!, attempt: 1 };
        // An empty token only says that the stream is alive.
        else if (type === "token" && data.token) yield { kind: "token", text: data.token, index: ++index };
        else if (type === "usage") tokens = data.outputTokensUsed;
        else if (type === "error") return yield { kind: "failed", reason: data.message ?? "" };
        else if (type === "result") return yield { kind: "ended", text: data.text, sources: sourcesIn(data.meta), stopped: data.end?.reason === "abort", tokens };
      }
    } catch (error) {
      if (!this.leaving.signal.aborted) throw error;
      return yield { kind: "ended", sources: [], stopped: true };
    }
    throw new ConnectionLost("the stream broke off");
  }
}
