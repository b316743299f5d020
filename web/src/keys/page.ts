/** The keys of a tenant: which there are, what each kind is for, new ones, and their end. */
import { html, nothing, type TemplateResult } from "lit";
import { agentsOf, tenantApi } from "../account/api";
import { AccountPage } from "../account/page";
import { accountStyles } from "../account/styles";
import { Keys, type Key, type Made, type WidgetKey } from "./api";
import { commands } from "./commands";
import { keysStyles } from "./styles";

type Shown = Key | WidgetKey;

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export class KeysPage extends AccountPage {
  static override styles = [accountStyles, keysStyles];
  static override properties = {
    ...AccountPage.properties,
    keys: { state: true },
    widgetKeys: { state: true },
    agents: { state: true },
    made: { state: true },
    withRevoked: { state: true },
  };

  declare keys?: Key[];
  declare widgetKeys?: WidgetKey[];
  declare agents: string[];
  /** The key that was made last, while it is shown. */
  declare made?: Made<Shown>;
  declare withRevoked: boolean;

  constructor() {
    super("apiKey");
    this.agents = [];
    this.withRevoked = false;
  }

  override render(): TemplateResult {
    return html`<div class="page">
      <header class="head">
        <div>
          <h1>Keys</h1>
          <p class="lead">Each kind opens one way in, and no other. A key is shown once, when it is made: only its hash is kept.</p>
        </div>
        ${this.whose()}
      </header>
      ${this.notice()} ${this.shownOnce()}
      ${this.keys && this.widgetKeys ? this.cards(this.keys, this.widgetKeys) : this.access && !this.key ? html`<p class="card nothing">This page needs an API key (pk_…). Whoever runs this Parlance makes the first one: <code>parlance key create TENANT</code></p>` : this.waiting()}
      ${this.confirmation()}
    </div>`;
  }

  protected async load(): Promise<void> {
    const [keys, widgetKeys, agents] = await Promise.all([this.api.list(), this.api.listForPages(), agentsOf(this.access!.platformSecret)]);
    [this.keys, this.widgetKeys, this.agents] = [newestFirst(keys), newestFirst(widgetKeys), [...new Set([...this.access!.agents, ...agents])]];
  }

  protected forget(): void {
    this.keys = this.widgetKeys = this.made = undefined;
  }

  private get api(): Keys {
    return new Keys(tenantApi(this.key));
  }

  private cards(keys: Key[], widgetKeys: WidgetKey[]): TemplateResult {
    const revoked = [...keys, ...widgetKeys].filter((one) => one.revoked_at).length;
    return html`
      <div class="grid">
        <section class="card" aria-labelledby="for-backends">
          <h2 id="for-backends">For your backend</h2>
          <p class="hint">Secrets. <b>pk_</b> is an API key: it opens the chats dialect and this page. <b>sk-</b> opens the platform dialect, whose clients call it a secret. Whoever has a pk_ key can make more keys, so after a leak look through this list.</p>
          ${this.table("API keys", keys)} ${this.creation()}
        </section>
        <section class="card" aria-labelledby="for-pages">
          <h2 id="for-pages">For web pages</h2>
          <p class="hint"><b>wk_</b> is a widget key. It may be seen by everybody: it reaches one agent, and browsers may use it on the pages of its origins only.</p>
          ${this.table("Widget keys", widgetKeys)} ${this.creationForPages()}
        </section>
      </div>
      ${revoked
        ? html`<label class="check"><input type="checkbox" .checked=${this.withRevoked} @change=${() => (this.withRevoked = !this.withRevoked)} /> Show ${revoked} revoked</label>`
        : nothing}
      <section class="card" aria-labelledby="others">
        <h2 id="others">By command line only</h2>
        <p class="hint">Whoever runs this Parlance makes these. For one on AWS, write <code>parlance --stack NAME …</code></p>
        ${commands(this.access?.tenant ?? "")}
      </section>
    `;
  }

  private table(title: string, keys: Shown[]): TemplateResult {
    const shown = keys.filter((one) => this.withRevoked || !one.revoked_at);
    if (!shown.length) return html`<p class="nothing">There are none.</p>`;
    return html`<ul class="keys" aria-label=${title}>${shown.map((one) => this.entry(one))}</ul>`;
  }

  private entry(one: Shown): TemplateResult {
    const prefix = "origins" in one ? "wk_" : one.kind === "platform" ? "sk-" : "pk_";
    return html`<li class=${one.revoked_at ? "revoked" : ""}>
      <div class="what">
        <b>${one.name}</b> <code>${prefix}…${one.hint}</code>
        ${"current" in one && one.current ? html`<span class="tag good">used by this page</span>` : nothing}
        <p class="hint">
          ${"origins" in one ? html`agent <code>${one.agent_id}</code>, on <code>${one.origins.join(", ")}</code>. ` : nothing}
          ${one.revoked_at ? html`Revoked ${DAY.format(new Date(one.revoked_at))}` : html`Made ${DAY.format(new Date(one.created_at))}`}
        </p>
      </div>
      ${one.revoked_at || ("current" in one && one.current)
        ? nothing
        : html`<button class="danger small" @click=${() => this.askToRevoke(one)}>Revoke<span class="unseen"> ${one.name}</span></button>`}
    </li>`;
  }

  private creation(): TemplateResult {
    return html`<details>
      <summary>New key</summary>
      <form @submit=${this.create}>
        <label>Name<input name="name" required maxlength="200" placeholder="What it is for" autocomplete="off" /></label>
        <fieldset>
          <legend>Opens</legend>
          <label class="check"><input type="radio" name="kind" value="chats" checked /> Chats dialect and this page (pk_…)</label>
          <label class="check"><input type="radio" name="kind" value="platform" /> Platform dialect (sk-…)</label>
        </fieldset>
        <button class="strong" ?disabled=${this.busy}>Create key</button>
      </form>
    </details>`;
  }

  private creationForPages(): TemplateResult {
    return html`<details>
      <summary>New widget key</summary>
      <form @submit=${this.createForPages}>
        <label>Name<input name="name" required maxlength="200" placeholder="Which site it is for" autocomplete="off" /></label>
        <label>Agent
          <input name="agent" required maxlength="128" list="agents" value=${this.agents[0] ?? "default"} autocomplete="off" spellcheck="false" />
          <datalist id="agents">${this.agents.map((one) => html`<option value=${one}></option>`)}</datalist>
        </label>
        <label>Origins, one on each line
          <textarea name="origins" rows="3" required spellcheck="false" placeholder="https://shop.example"></textarea>
          <small>Scheme and host, without a path. <code>https://*.shop.example</code> means every name below it, <code>http://localhost:*</code> every port.</small>
        </label>
        <button class="strong" ?disabled=${this.busy}>Create widget key</button>
      </form>
    </details>`;
  }

  private shownOnce(): TemplateResult {
    return html`<div role="status">
      ${this.made
        ? html`<section class="card made" aria-label="The new key">
            <h2>“${this.made.name}” is made</h2>
            <p class="hint">Copy it now: it will not be shown again.</p>
            <div class="row">
              <code tabindex="0">${this.made.key}</code>
              <parlance-copy .text=${this.made.key} what="the new key"></parlance-copy>
              <button class="quiet" @click=${() => (this.made = undefined)}>I have it</button>
            </div>
          </section>`
        : nothing}
    </div>`;
  }

  private create(event: SubmitEvent): Promise<void> {
    return this.making(event, (field) => this.api.create(field("name"), field("kind") as Key["kind"]));
  }

  private createForPages(event: SubmitEvent): Promise<void> {
    return this.making(event, (field) => {
      const origins = field("origins").split(/[\s,]+/).filter(Boolean);
      return this.api.createForPages({ name: field("name"), agent_id: field("agent"), origins });
    });
  }

  private async making(event: SubmitEvent, make: (field: (name: string) => string) => Promise<Made<Shown>>): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const sent = new FormData(form);
    await this.trying(async () => {
      this.made = await make((name) => String(sent.get(name)).trim());
      form.reset();
      form.closest("details")!.open = false;
      await this.load();
    });
    await this.updateComplete;
    this.renderRoot.querySelector(this.failure ? ".failure" : ".made")?.scrollIntoView({ block: "nearest" });
  }

  private askToRevoke(one: Shown): void {
    const go = async (): Promise<void> => {
      await ("origins" in one ? this.api.revokeForPages(one.id) : this.api.revoke(one.id));
      await this.load();
    };
    const text = `Whatever uses “${one.name}” stops working within a minute, for good.`;
    this.question = { title: "Revoke this key?", text, action: "Revoke", go };
  }
}

function newestFirst<K extends Shown>(keys: K[]): K[] {
  return [...keys].sort((one, other) => other.created_at.localeCompare(one.created_at));
}
