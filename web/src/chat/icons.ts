/** Drawn in the text's color. They say nothing to a screen reader: the button around them does. */
import { svg, html, type TemplateResult } from "lit";

const icon = (shape: TemplateResult<2>): TemplateResult =>
  html`<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shape}</svg>`;

export const sendIcon = icon(svg`<path d="M12 19V5M5 12l7-7 7 7"/>`);
export const stopIcon = icon(svg`<rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor"/>`);
export const closeIcon = icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`);
export const restartIcon = icon(svg`<path d="M3 12a9 9 0 1 0 3-6.7L3 8"/><path d="M3 3v5h5"/>`);
export const chatIcon = icon(svg`<path d="M21 12a8 8 0 0 1-11.6 7.1L4 21l1.9-5.4A8 8 0 1 1 21 12z"/>`);
export const downIcon = icon(svg`<path d="M12 5v14M5 12l7 7 7-7"/>`);
export const linkIcon = icon(svg`<path d="M7 17L17 7M9 7h8v8"/>`);
export const pageIcon = icon(svg`<path d="M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8z"/><path d="M14 3v5h5"/>`);
