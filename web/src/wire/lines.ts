/** The JSON objects of a response, line by line, as they come. Blank lines are heartbeats. */
import { ConnectionLost } from "./transport";

export async function* jsonLines(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  for await (const line of lines(body)) if (line.trim()) yield JSON.parse(line) as Record<string, unknown>;
}

/** The `data:` fields of an event stream; comments are heartbeats. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  for await (const line of lines(body)) if (line.startsWith("data:")) yield line.slice(5).trim();
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new ConnectionLost(String(error));
      });
      if (done) break;
      rest += decoder.decode(value, { stream: true });
      const complete = rest.split("\n");
      rest = complete.pop() ?? "";
      for (const line of complete) yield line.replace(/\r$/, "");
    }
    if (rest) yield rest;
  } finally {
    // Whoever stops reading early lets go of the connection.
    reader.cancel().catch(() => undefined);
  }
}
