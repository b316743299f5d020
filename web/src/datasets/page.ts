/** The datasets of a tenant: make one, fill it, look through it, search it, delete it. */
import { css, html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { platformApi } from "../account/api";
import { AccountPage } from "../account/page";
import { accountStyles } from "../account/styles";
import { Datasets, type Dataset } from "./api";
import type { RecordsCard } from "./records-card";
import type { UploadCard } from "./upload-card";

export class DatasetsPage extends AccountPage {
  static override styles = [
    accountStyles,
    css`
      .columns { display: grid; grid-template-columns: 300px minmax(0, 1fr); gap: 20px; align-items: start; }
      .side { display: grid; gap: 16px; position: sticky; top: 20px; }
      .side .card { padding: 16px; }
      .detail { display: grid; gap: 20px; min-width: 0; }
      .list { list-style: none; margin: 0; padding: 0; display: grid; gap: 2px; max-height: 46vh; overflow-y: auto; }
      .list button { width: 100%; text-align: start; border: 0; background: none; padding: 9px 12px; border-radius: 10px; display: grid; grid-template-columns: minmax(0, 1fr); gap: 1px; }
      .list button:hover { background: var(--p-sunken); }
      .list button[aria-current] { background: var(--p-tint); }
      .list b { font-weight: 600; font-size: 14px; overflow-wrap: anywhere; }
      .list code { color: var(--p-quiet); font-size: 12px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
      .about { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: start; justify-content: space-between; }
      .about h2 { font-size: 21px; overflow-wrap: anywhere; }
      .about > div { min-width: 0; flex: 1 1 260px; }
      summary { cursor: pointer; font-weight: 600; font-size: 14px; }
      details[open] summary { margin-bottom: 12px; }
      @media (max-width: 900px) {
        .columns { grid-template-columns: minmax(0, 1fr); gap: 14px; }
        .side { position: static; gap: 14px; }
        .list { max-height: 210px; }
        .detail { gap: 14px; }
      }
    `,
  ];
  static override properties = { ...AccountPage.properties, found: { state: true }, more: { state: true }, chosen: { state: true } };

  declare found?: Dataset[];
  /** The cursor to the datasets that are not listed yet. */
  declare more: string;
  declare chosen?: string;

  constructor() {
    super("platformSecret");
    this.more = "";
    this.chosen = new URLSearchParams(location.search).get("id") ?? undefined;
  }

  override render(): TemplateResult {
    return html`<div class="page">
      <header class="head">
        <div>
          <h1>Datasets</h1>
          <p class="lead">What agents answer from. An agent with a dataset searches it for each question and names the sources that it used.</p>
        </div>
        ${this.whose()}
      </header>
      ${this.notice()}
      ${this.key ? this.columns() : this.access ? html`<p class="card nothing">This page needs a platform secret (sk-…). The page <a href="/keys">Keys</a> makes one.</p>` : nothing}
      ${this.confirmation()}
    </div>`;
  }

  protected async load(): Promise<void> {
    const page = await this.api.list();
    [this.found, this.more] = [page.items, page.cursor ?? ""];
    if (!this.found.some((one) => one.id === this.chosen)) this.choose(this.found[0]?.id);
  }

  protected forget(): void {
    [this.found, this.more] = [undefined, ""];
  }

  private get api(): Datasets {
    return new Datasets(platformApi(this.key));
  }

  private columns(): TemplateResult {
    const chosen = this.found?.find((one) => one.id === this.chosen);
    return html`<div class="columns">
      <div class="side">
        ${this.found?.length
          ? html`<nav class="card" aria-label="Datasets">
              <ul class="list">${this.found.map((one) => this.entry(one))}</ul>
              ${this.more ? html`<button class="quiet" @click=${this.listMore}>Show more</button>` : nothing}
            </nav>`
          : nothing}
        <details class="card" ?open=${this.found?.length === 0}>
          <summary>New dataset</summary>
          ${this.creation()}
        </details>
      </div>
      <div class="detail">
        ${chosen ? keyed(chosen.id, this.detail(chosen)) : this.found ? html`<p class="card nothing">There is no dataset yet. Make one, then drop documents into it.</p>` : this.waiting()}
      </div>
    </div>`;
  }

  private entry(one: Dataset): TemplateResult {
    return html`<li>
      <button aria-current=${one.id === this.chosen ? "true" : nothing} @click=${() => this.switchTo(one.id)}>
        <b>${one.name || one.id}</b><code>${one.id}</code>
      </button>
    </li>`;
  }

  private creation(): TemplateResult {
    return html`<form @submit=${this.create}>
      <label>Name<input name="name" required maxlength="200" autocomplete="off" /></label>
      <label>Description<input name="description" maxlength="1000" autocomplete="off" /></label>
      <button class="strong" ?disabled=${this.busy}>Create</button>
    </form>`;
  }

  private detail(one: Dataset): TemplateResult {
    return html`
      <section class="about" aria-label="About the dataset">
        <div>
          <h2>${one.name || one.id}</h2>
          ${one.description ? html`<p class="hint">${one.description}</p>` : nothing}
          <p class="hint">An agent answers from it with <code>datasetId: "${one.id}"</code>.</p>
        </div>
        <button class="danger small" @click=${() => this.askToDelete(one)}>Delete dataset</button>
      </section>
      <parlance-search .datasets=${this.api} .datasetId=${one.id}></parlance-search>
      <parlance-upload .datasets=${this.api} .datasetId=${one.id} @added=${this.refreshRecords}></parlance-upload>
      <parlance-records .datasets=${this.api} .datasetId=${one.id}></parlance-records>
    `;
  }

  private choose(id: string | undefined): void {
    this.chosen = id;
    history.replaceState(null, "", id ? `?${new URLSearchParams({ id })}` : location.pathname);
  }

  /** Asks first if files are on their way: their upload ends with the dataset being left. */
  private switchTo(id: string): void {
    if (!this.renderRoot.querySelector<UploadCard>("parlance-upload")?.busy) return this.choose(id);
    const text = "Files are still on their way into this dataset. What has arrived stays.";
    this.question = { title: "Stop the upload?", text, action: "Stop it", go: async () => this.choose(id) };
  }

  private async listMore(): Promise<void> {
    await this.trying(async () => {
      const page = await this.api.list(this.more);
      [this.found, this.more] = [[...this.found!, ...page.items], page.cursor ?? ""];
    });
  }

  private async create(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const [name, description] = ["name", "description"].map((field) => String(new FormData(form).get(field)).trim());
    await this.trying(async () => {
      const id = await this.api.create(name!, description!);
      form.reset();
      form.closest("details")!.open = false;
      await this.load();
      this.switchTo(id);
    });
  }

  private askToDelete(one: Dataset): void {
    const go = async (): Promise<void> => {
      await this.api.delete(one.id);
      await this.load();
    };
    const text = `“${one.name || one.id}” goes with all its records, for good. Agents that answer from it will find nothing there.`;
    this.question = { title: "Delete this dataset?", text, action: "Delete", go };
  }

  private refreshRecords(): void {
    void this.renderRoot.querySelector<RecordsCard>("parlance-records")?.refresh();
  }
}
