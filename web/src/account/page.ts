/** What the pages of an account have in common: whose key they use, how they fail, and how they ask before they delete. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { CREDENTIALS, findAccess, keepAccess, type Access, type Credential } from "./access";
import { words } from "./api";

type Question = { title: string; text: string; action: string; go: () => Promise<void> };

export abstract class AccountPage extends LitElement {
  static override properties: Record<string, object> = {
    access: { state: true },
    failure: { state: true },
    question: { state: true },
    busy: { state: true },
  };

  declare access?: Access;
  /** What went wrong last, in words. */
  declare failure: string;
  declare question?: Question;
  declare busy: boolean;

  constructor(protected readonly credential: Credential) {
    super();
    this.failure = "";
    this.busy = false;
  }

  /** Reads anew what the page shows; called when there is a key. */
  protected abstract load(): Promise<void>;

  /** Forgets what it shows: it may be another tenant's. */
  protected abstract forget(): void;

  override async connectedCallback(): Promise<void> {
    super.connectedCallback();
    await this.trying(async () => {
      this.access = await findAccess();
      if (this.key) await this.load();
    });
  }

  override updated(changed: PropertyValues<this>): void {
    const dialog = this.renderRoot.querySelector<HTMLDialogElement>("dialog.question");
    if (changed.has("question") && this.question && !dialog?.open) dialog?.showModal();
  }

  protected get key(): string {
    return this.access?.[this.credential] ?? "";
  }

  /** Runs something that may fail, and shows why it did. Answers whether it went well. */
  protected async trying(work: () => Promise<void>): Promise<boolean> {
    this.failure = "";
    this.busy = true;
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = words(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Says whose key is used, or asks for one. */
  protected whose(): TemplateResult | typeof nothing {
    if (!this.access) return nothing;
    if (this.access.local) return html`<p class="whose">You see the demo tenant of this local Parlance.</p>`;
    return html`<div class="whose">
      <label>${CREDENTIALS[this.credential].title}
        <input name="key" type="password" autocomplete="off" .value=${this.key} @change=${this.choseKey} />
      </label>
      <p class="hint">Kept in this tab until you close it, and sent to this server only.</p>
    </div>`;
  }

  protected notice(): TemplateResult | typeof nothing {
    return html`<div role="alert">${this.failure ? html`<p class="failure">${this.failure}</p>` : nothing}</div>`;
  }

  protected waiting(): TemplateResult | typeof nothing {
    return this.busy ? html`<p class="nothing">Loading …</p>` : nothing;
  }

  /** Asks before something is lost for good. */
  protected confirmation(): TemplateResult {
    return html`<dialog class="question" aria-labelledby="question" @close=${() => (this.question = undefined)}>
      <h2 id="question">${this.question?.title}</h2>
      <p>${this.question?.text}</p>
      <form method="dialog" class="row end">
        <button class="plain" autofocus>Cancel</button>
        <button class="danger" @click=${this.confirmed}>${this.question?.action}</button>
      </form>
    </dialog>`;
  }

  private confirmed(): void {
    const { go } = this.question!;
    void this.trying(go);
  }

  private choseKey(event: Event): void {
    this.access = { ...this.access!, [this.credential]: (event.target as HTMLInputElement).value.trim() };
    keepAccess(this.access);
    this.forget();
    if (this.key) void this.trying(() => this.load());
  }
}
