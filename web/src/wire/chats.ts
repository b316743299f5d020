/** The chats dialect as a tenant's own server uses it: chats, tickets, and replies over HTTP streaming. */
import { Http } from "./http";
import { jsonLines } from "./lines";
import { ConnectionLost, endingIn, type ReplyEvent, type Transport, type Witness } from "./transport";

export type ChatsAccess = { base: string; key: string; agent: string; user: string };

export class Chats {
  private readonly http: Http;

  constructor(
    readonly access: ChatsAccess,
    private readonly chat: { id?: string },
    witness?: Witness,
  ) {
    this.http = new Http(access.base, witness);
  }

  /** The id of the chat, which is made when first asked for. */
  async id(): Promise<string> {
    const body = { user_id: this.access.user, agent_id: this.access.agent };
    this.chat.id ??= (await this.json<{ id: string }>("/api/v1/chats", body)).id;
    return this.chat.id;
  }

  async ticket(): Promise<string> {
    return (await this.json<{ ticket: string }>(`/api/v1/chats/${await this.id()}/tickets`, {})).ticket;
  }

  async stop(turn: string): Promise<void> {
    await this.json(`/api/v1/chats/${await this.id()}/turns/${encodeURIComponent(turn)}/stop`, {});
  }

  async stream(text: string, key: string): Promise<Response> {
    return this.http.call({
      method: "POST",
      path: `/api/v1/chats/${await this.id()}/messages`,
      headers: { ...this.headers(), Accept: "application/x-ndjson", "Idempotency-Key": key },
      body: { content: text },
    });
  }

  note(label: string, data: unknown): void {
    this.http.note(label, data);
  }

  close(): void {
    this.http.close();
  }

  private json<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.http.json<Answer>({ method: "POST", path, headers: this.headers(), body });
  }

  private headers(): Record<string, string> {
    return { "X-API-Key": this.access.key };
  }
}

/** Replies over HTTP. Sending again under the same key takes up a reply where it is, from its first token. */
export class ChatsHttpTransport implements Transport {
  private readonly sent = new Map<string, { text: string; key: string }>();

  constructor(private readonly chats: Chats) {}

  async *send(text: string, key: string): AsyncIterable<ReplyEvent> {
    const answer = await this.chats.stream(text, key);
    if (!answer.body) throw new ConnectionLost("no body");
    for await (const event of jsonLines(answer.body)) {
      this.chats.note(String(event.event_type), event);
      const heard = asReply(event);
      if (heard?.kind === "started") this.sent.set(heard.turn, { text, key });
      if (heard) yield heard;
      if (heard?.kind === "ended" || heard?.kind === "failed") return;
    }
    throw new ConnectionLost("the stream broke off");
  }

  async *resume(turn: string, _after: number): AsyncIterable<ReplyEvent> {
    const message = this.sent.get(turn);
    if (!message) throw new Error("nothing is known of this reply any more");
    yield* this.send(message.text, message.key);
  }

  stop(turn: string): Promise<void> {
    return this.chats.stop(turn);
  }

  close(): void {
    this.chats.close();
  }
}

function asReply(event: Record<string, unknown>): ReplyEvent | undefined {
  switch (event.event_type) {
    case "message_stream_started":
      return { kind: "started", turn: String(event.turn_id), attempt: Number(event.attempt) };
    case "message_stream_token":
      return { kind: "token", text: String(event.token), index: Number(event.index) };
    case "message_stream_ended":
      return { kind: "ended", text: event.content as string | undefined, ...endingIn(event.metadata) };
    case "error":
      return { kind: "failed", reason: String(event.message) };
    default:
      return undefined;
  }
}
