/** The ways to talk to an agent, each with the request that does it. */
import { sessionId } from "../chat/store";
import { Chats, ChatsHttpTransport } from "../wire/chats";
import { SocketTransport } from "../wire/socket";
import type { Transport, Witness } from "../wire/transport";
import { UiStreamTransport } from "../wire/ui-stream";
import { WidgetTransport } from "../wire/widget";
import type { Access } from "./access";

/** A request as a person would write it down; `key` is the name of the variable that holds the key. */
export type Example = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
  key: { variable: string; header: string; value: string };
  streams: boolean;
};

export type Dialect = {
  id: string;
  title: string;
  about: string;
  needs: "apiKey" | "widgetKey";
  picksAgent: boolean;
  open(access: Access, agent: string, witness: Witness): Transport;
  example(access: Access, agent: string, text: string): Example;
};

const USER = "playground";

function chats(access: Access, agent: string, witness: Witness): Chats {
  const place = `parlance:playground:chat:${access.apiKey.slice(0, 12)}:${agent}`;
  const kept = {
    get id(): string | undefined {
      return sessionStorage.getItem(place) ?? undefined;
    },
    set id(id: string | undefined) {
      if (id) sessionStorage.setItem(place, id);
    },
  };
  return new Chats({ base: "", key: access.apiKey, agent, user: USER }, kept, witness);
}

function chatOf(access: Access, agent: string): string {
  return sessionStorage.getItem(`parlance:playground:chat:${access.apiKey.slice(0, 12)}:${agent}`) ?? "CHAT_ID";
}

function widget(access: Access): { base: string; key: string; session: string } {
  return { base: "", key: access.widgetKey, session: sessionId("parlance:playground:session", sessionStorage) };
}

const apiKey = (access: Access) => ({ variable: "PARLANCE_API_KEY", header: "X-API-Key", value: access.apiKey });
const widgetKey = (access: Access) => ({ variable: "PARLANCE_WIDGET_KEY", header: "x-api-key", value: access.widgetKey });

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
];
