/** Who we are on this server: the demo tenant of a local run, or whatever the developer types in. */

import { ConnectionLost } from "../wire/transport";

/** The texts with which the dialects let somebody in. */
export type Credential = "apiKey" | "widgetKey" | "platformSecret" | "userToken";
export type Access = Record<Credential, string> & { agents: string[]; tenant: string; local: boolean };

/** What they are called: on a label, and within a sentence. */
export const CREDENTIALS: Record<Credential, { title: string; one: string }> = {
  apiKey: { title: "API key", one: "an API key" },
  widgetKey: { title: "Widget key", one: "a widget key" },
  platformSecret: { title: "Platform secret", one: "a platform secret" },
  userToken: { title: "User token", one: "a user token" },
};

const PLACE = "parlance:playground:access";
const NOBODY: Access = { agents: ["default"], tenant: "", apiKey: "", widgetKey: "", platformSecret: "", userToken: "", local: false };

/** The local front door tells a page on loopback the demo tenant's keys. Elsewhere this path does not exist. Throws ConnectionLost. */
export async function findAccess(): Promise<Access> {
  const answer = await fetch("/_local/credentials", { cache: "no-store" }).catch((error: unknown) => {
    throw new ConnectionLost(String(error));
  });
  if (!answer.ok) return typedAccess();
  const found = (await answer.json()) as Record<string, string | undefined>;
  return {
    agents: [found.agent_id ?? "default"],
    tenant: found.tenant_id ?? "",
    apiKey: found.api_key ?? "",
    widgetKey: found.widget_key ?? "",
    platformSecret: found.chatbotkit_secret ?? "",
    userToken: found.user_token ?? "",
    local: true,
  };
}

/** Kept for this tab only. */
export function keepAccess(access: Access): void {
  sessionStorage.setItem(PLACE, JSON.stringify(access));
}

function typedAccess(): Access {
  const kept = sessionStorage.getItem(PLACE);
  return { ...NOBODY, ...(kept ? (JSON.parse(kept) as Partial<Access>) : {}) };
}
