/** Who we are on this server: the demo tenant of a local run, or whatever the developer types in. */

export type Access = { agents: string[]; apiKey: string; widgetKey: string; local: boolean };

const PLACE = "parlance:playground:access";

/** The local front door tells a page on loopback the demo tenant's keys. Elsewhere this path does not exist. */
export async function findAccess(): Promise<Access> {
  const answer = await fetch("/_local/credentials", { cache: "no-store" });
  if (!answer.ok) return typedAccess();
  const found = (await answer.json()) as { agent_id?: string; api_key?: string; widget_key?: string };
  return { agents: [found.agent_id ?? "default"], apiKey: found.api_key ?? "", widgetKey: found.widget_key ?? "", local: true };
}

/** Kept for this tab only. */
export function keepAccess(access: Access): void {
  sessionStorage.setItem(PLACE, JSON.stringify(access));
}

function typedAccess(): Access {
  const kept = sessionStorage.getItem(PLACE);
  return kept ? (JSON.parse(kept) as Access) : { agents: ["default"], apiKey: "", widgetKey: "", local: false };
}
