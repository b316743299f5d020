/** The public APIs with which an account looks after itself, and what their refusals mean to a person. */
import { Http } from "../wire/http";
import { ConnectionLost, Refused } from "../wire/transport";

type Method = "GET" | "POST" | "DELETE";

/** One credential's view of the server. */
export class Api {
  private readonly http = new Http("");

  constructor(
    private readonly root: string,
    private readonly credential: Record<string, string>,
  ) {}

  /** Throws ConnectionLost or Refused. */
  async call<Answer>(method: Method, path: string, body?: unknown): Promise<Answer> {
    return this.http.json<Answer>({ method, path: this.root + path, headers: this.credential, body });
  }
}

/** The tenant's own routes (docs/usage.md). */
export function tenantApi(apiKey: string): Api {
  return new Api("/api/v1/tenant", { "X-API-Key": apiKey });
}

/** The platform dialect (docs/chatbotkit.md). */
export function platformApi(secret: string): Api {
  return new Api("/api/v1", { Authorization: `Bearer ${secret}` });
}

/** The ids of the tenant's agents, to choose from. None are known where nobody may ask. */
export async function agentsOf(secret: string): Promise<string[]> {
  if (!secret) return [];
  try {
    const found = await platformApi(secret).call<{ items: { id: string }[] }>("GET", "/bot/list?take=100");
    return found.items.map((one) => one.id);
  } catch (error) {
    if (error instanceof ConnectionLost || error instanceof Refused) return [];
    throw error;
  }
}

/** A failure in words that say what to do. */
export function words(error: unknown): string {
  if (error instanceof ConnectionLost) return "The server cannot be reached. Check the connection, then try again.";
  if (!(error instanceof Refused)) {
    console.error(error);
    return "This page has a fault. Reload it and try again.";
  }
  if (error.status === 401) return "The server does not accept this key. It may be mistyped, revoked, or of another kind.";
  if (error.status === 403) return `The key is good, but not for this. ${error.message}`;
  if (error.status === 429) return `Too many requests. Try again in ${error.retryAfter ?? 60} seconds.`;
  if (error.status >= 500) return "The server failed at this. Try again in a moment.";
  return error.message;
}
