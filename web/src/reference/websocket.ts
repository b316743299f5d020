/** The frames of the WebSocket, out of asyncapi.json. */
import { html, nothing, render, type TemplateResult } from "lit";

type Schema = { $ref?: string; anyOf?: Schema[]; type?: string | string[]; description?: string; properties?: Record<string, Schema>; required?: string[]; const?: unknown; enum?: unknown[]; maxLength?: number };
type Message = { name: string; title?: string; summary?: string; payload: Schema };
type Reference = { $ref: string };
type AsyncApi = {
  info: { title: string; version: string; description: string };
  operations: Record<string, { action: "send" | "receive"; title: string; messages: Reference[] }>;
  components: { messages: Record<string, Message>; schemas: Record<string, Schema> };
};

export async function showWebSocket(place: HTMLElement): Promise<void> {
  const found = (await (await fetch("/docs/asyncapi.json")).json()) as AsyncApi;
  render(page(found), place);
}

function page(api: AsyncApi): TemplateResult {
  return html`
    <h1>${api.info.title}</h1>
    ${api.info.description.split("\n\n").map((text, at) => html`<p class=${at ? "" : "lead"}>${text}</p>`)}
    <p>The whole of it for machines: <a href="/docs/asyncapi.json">asyncapi.json</a>, AsyncAPI 3.</p>
    ${Object.values(api.operations).map(
      (operation) => html`<h2>${operation.title}</h2>
        ${operation.messages.map((one) => message(api.components.messages[nameIn(one)]!, api.components.schemas))}`,
    )}
  `;
}

/** The last part of a reference is the message's name, wherever it leads. */
function nameIn(reference: Reference): string {
  return reference.$ref.split("/").at(-1)!;
}

function message(one: Message, schemas: Record<string, Schema>): TemplateResult {
  const { properties = {}, required = [] } = one.payload;
  return html`<section class="card">
    <h3>${one.title ?? one.name}</h3>
    ${one.summary ? html`<p>${one.summary}</p>` : nothing}
    <table class="fields">
      <tbody>
        ${Object.entries(properties).map(
          ([name, schema]) => html`<tr><th scope="row">${name}</th><td>${kind(schema, schemas)}${required.includes(name) ? "" : ", optional"}</td><td>${schema.description ?? nothing}</td></tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

function kind(schema: Schema, schemas: Record<string, Schema>): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return "one of several";
  if (schema.anyOf) return schema.anyOf.map((one) => kind(one, schemas)).filter((one) => one !== "null").join(" or ");
  if (schema.$ref) return kind(schemas[nameIn({ $ref: schema.$ref })] ?? {}, schemas);
  return [schema.type ?? "any"].flat().join(" or ");
}
