/** The chats dialect over WebSocket, opened with tickets: see docs/chats.md for its frames. */
import { ConnectionLost, endingIn, Refused, type ReplyEvent, type Transport, type Witness } from "./transport";

type Frame = { event_type: string; [field: string]: unknown };

const PATIENCE_MS = 20_000;
const PING_MS = 4 * 60_000;
const RETRYABLE = new Set(["RATE_LIMITED", "TOO_MANY_CONNECTIONS"]);

export class SocketTransport implements Transport {
  private socket?: Promise<WebSocket>;
  private listeners = new Set<Inbox>();
  private attempts = new Map<string, number>();

  constructor(
    private readonly address: () => string,
    private readonly ticket: () => Promise<string>,
    private readonly witness?: Witness,
  ) {}

  async *send(text: string, key: string): AsyncIterable<ReplyEvent> {
    const inbox = new Inbox();
    yield* this.exchange(inbox, { content: text, client_message_id: key }, undefined);
  }

  async *resume(turn: string, after: number): AsyncIterable<ReplyEvent> {
    const attempt = this.attempts.get(turn);
    const frame = { action: "resume", message_id: turn, after_index: after, ...(attempt ? { attempt } : {}) };
    yield* this.exchange(new Inbox(), frame, turn);
  }

  async stop(turn: string): Promise<void> {
    this.post(await this.connected(), { action: "stop", message_id: turn });
  }

  close(): void {
    void this.socket?.then((socket) => socket.close(1000)).catch(() => undefined);
    this.socket = undefined;
  }

  private async *exchange(inbox: Inbox, frame: object, turn: string | undefined): AsyncGenerator<ReplyEvent> {
    const socket = await this.connected();
    this.listeners.add(inbox);
    try {
      this.post(socket, frame);
      yield* this.replies(inbox, turn);
    } finally {
      this.listeners.delete(inbox);
    }
  }

  private async *replies(inbox: Inbox, turn: string | undefined): AsyncGenerator<ReplyEvent> {
    for await (const frame of inbox.frames()) {
      const about = frame.message_id as string | undefined;
      switch (frame.event_type) {
        case "message_stream_started":
          turn ??= about;
          if (about !== turn) break;
          this.attempts.set(about!, Number(frame.attempt));
          yield { kind: "started", turn: about!, attempt: Number(frame.attempt) };
          break;
        case "message_stream_token":
          if (about === turn) yield { kind: "token", text: String(frame.token), index: Number(frame.index) };
          break;
        case "message_stream_ended":
          // The end of a message that was sent again may be all that we hear of its reply.
          if (turn !== undefined && about !== turn) break;
          // A frame that would be too large for the platform comes without content; the tokens have said the same.
          yield { kind: "ended", text: frame.content as string | undefined, ...endingIn(frame.metadata) };
          return;
        case "error":
          yield* refusal(frame, turn);
          return;
      }
    }
  }

  private connected(): Promise<WebSocket> {
    this.socket ??= this.open().catch((error: unknown) => {
      this.socket = undefined;
      throw error;
    });
    return this.socket;
  }

  private async open(): Promise<WebSocket> {
    const socket = new WebSocket(`${this.address()}?ticket=${encodeURIComponent(await this.ticket())}`);
    this.witness?.({ direction: "out", at: performance.now(), label: "WebSocket", data: "connecting with a ticket" });
    const ping = setInterval(() => socket.readyState === WebSocket.OPEN && this.post(socket, { action: "ping" }), PING_MS);
    socket.onmessage = (message) => this.received(JSON.parse(String(message.data)) as Frame);
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => socket.close(), PATIENCE_MS);
      socket.onopen = () => (clearTimeout(late), resolve());
      socket.onclose = () => {
        clearTimeout(late);
        clearInterval(ping);
        this.socket = undefined;
        const lost = new ConnectionLost("the WebSocket closed");
        for (const inbox of this.listeners) inbox.fail(lost);
        reject(lost);
      };
    });
    return socket;
  }

  private received(frame: Frame): void {
    this.witness?.({ direction: "in", at: performance.now(), label: frame.event_type, data: frame });
    for (const inbox of this.listeners) inbox.put(frame);
  }

  private post(socket: WebSocket, frame: object): void {
    if (socket.readyState !== WebSocket.OPEN) throw new ConnectionLost("the WebSocket is closed");
    this.witness?.({ direction: "out", at: performance.now(), label: "frame", data: frame });
    socket.send(JSON.stringify(frame));
  }
}

function* refusal(frame: Frame, turn: string | undefined): Generator<ReplyEvent> {
  const about = (frame.details as { message_id?: string } | undefined)?.message_id;
  if (about && turn && about !== turn) return;
  if (RETRYABLE.has(String(frame.code))) throw new Refused(429, String(frame.message));
  yield { kind: "failed", reason: String(frame.message) };
}

/** Frames that came before somebody asked for them. */
class Inbox {
  private waiting: Frame[] = [];
  private failure?: Error;
  private wake: () => void = () => undefined;

  put(frame: Frame): void {
    this.waiting.push(frame);
    this.wake();
  }

  fail(error: Error): void {
    this.failure = error;
    this.wake();
  }

  async *frames(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.waiting.shift();
      if (frame) yield frame;
      else if (this.failure) throw this.failure;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
