/** A button that copies a text, and says that it did. */
import { html, LitElement, type TemplateResult } from "lit";
import { accountStyles } from "./styles";

const SAID_FOR_MS = 1_500;

export class CopyButton extends LitElement {
  static override styles = accountStyles;
  static override properties = { text: {}, what: {}, copied: { state: true } };

  declare text: string;
  /** What is copied, for those who do not see what stands beside the button. */
  declare what: string;
  declare copied: boolean;

  constructor() {
    super();
    this.copied = false;
  }

  override render(): TemplateResult {
    return html`<button class="plain small" type="button" @click=${this.copy}>
      ${this.copied ? "Copied" : html`Copy<span class="unseen"> ${this.what}</span>`}
    </button>`;
  }

  private async copy(): Promise<void> {
    await navigator.clipboard.writeText(this.text);
    this.copied = true;
    setTimeout(() => (this.copied = false), SAID_FOR_MS);
  }
}

export function defineCopyButton(): void {
  customElements.define("parlance-copy", CopyButton);
}
