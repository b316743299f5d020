/** `<parlance-chat>`: a button in the corner of somebody's page, and the chat that it opens. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { styleMap } from "lit/directives/style-map.js";
import { chatIcon, closeIcon, restartIcon } from "../chat/icons";
import { stringsFor, type Strings } from "../chat/strings";
import { DARK, inkOn, LIGHT } from "../chat/theme";
import type { ChatView } from "../chat/view";
import { isWebAddress, type Source } from "../wire/transport";
import { openSession, type Session } from "./access";
import { ATTRIBUTES, configOf, type Config } from "./config";

export class ParlanceChat extends LitElement {
  static override styles = css`
    :host { all: initial; font: 15px/1.5 var(--parlance-font, system-ui, -apple-system, "Segoe UI", sans-serif);
      --p-mono: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
    .light, .auto { ${LIGHT} }
    :host([hidden]) { display: none; }
    :host([data-position="inline"]) { display: block; height: 100%; }
    :host([data-position="inline"]) > div { height: 100%; }
    .dark { ${DARK} }
    @media (prefers-color-scheme: dark) { .auto { ${DARK} } }
    * { box-sizing: border-box; }
    button { font: inherit; color: inherit; cursor: pointer; }
    :focus-visible { outline: 2px solid var(--p-focus); outline-offset: 2px; }
    .launcher { position: fixed; inset-block-end: 20px; z-index: 2147483000; width: 56px; height: 56px; border: 0; border-radius: 50%;
      padding: 0; display: grid; place-items: center; background: var(--p-accent); color: var(--p-on-accent);
      box-shadow: 0 6px 24px rgb(0 0 0 / 0.22); transition: transform 0.15s; }
    .launcher:hover { transform: translateY(-2px); }
    .launcher svg { width: 26px; height: 26px; }
    .right { right: 20px; } .left { left: 20px; }
    .panel { display: flex; flex-direction: column; background: var(--p-paper); color: var(--p-ink); border: 1px solid var(--p-line);
      border-radius: 18px; overflow: hidden; }
    .panel.floating { position: fixed; inset-block-end: 92px; z-index: 2147483000; width: 400px; height: min(640px, calc(100dvh - 116px));
      box-shadow: 0 16px 60px rgb(0 0 0 / 0.24); animation: open 0.16s ease-out; }
    .panel.inline { height: 100%; min-height: 320px; }
    header { display: flex; align-items: center; gap: 4px; padding-block: 12px; padding-inline: 20px 12px; border-bottom: 1px solid var(--p-line); }
    h2 { flex: 1; min-width: 0; margin: 0; font-size: 16px; font-weight: 650; letter-spacing: -0.01em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    h2::before { content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 50%; background: var(--p-accent); margin-inline-end: 10px; }
    .tool { width: 36px; height: 36px; display: grid; place-items: center; border: 0; background: none; border-radius: 10px; color: var(--p-quiet); padding: 0; }
    .tool:hover { background: var(--p-sunken); color: var(--p-ink); }
    parlance-chat-view { flex: 1; min-height: 0; }
    .misplaced { margin: 0; padding: 20px; color: var(--p-danger); }
    @keyframes open { from { opacity: 0; transform: translateY(8px); } }
    @media (max-width: 480px) {
      .panel.floating { inset: 0; width: auto; height: auto; border: 0; border-radius: 0; padding-bottom: env(safe-area-inset-bottom); }
    }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
    @media (forced-colors: active) { .launcher { border: 1px solid; } }
  `;
  static override properties = { isOpen: { state: true }, config: { state: true }, session: { state: true } };

  declare isOpen: boolean;
  declare config: Config;
  declare session: Session;

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, ...ATTRIBUTES, "dir", "lang"];
  }

  override connectedCallback(): void {
    this.config = configOf(this);
    this.isOpen = this.config.open || this.config.position === "inline";
    this.begin();
    super.connectedCallback();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.session.conversation.close();
  }

  override attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    super.attributeChangedCallback(name, before, now);
    if (!this.isConnected || before === now || !this.config) return;
    const earlier = this.config;
    this.config = configOf(this);
    if (["apiUrl", "apiKey", "transport", "ticketUrl"].some((key) => earlier[key as keyof Config] !== this.config[key as keyof Config])) {
      this.session.conversation.close();
      this.begin();
    }
  }

  override render(): TemplateResult {
    const { config } = this;
    const colors = config.accent ? styleMap({ "--p-accent": config.accent, "--p-on-accent": inkOn(config.accent) }) : nothing;
    const inline = config.position === "inline";
    return html`<div part="root" class="${config.theme} ${this.direction}" dir=${this.direction} lang=${config.language || nothing}
      style=${colors} @keydown=${this.keyed}>
      ${inline ? nothing : this.launcher()} ${this.isOpen ? this.panel(inline) : nothing}
    </div>`;
  }

  /** Opens the chat, as its button does. */
  open(): void {
    this.isOpen = true;
    void this.updateComplete.then(() => this.view?.focus());
  }

  close(): void {
    this.isOpen = this.config.position === "inline";
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(".launcher")?.focus());
  }

  private begin(): void {
    this.session = openSession(this.config);
    void this.session.conversation.takeUp();
  }

  private launcher(): TemplateResult {
    const label = this.isOpen ? this.strings.close : this.strings.open;
    return html`<button part="launcher" class="launcher ${this.side}" aria-label=${label} aria-expanded=${this.isOpen}
      @click=${() => (this.isOpen ? this.close() : this.open())}>${this.isOpen ? closeIcon : chatIcon}</button>`;
  }

  private panel(inline: boolean): TemplateResult {
    const { config, strings } = this;
    return html`<section part="panel" class="panel ${inline ? "inline" : `floating ${this.side}`}" role=${inline ? "region" : "dialog"}
      aria-label=${config.title || strings.title}>
      <header part="header">
        <h2 dir="auto">${config.title || strings.title}</h2>
        <button class="tool" aria-label=${strings.restart} title=${strings.restart} @click=${this.restart}>${restartIcon}</button>
        ${inline ? nothing : html`<button class="tool" aria-label=${strings.close} title=${strings.close} @click=${() => this.close()}>${closeIcon}</button>`}
      </header>
      ${config.apiKey || config.ticketUrl ? this.chat() : html`<p class="misplaced" role="alert">data-api-key is missing.</p>`}
    </section>`;
  }

  private chat(): TemplateResult {
    return html`<parlance-chat-view
      .conversation=${this.session.conversation}
      .strings=${this.strings}
      .welcome=${this.config.welcome}
      .placeholder=${this.config.placeholder}
      .suggestions=${this.config.suggestions}
      .sourceLink=${this.sourceLink}
    ></parlance-chat-view>`;
  }

  private readonly sourceLink = (source: Source): string | undefined => {
    if (source.url || !source.name || !this.config.sourceUrl) return source.url;
    const address = this.config.sourceUrl.replace("{source}", source.name.split("/").map(encodeURIComponent).join("/"));
    return isWebAddress(new URL(address, document.baseURI).href) ? address : undefined;
  };

  private restart(): void {
    this.session.forget();
    this.begin();
    void this.updateComplete.then(() => this.view?.focus());
  }

  private keyed(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.isOpen && this.config.position !== "inline") this.close();
  }

  private get strings(): Strings {
    return stringsFor(this.config.language);
  }

  private get direction(): "ltr" | "rtl" {
    return getComputedStyle(this.parentElement ?? document.documentElement).direction === "rtl" || this.dir === "rtl" ? "rtl" : "ltr";
  }

  private get side(): "left" | "right" {
    return this.config.position === "bottom-left" ? "left" : "right";
  }

  private get view(): ChatView | null {
    return this.renderRoot.querySelector("parlance-chat-view");
  }
}
