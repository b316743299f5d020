/** From a configuration to a conversation: which transport, whose session, kept where. */
import { Conversation } from "../chat/conversation";
import { BrowserStore, sessionId } from "../chat/store";
import { Http } from "../wire/http";
import { SocketTransport } from "../wire/socket";
import type { Transport } from "../wire/transport";
import { WidgetTransport } from "../wire/widget";
import type { Config } from "./config";

export type Session = { conversation: Conversation; forget(): void };

export function openSession(config: Config): Session {
  const place = `parlance:${config.apiUrl}:${config.apiKey || config.ticketUrl}`;
  const store = new BrowserStore(`${place}:messages`);
  const conversation = new Conversation(transportFor(config, sessionId(`${place}:session`)), store);
  const forget = (): void => {
    conversation.close();
    store.clear();
    localStorage.removeItem(`${place}:session`);
  };
  return { conversation, forget };
}

function transportFor(config: Config, session: string): Transport {
  const http = new WidgetTransport({ base: config.apiUrl, key: config.apiKey, session });
  if (config.transport === "http") return http;
  const ticket = config.ticketUrl ? () => foreignTicket(config.ticketUrl, session) : () => http.ticket();
  return new SocketTransport(() => `${config.apiUrl.replace(/^http/, "ws")}/ws/chat`, ticket);
}

/** Asks the embedding site's own server, which holds the tenant's key and knows who is signed in. */
async function foreignTicket(url: string, session: string): Promise<string> {
  const call = { method: "POST", path: url, body: { sessionId: session } };
  return (await new Http("").json<{ ticket: string }>(call)).ticket;
}
