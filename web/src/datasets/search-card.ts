/** What a dataset finds for a question, best first, each with a bar for its score. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { words } from "../account/api";
import { accountStyles } from "../account/styles";
import type { Datasets, Found } from "./api";
import { passage, passageStyles } from "./passage";

export class SearchCard extends LitElement {
  static override styles = [
    accountStyles,
    passageStyles,
    css`
      form.row { margin-top: 12px; flex-wrap: nowrap; }
      ol { list-style: none; margin: 8px 0 0; padding: 0; }
      li { display: grid; grid-template-columns: 84px minmax(0, 1fr); gap: 16px; padding: 14px 0; border-top: 1px solid var(--p-line); }
      li:first-child { border-top: 0; }
      .score { font-variant-numeric: tabular-nums; font-weight: 650; font-size: 17px; letter-spacing: -0.02em; line-height: 1.3; }
      .bar { height: 6px; border-radius: 99px; background: var(--p-sunken); margin-top: 5px; overflow: hidden; }
      .bar i { display: block; height: 100%; border-radius: 99px; background: var(--p-accent); }
      @media (max-width: 560px) {
        li { grid-template-columns: minmax(0, 1fr); gap: 8px; }
        .how { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 12px; align-items: center; }
        .bar { margin: 0; }
      }
    `,
  ];
  static override properties = {
    datasets: { attribute: false },
    datasetId: {},
    found: { state: true },
    failure: { state: true },
    busy: { state: true },
    asked: { state: true },
  };

  declare datasets: Datasets;
  declare datasetId: string;
  declare found?: Found[];
  declare failure: string;
  declare busy: boolean;
  declare asked: string;

  constructor() {
    super();
    this.failure = "";
    this.busy = false;
    this.asked = "";
  }

  override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="search">
      <h2 id="search">Search</h2>
      <p class="hint">The passages that an agent would be given for a question. A score lies between 0 and 1.</p>
      <form class="row" role="search" @submit=${this.search}>
        <input name="search" type="search" aria-label="Question or words" placeholder="Question or words" autocomplete="off" required maxlength="4000" />
        <button class="strong" ?disabled=${this.busy}>Search</button>
      </form>
      <div role="status">
        <span class="unseen">${this.found ? `${this.found.length} passages for ${this.asked}` : ""}</span>
        ${this.failure ? html`<p class="failure">${this.failure}</p>` : nothing}
        ${this.found?.length === 0 ? html`<p class="nothing">Nothing in this dataset answers to “${this.asked}”.</p>` : nothing}
      </div>
      ${this.found?.length ? html`<ol aria-label="Passages found">${this.found.map(hit)}</ol>` : nothing}
    </section>`;
  }

  private async search(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const asked = String(new FormData(event.target as HTMLFormElement).get("search")).trim();
    if (!asked) return;
    [this.busy, this.failure] = [true, ""];
    try {
      this.found = await this.datasets.search(this.datasetId, asked);
      this.asked = asked;
    } catch (error) {
      [this.found, this.failure] = [undefined, words(error)];
    } finally {
      this.busy = false;
    }
  }
}

function hit(one: Found): TemplateResult {
  return html`<li>
    <div class="how">
      <span class="score"><span class="unseen">Score </span>${one.score.toFixed(2)}</span>
      <div class="bar" aria-hidden="true"><i style="width: ${Math.round(100 * Math.min(one.score, 1))}%"></i></div>
    </div>
    ${passage(one)}
  </li>`;
}
