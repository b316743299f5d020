/** Requests whose failures say whether trying again makes sense. */
import { ConnectionLost, Refused, type Witness } from "./transport";

export type Call = { method: string; path: string; headers?: Record<string, string>; body?: unknown };

export class Http {
  private readonly leaving = new AbortController();

  constructor(
    readonly base: string,
    private readonly witness?: Witness,
  ) {}

  async call(call: Call, signal?: AbortSignal): Promise<Response> {
    this.witness?.({ direction: "out", at: performance.now(), label: `${call.method} ${call.path}`, data: call.body });
    const answer = await this.fetched(call, signal);
    if (answer.ok) return answer;
    throw new Refused(answer.status, await reasonIn(answer), Number(answer.headers.get("retry-after")) || undefined);
  }

  async json<Answer>(call: Call): Promise<Answer> {
    const answer = (await (await this.call(call)).json()) as Answer;
    this.note(`answer of ${call.path}`, answer);
    return answer;
  }

  note(label: string, data: unknown): void {
    this.witness?.({ direction: "in", at: performance.now(), label, data });
  }

  close(): void {
    this.leaving.abort();
  }

  private async fetched(call: Call, signal?: AbortSignal): Promise<Response> {
    const headers = { ...(call.body === undefined ? {} : { "Content-Type": "application/json" }), ...call.headers };
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const until = signal ? AbortSignal.any([signal, this.leaving.signal]) : this.leaving.signal;
    try {
      return await fetch(this.base + call.path, { method: call.method, headers, body, signal: until, cache: "no-store" });
    } catch (error) {
      throw new ConnectionLost(String(error));
    }
  }
}

/** The words of an error answer, in whichever dialect's shape. */
async function reasonIn(answer: Response): Promise<string> {
  try {
    const body = (await answer.json()) as { message?: unknown; error?: unknown };
    const nested = typeof body.error === "object" && body.error ? (body.error as { message?: unknown }).message : body.error;
    // Where there are both, the error is only the status by name.
    const said = body.message ?? nested;
    if (typeof said === "string" && said) return said;
  } catch {
    // Not JSON: the status has to do.
  }
  return `HTTP ${answer.status}`;
}
