/** A record as a person reads it: its source, the beginning, and the rest on demand. */
import { css, html, nothing, type TemplateResult } from "lit";
import type { DatasetRecord } from "./api";

const SHORT = 260;

export const passageStyles = css`
  .passage { min-width: 0; font-size: 14px; line-height: 1.55; }
  .passage .source { display: block; font-size: 13px; font-weight: 600; margin-bottom: 2px; overflow-wrap: anywhere; }
  .passage p, .passage summary { overflow-wrap: anywhere; white-space: pre-line; }
  .passage summary { cursor: pointer; list-style: none; }
  .passage summary::-webkit-details-marker { display: none; }
  .passage summary span { color: var(--p-quiet); text-decoration: underline; text-underline-offset: 3px; white-space: nowrap; }
  .passage details[open] summary { color: var(--p-quiet); }
  .passage details[open] summary .begin { display: none; }
`;

export function passage(record: DatasetRecord): TemplateResult {
  const { text, source } = record;
  const end = text.lastIndexOf(" ", SHORT);
  const begin = text.slice(0, end > SHORT / 2 ? end : SHORT).replace(/```\w*/g, "").replace(/\s+/g, " ");
  return html`<div class="passage" dir="auto">
    ${source ? html`<span class="source">${source}</span>` : nothing}
    ${text.length <= SHORT
      ? html`<p>${text.replace(/\n{2,}/g, "\n")}</p>`
      : html`<details>
          <summary><b class="begin" style="font-weight: 400">${begin} … </b><span>whole passage</span></summary>
          <p>${text}</p>
        </details>`}
  </div>`;
}
