/** The records of a dataset, page by page. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { words } from "../account/api";
import { accountStyles } from "../account/styles";
import type { DatasetRecord, Datasets, Page } from "./api";
import { passage, passageStyles } from "./passage";

export class RecordsCard extends LitElement {
  static override styles = [
    accountStyles,
    passageStyles,
    css`
      ol { list-style: none; margin: 8px 0 0; padding: 0; }
      li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 12px; padding: 13px 0; border-top: 1px solid var(--p-line); align-items: start; }
      li:first-child { border-top: 0; }
      .pages { margin-top: 10px; padding-top: 14px; border-top: 1px solid var(--p-line); font-size: 13px; color: var(--p-quiet); }
    `,
  ];
  static override properties = {
    datasets: { attribute: false },
    datasetId: {},
    page: { state: true },
    cursors: { state: true },
    failure: { state: true },
  };

  declare datasets: Datasets;
  declare datasetId: string;
  declare page?: Page<DatasetRecord>;
  /** Those that led to this page; the first page has the empty one. */
  declare cursors: string[];
  declare failure: string;

  constructor() {
    super();
    this.cursors = [""];
    this.failure = "";
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("datasetId")) void this.turn([""]);
  }

  /** Reads this page anew, as after an upload. */
  refresh(): Promise<void> {
    return this.turn(this.cursors);
  }

  override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="records">
      <h2 id="records">Records</h2>
      ${this.failure ? html`<p class="failure" role="alert">${this.failure}</p>` : nothing}
      ${this.page?.items.length === 0 ? html`<p class="nothing">There are none yet. Add a document above.</p>` : nothing}
      ${this.page?.items.length ? html`<ol aria-label="Records">${this.page.items.map((one) => this.record(one))}</ol>` : nothing}
      ${this.page && (this.page.cursor || this.cursors.length > 1) ? this.pages() : nothing}
    </section>`;
  }

  private record(one: DatasetRecord): TemplateResult {
    return html`<li>
      ${passage(one)}
      <button class="quiet" aria-label="Delete the record “${one.text.slice(0, 40)}”" @click=${() => this.drop(one)}>Delete</button>
    </li>`;
  }

  private pages(): TemplateResult {
    const next = this.page?.cursor;
    return html`<nav class="row apart pages" aria-label="Pages of records">
      <button class="plain small" ?disabled=${this.cursors.length < 2} @click=${() => this.turn(this.cursors.slice(0, -1))}>Previous</button>
      <span aria-live="polite">Page ${this.cursors.length}</span>
      <button class="plain small" ?disabled=${!next} @click=${() => this.turn([...this.cursors, next!])}>Next</button>
    </nav>`;
  }

  private async turn(cursors: string[]): Promise<void> {
    const { datasetId } = this;
    await this.trying(async () => {
      const page = await this.datasets.records(datasetId, cursors.at(-1)!);
      // Somebody may have chosen another dataset meanwhile.
      if (datasetId === this.datasetId) [this.page, this.cursors] = [page, cursors];
    });
  }

  private async drop(one: DatasetRecord): Promise<void> {
    await this.trying(() => this.datasets.deleteRecord(this.datasetId, one.id));
    await this.refresh();
  }

  private async trying(work: () => Promise<void>): Promise<void> {
    this.failure = "";
    try {
      await work();
    } catch (error) {
      this.failure = words(error);
    }
  }
}
