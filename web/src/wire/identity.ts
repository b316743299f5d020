/** The identity dialect with a user's token: token, question and answer go in envelopes. An answer comes in one piece. */
import type { Envelopes } from "./envelope";
import { Http } from "./http";
import { freshId } from "./ids";
import { Refused, type ReplyEvent, type Transport, type Witness } from "./transport";

export type IdentityAccess = { base: string; token: string; agent: string };

type Sealed = { data: string; publicKey: string };
type Answer = { response: string; sessionId: string };

export class IdentityTransport implements Transport {
  private readonly http: Http;
  private readonly sent = new Map<string, string>();
  private envelopes?: Promise<Envelopes>;
  private leaving = new AbortController();

  constructor(
    private readonly access: IdentityAccess,
    private readonly session: { id?: string },
    private readonly witness?: Witness,
  ) {
    this.http = new Http(access.base, witness);
  }

  async *send(text: string, key: string): AsyncIterable<ReplyEvent> {
    this.leaving = new AbortController();
    this.sent.set(key, text);
    yield { kind: "started", turn: key, attempt: 1 };
    try {
      const answer = await this.ask(text, key);
      this.session.id = answer.sessionId;
      yield { kind: "ended", text: answer.response, sources: [], stopped: false };
    } catch (error) {
      if (!this.leaving.signal.aborted) throw error;
      yield { kind: "ended", sources: [], stopped: true };
    }
  }

  /** Under the same key a question is answered once, so asking again is hearing the answer again. */
  async *resume(turn: string, _after: number): AsyncIterable<ReplyEvent> {
    const text = this.sent.get(turn);
    if (text === undefined) throw new Error("nothing is known of this reply any more");
    yield* this.send(text, turn);
  }

  /** This dialect knows no stop: whoever has had enough stops waiting. */
  async stop(): Promise<void> {
    this.leaving.abort();
  }

  close(): void {
    this.http.close();
  }

  private async ask(text: string, key: string): Promise<Answer> {
    const envelopes = await this.sealing();
    const data = { userInput: text, ...(this.session.id ? { sessionId: this.session.id } : {}) };
    const id = { appid: "playground", uuid: freshId(), ts: Math.floor(Date.now() / 1000) };
    this.witness?.({ direction: "out", at: performance.now(), label: "to be sealed", data });
    const answer = await this.http.call(
      {
        method: "POST",
        path: `/chatapi/query/agent/${encodeURIComponent(this.access.agent)}`,
        headers: {
          Authorization: `Bearer ${await envelopes.seal(this.access.token)}`,
          publickey: envelopes.publicKey,
          requestid: await envelopes.seal(JSON.stringify(id)),
          "Idempotency-Key": key,
        },
        body: { data: await envelopes.seal(JSON.stringify(data)) },
      },
      this.leaving.signal,
    );
    const sealed = (await answer.json()) as Sealed;
    this.http.note("sealed answer", sealed);
    const opened = JSON.parse(await envelopes.open(sealed.data, sealed.publicKey)) as Answer;
    this.http.note("opened", opened);
    return opened;
  }

  private sealing(): Promise<Envelopes> {
    this.envelopes ??= this.prepared().catch((error: unknown) => {
      this.envelopes = undefined;
      throw error;
    });
    return this.envelopes;
  }

  /** The curves are code that other dialects need not load. */
  private async prepared(): Promise<Envelopes> {
    if (!("subtle" in crypto)) throw new Refused(0, "Browsers seal only on pages that came over https, or from localhost.");
    const { Envelopes } = await import("./envelope");
    const server = await this.http.json<{ publicKey: string }>({ method: "GET", path: "/chatapi/publickeys" });
    return new Envelopes(server.publicKey);
  }
}
