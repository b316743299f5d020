/** Where files are dropped or chosen, and how far each has come. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { accountStyles } from "../account/styles";
import type { Datasets } from "./api";
import { ENDINGS, FILE_BYTES_MAX } from "./files";
import { Upload } from "./uploading";

export class UploadCard extends LitElement {
  static override styles = [
    accountStyles,
    css`
      .drop { display: grid; justify-items: center; gap: 4px; text-align: center; border: 1.5px dashed var(--p-edge); border-radius: 14px; padding: 24px 16px; margin-top: 12px; cursor: pointer; font-weight: 400; }
      .drop:hover, .drop.over { border-color: var(--p-accent); background: var(--p-tint); }
      .drop:focus-within { outline: 2px solid var(--p-focus); outline-offset: 2px; }
      .drop b { font-size: 15px; }
      .drop u { text-underline-offset: 3px; }
      ul { list-style: none; margin: 14px 0 0; padding: 0; display: grid; gap: 10px; }
      li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 12px; align-items: center; font-size: 14px; }
      .name { font-weight: 600; overflow-wrap: anywhere; }
      .how { grid-column: 1 / -1; font-size: 13px; color: var(--p-quiet); }
      .how.bad { color: var(--p-danger); }
      .track { grid-column: 1 / -1; height: 6px; border-radius: 99px; background: var(--p-sunken); overflow: hidden; }
      .track i { display: block; height: 100%; border-radius: 99px; background: var(--p-accent); transition: width 0.2s; }
      li.failed .track i, li.canceled .track i { background: var(--p-edge); }
      @media (prefers-reduced-motion: reduce) { .track i { transition: none; } }
    `,
  ];
  static override properties = { datasets: { attribute: false }, datasetId: {}, uploads: { state: true }, over: { state: true } };

  declare datasets: Datasets;
  declare datasetId: string;
  declare uploads: Upload[];
  declare over: boolean;

  constructor() {
    super();
    this.uploads = [];
    this.over = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("beforeunload", this.leaving);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("beforeunload", this.leaving);
    for (const upload of this.uploads) upload.cancel();
  }

  /** Whether files are still on their way. */
  get busy(): boolean {
    return this.uploads.some((one) => one.open);
  }

  override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="add">
      <h2 id="add">Add documents</h2>
      <p class="hint">Each file is cut into passages of at most 1,200 characters, and each passage becomes a record.</p>
      <label class="drop ${this.over ? "over" : ""}" @dragover=${this.dragged} @dragleave=${() => (this.over = false)} @drop=${this.dropped}>
        <b>Drop files here, or <u>choose them</u></b>
        <span class="hint">Text, Markdown or JSON Lines, up to ${FILE_BYTES_MAX / 1e6} MB each</span>
        <input class="unseen" type="file" multiple accept=${ENDINGS.join(",")} @change=${this.chosen} />
      </label>
      ${this.uploads.length ? html`<ul aria-label="Files">${this.uploads.map((one) => this.file(one))}</ul>` : nothing}
      <div class="unseen" role="status">${this.summary()}</div>
    </section>`;
  }

  private file(one: Upload): TemplateResult {
    const share = one.total ? Math.round((100 * one.kept) / one.total) : 0;
    const again = one.state === "failed" || one.state === "canceled";
    return html`<li class=${one.state}>
      <span class="name">${one.file.name}</span>
      ${one.open ? html`<button class="quiet" @click=${() => one.cancel()}>Cancel<span class="unseen"> ${one.file.name}</span></button>` : nothing}
      ${again && one.total ? html`<button class="plain small" @click=${() => this.enqueue(one)}>Go on<span class="unseen"> with ${one.file.name}</span></button>` : nothing}
      ${one.total
        ? html`<div class="track" role="progressbar" aria-label=${one.file.name} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${share}>
            <i style="width: ${share}%"></i>
          </div>`
        : nothing}
      <span class="how ${one.state === "failed" ? "bad" : ""}">${how(one)}</span>
    </li>`;
  }

  /** For those who do not see the bars: what has come to an end, not every step. */
  private summary(): string {
    const [done, failed] = ["done", "failed"].map((state) => this.uploads.filter((one) => one.state === state).length);
    if (!this.uploads.length || this.busy) return "";
    return `${done} of ${this.uploads.length} files added${failed ? `, ${failed} failed` : ""}.`;
  }

  private readonly leaving = (event: BeforeUnloadEvent): void => {
    if (this.busy) event.preventDefault();
  };

  private dragged(event: DragEvent): void {
    event.preventDefault();
    this.over = true;
  }

  private dropped(event: DragEvent): void {
    event.preventDefault();
    this.over = false;
    this.add(event.dataTransfer?.files);
  }

  private chosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    this.add(input.files);
    input.value = "";
  }

  private add(files: FileList | null | undefined): void {
    const added = [...(files ?? [])].map((file) => new Upload(file, this.datasets, this.datasetId));
    this.uploads = [...this.uploads, ...added];
    for (const one of added) {
      one.addEventListener("change", () => this.requestUpdate());
      one.addEventListener("done", () => this.dispatchEvent(new Event("added")));
      this.enqueue(one);
    }
  }

  private queue = Promise.resolve();

  /** One file after the other: together they would only use up the limit of requests sooner. */
  private enqueue(one: Upload): void {
    this.queue = this.queue.then(() => one.run());
  }
}

function how(one: Upload): string {
  const far = `${one.kept} of ${one.total} records`;
  switch (one.state) {
    case "reading":
      return "Waiting for its turn";
    case "uploading":
      return far;
    case "waiting":
      return `${far}. ${one.reason} Going on in ${one.wait} s.`;
    case "done":
      return one.total === 1 ? "1 record added" : `${one.total} records added`;
    case "canceled":
      return one.total ? `Stopped after ${far}` : "Canceled";
    case "failed":
      return one.total ? `${one.reason} ${far} were added.` : one.reason;
  }
}
