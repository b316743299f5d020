/** The playground: choose how to talk to which agent, talk, and watch what goes over the wire. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { CREDENTIALS, findAccess, keepAccess, type Access } from "../account/access";
import { agentsOf } from "../account/api";
import { Conversation, type Timing } from "../chat/conversation";
import { BrowserStore } from "../chat/store";
import type { ChatView } from "../chat/view";
import { ConnectionLost, type WireNote } from "../wire/transport";
import { appStyles } from "./app-styles";
import { chart } from "./chart";
import { DIALECTS, type Dialect } from "./dialects";
import { LANGUAGES, snippet, type Language } from "./snippets";
import { wireLog } from "./wire-log";

const WIRE_KEPT = 500;
const PANES = ["chat", "wire", "request", "timing"] as const;
type Pane = (typeof PANES)[number];
const TITLES: Record<Pane, string> = { chat: "Chat", wire: "Wire", request: "Request", timing: "Timing" };
const SUGGESTIONS = ["How do I start Parlance locally?", "What is a dialect?", "How does a client resume a lost reply?"];

export class Playground extends LitElement {
  static override styles = appStyles;
  static override properties = Object.fromEntries(
    ["access", "dialect", "agent", "conversation", "notes", "timings", "pane", "language", "withKey", "copied", "away"].map((name) => [name, { state: true }]),
  );

  declare access?: Access;
  declare dialect: Dialect;
  declare agent: string;
  declare conversation?: Conversation;
  declare notes: WireNote[];
  declare timings: Timing[];
  declare pane: Pane;
  declare language: Language;
  declare withKey: boolean;
  declare copied: boolean;
  /** Whether the server did not even say who we are. */
  declare away: boolean;
  private atEnd = true;

  constructor() {
    super();
    const asked = new URLSearchParams(location.search).get("dialect") ?? sessionStorage.getItem("parlance:playground:dialect");
    this.dialect = DIALECTS.find((one) => one.id === asked) ?? DIALECTS[0]!;
    this.agent = "";
    this.notes = [];
    this.timings = [];
    this.pane = "chat";
    this.language = "curl";
    this.withKey = false;
    this.copied = false;
    this.away = false;
  }

  override async connectedCallback(): Promise<void> {
    super.connectedCallback();
    try {
      this.access = await findAccess();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      this.away = true;
      return;
    }
    this.agent = this.access.agents[0]!;
    this.begin();
    const others = await agentsOf(this.access.platformSecret);
    this.access = { ...this.access, agents: [...new Set([...this.access.agents, ...others])] };
  }

  /** The log follows what comes, unless somebody reads further up. */
  override willUpdate(): void {
    const pane = this.renderRoot?.querySelector(".pane");
    this.atEnd = !pane || pane.scrollHeight - pane.scrollTop - pane.clientHeight < 60;
  }

  override updated(changed: Map<string, unknown>): void {
    const pane = this.renderRoot.querySelector(".pane");
    if (changed.has("pane")) pane?.scrollTo({ top: 0 });
    if (this.atEnd && this.inspected === "wire") pane?.scrollTo({ top: pane.scrollHeight });
  }

  override render(): TemplateResult {
    return html`
      <h1 class="unseen">Playground</h1>
      <div class="layout">
        <section class="side" aria-label="Settings">${this.access ? this.settings(this.access) : nothing}</section>
        <div class="panes" role="tablist" aria-label="View">${PANES.map((one) => this.tab(one, PANES))}</div>
        <section class="chat ${this.pane === "chat" ? "shown" : ""}" aria-label="Chat">${this.chat()}</section>
        <section class="inspector ${this.pane === "chat" ? "" : "shown"}" aria-label="Inspector">
          <div class="tabs" role="tablist" aria-label="Inspector">${PANES.slice(1).map((one) => this.tab(one, PANES.slice(1)))}</div>
          <div class="pane" role="tabpanel" aria-label=${TITLES[this.inspected]} tabindex="0">${this.inspector()}</div>
        </section>
      </div>
    `;
  }

  private settings(access: Access): TemplateResult {
    return html`
      <label>Dialect
        <select name="dialect" @change=${this.choseDialect}>
          ${DIALECTS.map((one) => html`<option value=${one.id} ?selected=${one === this.dialect}>${one.title}</option>`)}
        </select>
      </label>
      <p class="about">${this.dialect.about}</p>
      ${this.dialect.picksAgent
        ? html`<label>Agent
            <input name="agent" list="agents" autocomplete="off" spellcheck="false" .value=${this.agent} @change=${this.choseAgent} />
            <datalist id="agents">${access.agents.map((one) => html`<option value=${one}></option>`)}</datalist>
          </label>`
        : html`<p class="about">A widget key belongs to one agent.</p>`}
      ${access.local ? this.demo() : this.keyField(access)}
      <button class="plain" @click=${this.restart}>New conversation</button>
    `;
  }

  private demo(): TemplateResult {
    return html`<p class="about box">
      <b>Demo keys.</b> This page uses those of the local demo tenant.
      <span class="more"><code>/_local/credentials</code> tells them to this machine alone. A page of yours must never hold a
      tenant's key: give it a ticket or a widget key.</span>
    </p>`;
  }

  private keyField(access: Access): TemplateResult {
    const which = this.dialect.needs;
    return html`<label>${CREDENTIALS[which].title}
        <input name="key" type="password" autocomplete="off" .value=${access[which]} @change=${this.choseKey} />
      </label>
      <p class="about">Kept in this tab until you close it, and sent to this server only.</p>`;
  }

  private chat(): TemplateResult {
    if (!this.access) return html`<p class="empty" role="status">${this.away ? "The server cannot be reached. Reload this page to try again." : "Looking for the server …"}</p>`;
    if (!this.conversation) {
      return html`<p class="empty">This dialect needs ${CREDENTIALS[this.dialect.needs].one}.</p>`;
    }
    return html`<parlance-chat-view
      .conversation=${this.conversation}
      .suggestions=${SUGGESTIONS}
      welcome="Ask the agent something."
      placeholder="Message"
    ></parlance-chat-view>`;
  }

  private tab(one: Pane, among: readonly Pane[]): TemplateResult {
    const chosen = among.includes("chat") ? this.pane === one : this.inspected === one;
    return html`<button role="tab" aria-selected=${chosen} tabindex=${chosen ? 0 : -1}
      @click=${() => (this.pane = one)} @keydown=${(event: KeyboardEvent) => this.tabKeyed(event, among)}>
      ${TITLES[one]}${one === "wire" && this.notes.length ? html`<span class="count">${this.notes.length}</span>` : nothing}
    </button>`;
  }

  private inspector(): TemplateResult {
    switch (this.inspected) {
      case "request":
        return this.request();
      case "timing":
        return html`<div class="timing">${chart(this.timings)}</div>`;
      default:
        return wireLog(this.notes);
    }
  }

  private request(): TemplateResult {
    const said = this.conversation?.messages.findLast((one) => one.role === "user")?.text ?? "What is a dialect?";
    const code = snippet(this.language, this.dialect.example(this.access!, this.agent, said), location.origin, this.withKey);
    return html`
      <div class="tools">
        <div class="choice" role="group" aria-label="Language">
          ${LANGUAGES.map((one) => html`<button aria-pressed=${one === this.language} @click=${() => (this.language = one)}>${one}</button>`)}
        </div>
        <label class="check"><input type="checkbox" .checked=${this.withKey} @change=${() => (this.withKey = !this.withKey)} /> with my key</label>
        <button class="plain small" @click=${() => this.copy(code)}>${this.copied ? "Copied" : "Copy"}</button>
      </div>
      <pre class="code" tabindex="0"><code>${code}</code></pre>
      ${this.dialect.id === "chats-websocket"
        ? html`<p class="about">The ticket that this answers opens <code>/ws/chat?ticket=…</code> once, within a minute. The frames are described under <a href="/docs/websocket">WebSocket</a>.</p>`
        : nothing}
      ${this.dialect.note ? html`<p class="about">${this.dialect.note}</p>` : nothing}
    `;
  }

  private get inspected(): Pane {
    return this.pane === "chat" ? "wire" : this.pane;
  }

  private begin(): void {
    this.conversation?.close();
    const { access, dialect } = this;
    if (!access?.[dialect.needs]) {
      this.conversation = undefined;
      return;
    }
    const transport = dialect.open(access, this.agent, this.witness);
    const conversation = new Conversation(transport, this.store(access));
    conversation.addEventListener("timed", (event) => {
      this.timings = [...this.timings, (event as CustomEvent<Timing>).detail];
    });
    conversation.addEventListener("settled", () => this.requestUpdate());
    this.conversation = conversation;
    void conversation.takeUp();
  }

  /** The two ways into the chats dialect lead to the same chat, and to the same transcript. */
  private store(access: Access): BrowserStore {
    const { needs, id, picksAgent } = this.dialect;
    const shared = needs === "apiKey" ? "chats" : id;
    const place = picksAgent ? `${shared}:${access[needs].slice(-8)}:${this.agent}` : id;
    return new BrowserStore(`parlance:playground:messages:${place}`, sessionStorage);
  }

  private readonly witness = (note: WireNote): void => {
    this.notes = [...this.notes, note].slice(-WIRE_KEPT);
  };

  private choseDialect(event: Event): void {
    const id = (event.target as HTMLSelectElement).value;
    this.dialect = DIALECTS.find((one) => one.id === id)!;
    sessionStorage.setItem("parlance:playground:dialect", id);
    this.begin();
  }

  private choseAgent(event: Event): void {
    this.agent = (event.target as HTMLInputElement).value.trim() || this.access!.agents[0]!;
    this.begin();
  }

  private choseKey(event: Event): void {
    this.access = { ...this.access!, [this.dialect.needs]: (event.target as HTMLInputElement).value.trim() };
    keepAccess(this.access);
    this.begin();
  }

  private restart(): void {
    this.conversation?.close();
    for (const name of Object.keys(sessionStorage)) {
      if (/^parlance:playground:(messages|chat|conversation|identity|session)/.test(name)) sessionStorage.removeItem(name);
    }
    this.notes = [];
    this.begin();
    void this.updateComplete.then(() => this.renderRoot.querySelector<ChatView>("parlance-chat-view")?.focus());
  }

  private tabKeyed(event: KeyboardEvent, among: readonly Pane[]): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = (event.currentTarget as HTMLElement).parentElement!;
    const at = [...tabs.children].indexOf(event.currentTarget as HTMLElement);
    const next = (at + step + among.length) % among.length;
    this.pane = among[next]!;
    (tabs.children[next] as HTMLElement).focus();
  }

  private async copy(code: string): Promise<void> {
    await navigator.clipboard.writeText(code);
    this.copied = true;
    setTimeout(() => (this.copied = false), 1500);
  }
}
