/** The keys of a tenant over its own routes (docs/usage.md). */
import type { Api } from "../account/api";

type Known = { id: string; name: string; hint: string; created_at: string; revoked_at: string | null };
export type Key = Known & { kind: "chats" | "platform"; current: boolean };
export type WidgetKey = Known & { agent_id: string; origins: string[]; per_minute: number; address_per_minute: number };
/** The only time that the text of a key is told. */
export type Made<K> = K & { key: string };
export type NewWidgetKey = { name: string; agent_id: string; origins: string[] };

export class Keys {
  constructor(private readonly api: Api) {}

  async list(): Promise<Key[]> {
    return (await this.api.call<{ keys: Key[] }>("GET", "/keys")).keys;
  }

  create(name: string, kind: Key["kind"]): Promise<Made<Key>> {
    return this.api.call("POST", "/keys", { name, kind });
  }

  async revoke(id: string): Promise<void> {
    await this.api.call("DELETE", `/keys/${encodeURIComponent(id)}`);
  }

  async listForPages(): Promise<WidgetKey[]> {
    return (await this.api.call<{ keys: WidgetKey[] }>("GET", "/widget-keys")).keys;
  }

  createForPages(wanted: NewWidgetKey): Promise<Made<WidgetKey>> {
    return this.api.call("POST", "/widget-keys", wanted);
  }

  async revokeForPages(id: string): Promise<void> {
    await this.api.call("DELETE", `/widget-keys/${encodeURIComponent(id)}`);
  }
}
