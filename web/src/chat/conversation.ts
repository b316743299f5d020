/** One conversation as its visitor sees it: what was said, what is being said, and what went wrong. */
import { freshId } from "../wire/ids";
import { ConnectionLost, Refused, type ReplyEvent, type Source, type Transport } from "../wire/transport";

export type MessageState = "sending" | "streaming" | "reconnecting" | "done" | "stopped" | "failed";

export type Message = {
  id: string;
  role: "user" | "assistant";
  text: string;
  state: MessageState;
  sources: Source[];
  /** Why it failed, in the server's words. */
  reason?: string;
  /** What resuming needs: the turn, its attempt and the last index that we have. */
  turn?: string;
  attempt?: number;
  index: number;
};

/** The speed is missing where a reply came in one piece. */
export type Timing = { firstTokenMs: number; tokensPerSecond?: number; tokens: number };

/** Where a conversation is kept from one page to the next. */
export interface Store {
  load(): Message[];
  save(messages: Message[]): void;
}

const WAITS_MS = [1_000, 300, 800, 2_000, 4_000, 8_000];
/** A beginning is not tried for long: nobody has seen a word yet, and a server that is not there may stay away. */
const [TRIES_TO_BEGIN, TRIES_TO_RESUME] = [4, 40];

/** Fires `change` after every change of `messages`, `settled` when a reply has come to its end, and `timed`. */
export class Conversation extends EventTarget {
  messages: Message[];
  private reply?: Message;
  private stopping = false;
  private closed = false;

  constructor(
    private readonly transport: Transport,
    private readonly store: Store,
  ) {
    super();
    this.messages = store.load();
  }

  get busy(): boolean {
    return this.reply !== undefined;
  }

  /** Sends a message and sees its reply through, over lost connections too. */
  async send(text: string): Promise<void> {
    const id = freshId();
    this.messages = [...this.messages, message(`${id}-q`, "user", text, "done"), message(`${id}-a`, "assistant", "", "sending")];
    await this.run(this.messages.at(-1)!, () => this.transport.send(text, id));
  }

  /** Tries a failed reply again. Under the same key the server doubles nothing. */
  async retry(failed: Message): Promise<void> {
    const key = failed.id.replace(/-a$/, "");
    const question = this.messages.find((one) => one.id === `${key}-q`);
    if (!question || this.busy) return;
    Object.assign(failed, message(failed.id, "assistant", "", "sending"), { turn: undefined, reason: undefined });
    await this.run(failed, () => this.transport.send(question.text, key));
  }

  /** Goes on with what was being said when the page went away. */
  async takeUp(): Promise<void> {
    const open = this.messages.at(-1);
    if (!open || this.busy || !["sending", "streaming", "reconnecting"].includes(open.state)) return;
    open.state = "reconnecting";
    await this.run(open, () => this.again(open));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.dispatchEvent(new Event("stop"));
    const turn = this.reply?.turn;
    if (turn) await this.transport.stop(turn).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    this.transport.close();
  }

  private again(reply: Message): AsyncIterable<ReplyEvent> {
    if (reply.turn) return this.transport.resume(reply.turn, reply.index);
    const key = reply.id.replace(/-a$/, "");
    return this.transport.send(this.messages.find((one) => one.id === `${key}-q`)?.text ?? "", key);
  }

  private async run(reply: Message, begin: () => AsyncIterable<ReplyEvent>): Promise<void> {
    this.reply = reply;
    this.stopping = false;
    this.changed();
    try {
      await this.seeThrough(reply, begin);
    } catch (error) {
      this.fail(reply, error);
    } finally {
      this.reply = undefined;
      this.changed();
      if (!this.closed) this.dispatchEvent(new Event("settled"));
    }
  }

  private async seeThrough(reply: Message, begin: () => AsyncIterable<ReplyEvent>): Promise<void> {
    const stopwatch = new Stopwatch();
    for (let lost = 0, next = begin; ; next = () => this.again(reply)) {
      const had = reply.index;
      try {
        for await (const event of next()) this.heard(reply, event, stopwatch);
        if (ended(reply)) return this.time(stopwatch);
        throw new ConnectionLost("nothing more came");
      } catch (error) {
        if (reply.index > had) lost = 0;
        if (navigator.onLine) lost += 1;
        const tries = reply.turn ? TRIES_TO_RESUME : TRIES_TO_BEGIN;
        if (this.closed || !(error instanceof ConnectionLost) || lost > tries) throw error;
      }
      reply.state = "reconnecting";
      this.changed();
      await this.pause(WAITS_MS[Math.min(lost, WAITS_MS.length - 1)]!);
      if (this.stopping && !reply.turn) {
        reply.state = "stopped";
        return;
      }
    }
  }

  /** Waits; for less when the browser is online again, or when somebody wants no more of it. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        removeEventListener("online", go);
        this.removeEventListener("stop", go);
        resolve();
      };
      const timer = setTimeout(go, ms);
      addEventListener("online", go);
      this.addEventListener("stop", go);
    });
  }

  private heard(reply: Message, event: ReplyEvent, stopwatch: Stopwatch): void {
    switch (event.kind) {
      case "started":
        // Another worker has taken over: what we have is not what it will say.
        if (reply.turn && event.attempt > (reply.attempt ?? event.attempt)) Object.assign(reply, { text: "", index: -1 });
        Object.assign(reply, { turn: event.turn, attempt: event.attempt, state: "streaming" });
        if (this.stopping) void this.transport.stop(event.turn).catch(() => undefined);
        break;
      case "token":
        if (event.index <= reply.index) return;
        Object.assign(reply, { text: reply.text + event.text, index: event.index, state: "streaming" });
        stopwatch.token(event.text);
        break;
      case "ended":
        stopwatch.whole(event.text, event.tokens);
        Object.assign(reply, { text: event.text ?? reply.text, sources: event.sources, state: event.stopped || this.stopping ? "stopped" : "done" });
        break;
      case "failed":
        Object.assign(reply, { state: "failed", reason: event.reason });
        break;
    }
    this.changed();
  }

  private fail(reply: Message, error: unknown): void {
    if (this.closed) return;
    const reason = error instanceof Refused ? error.message : undefined;
    Object.assign(reply, { state: "failed", reason });
  }

  private time(stopwatch: Stopwatch): void {
    const timing = stopwatch.read();
    if (timing) this.dispatchEvent(new CustomEvent<Timing>("timed", { detail: timing }));
  }

  private changed(): void {
    this.store.save(this.messages);
    this.dispatchEvent(new Event("change"));
  }
}

function message(id: string, role: Message["role"], text: string, state: MessageState): Message {
  return { id, role, text, state, sources: [], index: -1 };
}

function ended(reply: Message): boolean {
  return ["done", "stopped", "failed"].includes(reply.state);
}

/** Less says more about the network than about the model. */
const LEAST_SECONDS = 0.05;

/** Time to the first token, and tokens a second from there on. */
class Stopwatch {
  /** As the model counts them; until it says so we count words, since one event may carry several tokens. */
  private total?: number;
  private readonly begun = performance.now();
  private first?: number;
  private last = 0;
  private words = 0;

  token(text: string): void {
    this.last = performance.now();
    this.first ??= this.last;
    this.words += text.split(/\s+/).filter(Boolean).length;
  }

  /** The end; what comes as a whole comes with its first token. */
  whole(text: string | undefined, total: number | undefined): void {
    if (this.first === undefined && text) this.token(text);
    this.total = total;
  }

  read(): Timing | undefined {
    if (this.first === undefined) return undefined;
    const tokens = this.total ?? this.words;
    const seconds = (this.last - this.first) / 1000;
    return { firstTokenMs: this.first - this.begun, tokensPerSecond: seconds >= LEAST_SECONDS ? tokens / seconds : undefined, tokens };
  }
}
