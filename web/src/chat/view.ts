/** The transcript of a conversation, and the box below it in which one writes. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { Directive, directive, type ElementPart } from "lit/directive.js";
import { repeat } from "lit/directives/repeat.js";
import type { Source } from "../wire/transport";
import type { Conversation, Message } from "./conversation";
import { downIcon, linkIcon, pageIcon, sendIcon, stopIcon } from "./icons";
import { markdown } from "./markdown";
import { stringsFor, type Strings } from "./strings";
import { viewStyles } from "./view-styles";

const NEAR_THE_END_PX = 60;

class Rendered extends Directive {
  private shown?: string;

  render(_text: string): typeof nothing {
    return nothing;
  }

  override update(part: ElementPart, [text]: [string]): typeof nothing {
    if (text !== this.shown) part.element.replaceChildren(markdown(text));
    this.shown = text;
    return nothing;
  }
}
const rendered = directive(Rendered);

export class ChatView extends LitElement {
  static override styles = viewStyles;
  static override properties = {
    conversation: { attribute: false },
    strings: { attribute: false },
    welcome: {},
    placeholder: {},
    suggestions: { attribute: false },
    maxLength: { type: Number },
    sourceLink: { attribute: false },
    away: { state: true },
    announcement: { state: true },
  };

  declare conversation: Conversation;
  declare strings: Strings;
  declare welcome: string;
  declare placeholder: string;
  declare suggestions: string[];
  declare maxLength: number;
  /** Where a source that is no web address itself can be read. */
  declare sourceLink: (source: Source) => string | undefined;
  /** Whether the reader has scrolled up, so that new text must not pull them down. */
  declare away: boolean;
  declare announcement: string;

  constructor() {
    super();
    this.strings = stringsFor("en");
    this.welcome = "";
    this.placeholder = "";
    this.suggestions = [];
    this.maxLength = 4000;
    this.sourceLink = (source) => source.url;
    this.away = false;
    this.announcement = "";
  }

  override focus(): void {
    this.box?.focus();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("conversation")) return;
    const before = changed.get("conversation") as Conversation | undefined;
    before?.removeEventListener("change", this.refresh);
    before?.removeEventListener("settled", this.announce);
    this.conversation.addEventListener("change", this.refresh);
    this.conversation.addEventListener("settled", this.announce);
    this.away = false;
  }

  override updated(): void {
    if (!this.away) this.scroller?.scrollTo({ top: this.scroller.scrollHeight });
  }

  override render(): TemplateResult {
    return html`
      <div class="scroller" tabindex="0" role="region" aria-label=${this.strings.conversation} @scroll=${this.scrolled}>
        ${this.conversation.messages.length ? this.transcript() : this.greeting()}
      </div>
      ${this.away ? this.toLatest() : nothing}
      <div class="status" role="status">${this.announcement}</div>
      ${this.composer()}
    `;
  }

  private transcript(): TemplateResult {
    return html`
      ${this.welcome ? html`<p class="welcome small">${this.welcome}</p>` : nothing}
      <ol class="messages">${repeat(this.conversation.messages, (one) => one.id, (one) => this.message(one))}</ol>
    `;
  }

  private greeting(): TemplateResult {
    return html`<div class="greeting">
      ${this.welcome ? html`<p class="welcome">${this.welcome}</p>` : nothing}
      ${this.suggestions.map((one) => html`<button class="suggestion" @click=${() => this.say(one)}>${one}</button>`)}
    </div>`;
  }

  private message(one: Message): TemplateResult {
    const who = one.role === "user" ? this.strings.you : this.strings.assistant;
    return html`<li class="message ${one.role} ${one.state}">
      <span class="who">${who}</span>
      ${one.role === "user"
        ? html`<div class="text plain" dir="auto">${one.text}</div>`
        : html`<div class="text" dir="auto" ${rendered(one.text)}></div>`}
      ${this.condition(one)} ${one.sources.length ? this.sourcesOf(one) : nothing}
    </li>`;
  }

  private condition(one: Message): TemplateResult | typeof nothing {
    switch (one.state) {
      case "sending":
        return html`<span class="dots" role="img" aria-label=${this.strings.thinking}><i></i><i></i><i></i></span>`;
      case "reconnecting":
        return html`<p class="note">${this.strings.reconnecting}</p>`;
      case "stopped":
        return html`<p class="note">${this.strings.stopped}</p>`;
      case "failed":
        return html`<p class="note failure">
          <span>${this.strings.failed}${one.reason ? html` <span dir="auto">${one.reason}</span>` : nothing}</span>
          <button class="retry" ?disabled=${this.conversation.busy} @click=${() => this.conversation.retry(one)}>
            ${this.strings.retry}
          </button>
        </p>`;
      default:
        return nothing;
    }
  }

  private sourcesOf(one: Message): TemplateResult {
    return html`<div class="sources">
      <span class="label">${this.strings.sources}</span>
      <ul>${one.sources.map((source) => html`<li>${this.source(source)}</li>`)}</ul>
    </div>`;
  }

  private source(source: Source): TemplateResult {
    const address = this.sourceLink(source);
    return address
      ? html`<a class="source" href=${address} target="_blank" rel="noopener noreferrer" dir="auto">${source.title}${linkIcon}</a>`
      : html`<span class="source" dir="auto">${pageIcon}${source.title}${where(source)}</span>`;
  }

  private toLatest(): TemplateResult {
    return html`<button class="latest" aria-label=${this.strings.latest} @click=${this.goToEnd}>${downIcon}</button>`;
  }

  private composer(): TemplateResult {
    const label = this.placeholder || this.strings.placeholder;
    const { busy } = this.conversation;
    return html`<form class="composer" @submit=${this.submitted}>
      <textarea rows="1" enterkeyhint="send" aria-label=${label} placeholder=${label} maxlength=${this.maxLength}
        dir="auto" @keydown=${this.typed} @input=${this.fit}></textarea>
      ${busy
        ? html`<button type="button" class="act" aria-label=${this.strings.stop} title=${this.strings.stop}
            @click=${() => this.conversation.stop()}>${stopIcon}</button>`
        : html`<button class="act" aria-label=${this.strings.send} title=${this.strings.send}>${sendIcon}</button>`}
    </form>`;
  }

  private readonly refresh = (): void => {
    const last = this.conversation.messages.at(-1);
    if (last?.state === "reconnecting") this.announcement = this.strings.reconnecting;
    else if (this.conversation.busy) this.announcement = this.strings.thinking;
    this.requestUpdate();
  };

  /** Read out once and whole: a live region that grows word by word would stammer. */
  private readonly announce = (): void => {
    const last = this.conversation.messages.at(-1);
    const failed = last?.state === "failed";
    this.announcement = failed ? `${this.strings.failed} ${last.reason ?? ""}` : (markdown(last?.text ?? "").textContent ?? "");
    this.requestUpdate();
  };

  private submitted(event: Event): void {
    event.preventDefault();
    const text = this.box!.value.trim();
    if (!text || this.conversation.busy) return;
    this.box!.value = "";
    this.fit();
    this.say(text);
    this.box!.focus();
  }

  private say(text: string): void {
    this.away = false;
    void this.conversation.send(text);
  }

  private typed(event: KeyboardEvent): void {
    // Enter while an input method is composing chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.renderRoot.querySelector("form")?.requestSubmit();
  }

  private fit(): void {
    const box = this.box!;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
  }

  private scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller!;
    this.away = scrollHeight - scrollTop - clientHeight > NEAR_THE_END_PX;
  }

  private goToEnd(): void {
    this.away = false;
  }

  private get box(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector("textarea");
  }

  private get scroller(): HTMLElement | null {
    return this.renderRoot.querySelector(".scroller");
  }
}

function where(source: Source): TemplateResult | typeof nothing {
  return source.name && source.name !== source.title ? html`<small>${source.name}</small>` : nothing;
}

export function defineChatView(): void {
  if (!customElements.get("parlance-chat-view")) customElements.define("parlance-chat-view", ChatView);
}
