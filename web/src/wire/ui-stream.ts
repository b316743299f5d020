/** The widget dialect as the AI SDK speaks it: a UI message stream of server-sent events. */
import { Http } from "./http";
import { eventData } from "./lines";
import { ConnectionLost, type ReplyEvent, type Source, type Transport, type Witness } from "./transport";
import type { WidgetAccess } from "./widget";

type Part = { type: string; delta?: string; errorText?: string; url?: string; title?: string; filename?: string; sourceId?: string };

export class UiStreamTransport implements Transport {
  private readonly http: Http;
  private leaving?: AbortController;

  constructor(
    private readonly access: WidgetAccess,
    witness?: Witness,
  ) {
    this.http = new Http(access.base, witness);
  }

  async *send(text: string, key: string): AsyncIterable<ReplyEvent> {
    const messages = [{ id: key, role: "user", parts: [{ type: "text", text }] }];
    const body = { id: this.access.session, messages, trigger: "submit-message" };
    const call = { method: "POST", path: "/v1/chat/stream", headers: this.headers(), body };
    yield* this.replies(await this.http.call(call, this.signal()));
  }

  /** The stream is told again from its beginning. */
  async *resume(_turn: string, _after: number): AsyncIterable<ReplyEvent> {
    const path = `/v1/chat/stream/${encodeURIComponent(this.access.session)}/stream`;
    const answer = await this.http.call({ method: "GET", path, headers: this.headers() }, this.signal());
    if (answer.status === 204) throw new Error("the reply has ended meanwhile");
    yield* this.replies(answer);
  }

  /** This protocol knows no stop: whoever has had enough stops reading. */
  async stop(): Promise<void> {
    this.leaving?.abort();
  }

  close(): void {
    this.http.close();
  }

  private signal(): AbortSignal {
    this.leaving = new AbortController();
    return this.leaving.signal;
  }

  private headers(): Record<string, string> {
    return { "x-api-key": this.access.key, Accept: "text/event-stream" };
  }

  private async *replies(answer: Response): AsyncGenerator<ReplyEvent> {
    if (!answer.body) throw new ConnectionLost("no body");
    const sources: Source[] = [];
    let index = -1;
    try {
      for await (const data of eventData(answer.body)) {
        if (data === "[DONE]") break;
        const part = JSON.parse(data) as Part;
        this.http.note(part.type, part);
        if (part.type === "start") yield { kind: "started", turn: this.access.session, attempt: 1 };
        else if (part.type === "text-delta") yield { kind: "token", text: part.delta ?? "", index: ++index };
        else if (part.type.startsWith("source-")) sources.push(sourceOf(part));
        else if (part.type === "error") return yield { kind: "failed", reason: part.errorText ?? "" };
        else if (part.type === "finish") return yield { kind: "ended", sources, stopped: false };
      }
    } catch (error) {
      if (!this.leaving?.signal.aborted) throw error;
    }
    if (this.leaving?.signal.aborted) return yield { kind: "ended", sources, stopped: true };
    throw new ConnectionLost("the stream broke off");
  }
}

function sourceOf(part: Part): Source {
  const name = part.filename ?? part.sourceId;
  return { title: part.title ?? part.url ?? name ?? "", name, url: part.url };
}
