/** Files on their way into a dataset, a few records at a time, within the tenant's limit of requests. */
import { ConnectionLost, Refused } from "../wire/transport";
import { words } from "../account/api";
import type { Datasets, NewRecord } from "./api";
import { recordsOf, Unreadable } from "./files";

export type UploadState = "reading" | "uploading" | "waiting" | "done" | "failed" | "canceled";

const AT_ONCE = 4;
const USUAL_WAIT_SECONDS = 10;
const TRIES = 5;

/** One file. Fires `change`, and `done` when all of it is kept. */
export class Upload extends EventTarget {
  state: UploadState = "reading";
  reason = "";
  total = 0;
  /** Seconds until it goes on, while it waits. */
  wait = 0;
  private left?: NewRecord[];
  private canceled = false;

  constructor(
    readonly file: File,
    private readonly datasets: Datasets,
    private readonly dataset: string,
  ) {
    super();
  }

  get kept(): number {
    return this.total - (this.left?.length ?? this.total);
  }

  get open(): boolean {
    return ["reading", "uploading", "waiting"].includes(this.state);
  }

  /** From the beginning, or from where an earlier run came to its end. Never throws. */
  async run(): Promise<void> {
    this.canceled = false;
    try {
      await this.keepAll((this.left ??= await this.read()));
      this.become("done");
      this.dispatchEvent(new Event("done"));
    } catch (error) {
      if (this.canceled) this.become("canceled");
      else this.become("failed", error instanceof Unreadable ? error.message : words(error));
    }
  }

  cancel(): void {
    this.canceled = true;
  }

  private async read(): Promise<NewRecord[]> {
    this.become("reading");
    const records = await recordsOf(this.file);
    this.total = records.length;
    return records;
  }

  private async keepAll(left: NewRecord[]): Promise<void> {
    for (let failures = 0; left.length; ) {
      if (this.canceled) throw new Error("canceled");
      this.become("uploading");
      const batch = left.slice(0, AT_ONCE);
      const ends = await Promise.allSettled(batch.map((record) => this.datasets.addRecord(this.dataset, record)));
      const kept = new Set(batch.filter((_, at) => ends[at]!.status === "fulfilled"));
      left.splice(0, batch.length, ...batch.filter((record) => !kept.has(record)));
      const failure = ends.find((end) => end.status === "rejected")?.reason as unknown;
      if (failure === undefined) failures = 0;
      else await this.bear(failure, ++failures);
    }
  }

  /** Waits where waiting may help; else throws what went wrong. */
  private async bear(failure: unknown, failures: number): Promise<void> {
    const limited = failure instanceof Refused && failure.status === 429;
    const passing = failure instanceof ConnectionLost || (failure instanceof Refused && failure.status >= 500);
    if (!limited && !(passing && failures < TRIES)) throw failure;
    for (this.wait = limited ? (failure.retryAfter ?? USUAL_WAIT_SECONDS) : failures; this.wait > 0 && !this.canceled; this.wait -= 1) {
      this.become("waiting", limited ? "The limit of requests is used up." : "The server does not answer.");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }

  private become(state: UploadState, reason = ""): void {
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event("change"));
  }
}
