/** Conversations kept in the browser, so that a reload finds them. */
import { freshId } from "../wire/ids";
import type { Message, Store } from "./conversation";

const KEPT = 200;

export class BrowserStore implements Store {
  constructor(
    private readonly name: string,
    private readonly storage: Storage | undefined = available(),
  ) {}

  load(): Message[] {
    try {
      const found: unknown = JSON.parse(this.storage?.getItem(this.name) ?? "[]");
      return Array.isArray(found) ? (found as Message[]) : [];
    } catch {
      return [];
    }
  }

  save(messages: Message[]): void {
    try {
      this.storage?.setItem(this.name, JSON.stringify(messages.slice(-KEPT)));
    } catch {
      // Full or forbidden: then the conversation lasts as long as the page.
    }
  }

  clear(): void {
    this.storage?.removeItem(this.name);
  }
}

/** The id of the visitor's session, which is a secret of theirs. */
export function sessionId(name: string, storage: Storage | undefined = available()): string {
  const known = storage?.getItem(name);
  if (known) return known;
  const fresh = freshId();
  storage?.setItem(name, fresh);
  return fresh;
}

function available(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
