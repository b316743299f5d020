/** The widget dialect over HTTP streaming: NDJSON that can be taken up again at any index. */
import { Http } from "./http";
import { jsonLines } from "./lines";
import { ConnectionLost, endingIn, type ReplyEvent, type Transport, type Witness } from "./transport";

export type WidgetAccess = { base: string; key: string; session: string };

export class WidgetTransport implements Transport {
  private readonly http: Http;

  constructor(
    private readonly access: WidgetAccess,
    witness?: Witness,
  ) {
    this.http = new Http(access.base, witness);
  }

  async *send(text: string, key: string): AsyncIterable<ReplyEvent> {
    const answer = await this.http.call({
      method: "POST",
      path: "/v1/chat/stream",
      headers: { ...this.headers(), Accept: "application/x-ndjson", "Idempotency-Key": key },
      body: { sessionId: this.access.session, message: text },
    });
    yield* this.replies(answer);
  }

  async *resume(turn: string, after: number): AsyncIterable<ReplyEvent> {
    const query = new URLSearchParams({ sessionId: this.access.session, after: String(after) });
    const path = `/v1/chat/${encodeURIComponent(turn)}?${query}`;
    yield* this.replies(await this.http.call({ method: "GET", path, headers: this.headers() }));
  }

  async stop(turn: string): Promise<void> {
    const path = `/v1/chat/${encodeURIComponent(turn)}/stop`;
    await this.http.call({ method: "POST", path, headers: this.headers(), body: { sessionId: this.access.session } });
  }

  /** What opens the WebSocket for this session, for a minute and once. */
  async ticket(): Promise<string> {
    const body = { sessionId: this.access.session };
    const call = { method: "POST", path: "/v1/chat/ticket", headers: this.headers(), body };
    return (await this.http.json<{ ticket: string }>(call)).ticket;
  }

  close(): void {
    this.http.close();
  }

  private headers(): Record<string, string> {
    return { "x-api-key": this.access.key };
  }

  private async *replies(answer: Response): AsyncGenerator<ReplyEvent> {
    if (!answer.body) throw new ConnectionLost("no body");
    let attempt = 0;
    for await (const line of jsonLines(answer.body)) {
      this.http.note(String(line.type), line);
      switch (line.type) {
        case "start":
          attempt = Number(line.attempt ?? attempt + 1);
          yield { kind: "started", turn: String(line.turnId), attempt };
          break;
        case "token":
          yield { kind: "token", text: String(line.token), index: Number(line.index) };
          break;
        case "done":
          yield { kind: "ended", text: line.message as string, ...endingIn(line.metadata) };
          return;
        case "error":
          yield { kind: "failed", reason: String(line.error) };
          return;
      }
    }
    throw new ConnectionLost("the stream broke off");
  }
}
