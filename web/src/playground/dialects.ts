/** The ways to talk to an agent, each with the request that does it. */
import type { Access, Credential } from "../account/access";
import { sessionId } from "../chat/store";
import { Chats, ChatsHttpTransport } from "../wire/chats";
import { IdentityTransport } from "../wire/identity";
import { PlatformTransport } from "../wire/platform";
import { SocketTransport } from "../wire/socket";
import type { Transport, Witness } from "../wire/transport";
import { UiStreamTransport } from "../wire/ui-stream";
import { WidgetTransport } from "../wire/widget";
import { sealedQuestion } from "./sealed";
import type { Language } from "./snippets";

/** A request as a person would write it down; `key` says in which header it goes, and which variable holds it. */
export type Example = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
  key: { variable: string; header: string; scheme?: string; value: string };
  streams: boolean;
  /** Whole programs, where more than one request is needed. */
  programs?: Partial<Record<Language, (origin: string, withKey: boolean) => string>>;
};

export type Dialect = {
  id: string;
  title: string;
  about: string;
  /** What else there is to know of the request. */
  note?: string;
  needs: Credential;
  picksAgent: boolean;
  open(access: Access, agent: string, witness: Witness): Transport;
  example(access: Access, agent: string, text: string): Example;
};

const USER = "playground";

/** An id that lasts as long as the tab; `restart` of the playground forgets it. */
function kept(what: "chat" | "conversation" | "identity", credential: string, agent: string): { id?: string } {
  const place = `parlance:playground:${what}:${credential.slice(-8)}:${agent}`;
  return {
    get id(): string | undefined {
      return sessionStorage.getItem(place) ?? undefined;
    },
    set id(id: string | undefined) {
      if (id) sessionStorage.setItem(place, id);
    },
  };
}

function chats(access: Access, agent: string, witness: Witness): Chats {
  return new Chats({ base: "", key: access.apiKey, agent, user: USER }, kept("chat", access.apiKey, agent), witness);
}

function chatOf(access: Access, agent: string): string {
  return kept("chat", access.apiKey, agent).id ?? "CHAT_ID";
}

function widget(access: Access): { base: string; key: string; session: string } {
  return { base: "", key: access.widgetKey, session: sessionId("parlance:playground:session", sessionStorage) };
}

const apiKey = (access: Access) => ({ variable: "PARLANCE_API_KEY", header: "X-API-Key", value: access.apiKey });
const widgetKey = (access: Access) => ({ variable: "PARLANCE_WIDGET_KEY", header: "x-api-key", value: access.widgetKey });
const bearer = (variable: string, value: string) => ({ variable, header: "Authorization", scheme: "Bearer ", value });

export const DIALECTS: Dialect[] = [
  {
    id: "chats-websocket",
    title: "Chats, WebSocket",
    about: "A ticket opens /ws/chat; the reply comes as message_stream_token events.",
    needs: "apiKey",
    picksAgent: true,
    open(access, agent, witness) {
      const api = chats(access, agent, witness);
      return new SocketTransport(() => `${location.origin.replace(/^http/, "ws")}/ws/chat`, () => api.ticket(), witness);
    },
    example: (access, agent, _text) => ({
      method: "POST",
      path: `/api/v1/chats/${chatOf(access, agent)}/tickets`,
      headers: {},
      body: {},
      key: apiKey(access),
      streams: false,
    }),
  },
  {
    id: "chats-http",
    title: "Chats, HTTP streaming",
    about: "The same events, one JSON object on each line of the answer.",
    needs: "apiKey",
    picksAgent: true,
    open: (access, agent, witness) => new ChatsHttpTransport(chats(access, agent, witness)),
    example: (access, agent, text) => ({
      method: "POST",
      path: `/api/v1/chats/${chatOf(access, agent)}/messages`,
      headers: { Accept: "application/x-ndjson" },
      body: { content: text },
      key: apiKey(access),
      streams: true,
    }),
  },
  {
    id: "widget-ndjson",
    title: "Widget, NDJSON",
    about: "What <parlance-chat> speaks: start, token and done, with a key that a page may show.",
    needs: "widgetKey",
    picksAgent: false,
    open: (access, _agent, witness) => new WidgetTransport(widget(access), witness),
    example: (access, _agent, text) => ({
      method: "POST",
      path: "/v1/chat/stream",
      headers: { Accept: "application/x-ndjson" },
      body: { sessionId: widget(access).session, message: text },
      key: widgetKey(access),
      streams: true,
    }),
  },
  {
    id: "widget-ui",
    title: "Widget, AI SDK stream",
    about: "The UI message stream that useChat of the npm package ai reads.",
    needs: "widgetKey",
    picksAgent: false,
    open: (access, _agent, witness) => new UiStreamTransport(widget(access), witness),
    example: (access, _agent, text) => ({
      method: "POST",
      path: "/v1/chat/stream",
      headers: { Accept: "text/event-stream" },
      body: { sessionId: widget(access).session, message: text },
      key: widgetKey(access),
      streams: true,
    }),
  },
  {
    id: "platform",
    title: "Platform (ChatBotKit)",
    about: "ChatBotKit's API v1: a bot completes a conversation, and each line of the answer is an event with a type.",
    note: "The secret belongs on a server. A browser gets a session of one conversation instead: POST /api/v1/bot/{botId}/session/create.",
    needs: "platformSecret",
    picksAgent: true,
    open: (access, agent, witness) =>
      new PlatformTransport({ base: "", secret: access.platformSecret, bot: agent }, kept("conversation", access.platformSecret, agent), witness),
    example(access, agent, text) {
      const id = kept("conversation", access.platformSecret, agent).id;
      const message = { type: "user", text };
      return {
        method: "POST",
        path: `/api/v1/conversation/${id ? `${id}/` : ""}complete`,
        headers: { Accept: "application/jsonl" },
        body: id ? { text } : { botId: agent, messages: [message] },
        key: bearer("PARLANCE_SECRET", access.platformSecret),
        streams: true,
      };
    },
  },
  {
    id: "identity",
    title: "Identity (1Kosmos)",
    about: "The 1Kosmos Chat API: who asks is a user with a signed token. Token, question and answer go in envelopes that this page seals with a key pair of its own.",
    note: "The envelope is a second layer inside TLS. curl has none and sends the same plain, which the dialect allows; Python and JavaScript seal.",
    needs: "userToken",
    picksAgent: true,
    open: (access, agent, witness) =>
      new IdentityTransport({ base: "", token: access.userToken, agent }, kept("identity", access.userToken, agent), witness),
    example: (access, agent, text) => ({
      method: "POST",
      path: `/chatapi/query/agent/${encodeURIComponent(agent)}`,
      headers: {},
      body: { data: { userInput: text } },
      key: bearer("PARLANCE_USER_TOKEN", access.userToken),
      streams: false,
      programs: sealedQuestion(agent, text, access.userToken),
    }),
  },
];
