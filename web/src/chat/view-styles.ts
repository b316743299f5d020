import { css } from "lit";

/** Colors come from the host as `--p-…`; everything else is measured in the host's font size. */
export const viewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    position: relative;
    min-height: 0;
    height: 100%;
    color: var(--p-ink);
    font-size: 1em;
    line-height: 1.55;
  }
  * { box-sizing: border-box; }
  button { font: inherit; color: inherit; cursor: pointer; }
  :focus-visible { outline: 2px solid var(--p-focus); outline-offset: 2px; }
  .scroller:focus-visible { outline-offset: -3px; }
  .scroller { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1.25em; scroll-padding: 1em; }
  .messages { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 1.1em; }
  .message { max-width: 100%; min-width: 0; animation: rise 0.18s ease-out; }
  .message.user { align-self: flex-end; max-width: 85%; }
  .who { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .text { overflow-wrap: anywhere; }
  .text.plain { white-space: pre-wrap; background: var(--p-accent); color: var(--p-on-accent);
    padding: 0.55em 0.9em; border-radius: 1.1em; border-end-end-radius: 0.3em; }
  .text > :first-child { margin-top: 0; }
  .text > :last-child { margin-bottom: 0; }
  .text p, .text ul, .text ol, .text blockquote, .text pre, .text table { margin: 0.65em 0; }
  .text ul, .text ol { padding-inline-start: 1.4em; }
  .text li + li { margin-top: 0.25em; }
  .text h3, .text h4, .text h5, .text h6 { font-size: 1.02em; line-height: 1.35; margin: 1.1em 0 0.4em; font-weight: 650; }
  .text h3 { font-size: 1.12em; }
  .text a { color: inherit; text-decoration: underline; text-decoration-color: var(--p-accent);
    text-decoration-thickness: 2px; text-underline-offset: 3px; }
  .text code { font-family: var(--p-mono); font-size: 0.88em; background: var(--p-sunken); padding: 0.12em 0.35em; border-radius: 0.3em; }
  .text pre { background: var(--p-sunken); border: 1px solid var(--p-line); border-radius: 0.6em; padding: 0.75em 0.9em; overflow-x: auto; }
  .text pre code { background: none; padding: 0; font-size: 0.85em; overflow-wrap: normal; }
  .text blockquote { border-inline-start: 3px solid var(--p-line); padding-inline-start: 0.9em; margin-inline: 0; color: var(--p-quiet); }
  .text table { display: block; overflow-x: auto; border-collapse: collapse; font-size: 0.93em; }
  .text th, .text td { border: 1px solid var(--p-line); padding: 0.35em 0.65em; text-align: start; }
  .text th { background: var(--p-sunken); font-weight: 600; }
  .text hr { border: 0; border-top: 1px solid var(--p-line); margin: 1em 0; }
  .streaming .text > :last-child::after { content: ""; display: inline-block; width: 0.5em; height: 1em; margin-inline-start: 0.2em;
    vertical-align: -0.15em; border-radius: 2px; background: var(--p-accent); animation: pulse 1s ease-in-out infinite; }
  .dots { display: inline-flex; gap: 0.3em; padding: 0.5em 0; }
  .dots i { width: 0.45em; height: 0.45em; border-radius: 50%; background: var(--p-quiet); animation: pulse 1.1s ease-in-out infinite; }
  .dots i:nth-child(2) { animation-delay: 0.15s; }
  .dots i:nth-child(3) { animation-delay: 0.3s; }
  .note { margin: 0.5em 0 0; font-size: 0.88em; color: var(--p-quiet); }
  .failure { display: flex; flex-wrap: wrap; gap: 0.5em 0.9em; align-items: center; color: var(--p-danger); }
  .retry { border: 1px solid currentColor; background: none; border-radius: 0.5em; padding: 0.25em 0.75em; min-height: 28px; font-weight: 600; }
  .retry:disabled { opacity: 0.6; cursor: default; }
  .sources { margin-top: 0.8em; }
  .sources .label { display: block; font-size: 0.78em; font-weight: 600; letter-spacing: 0.02em; color: var(--p-quiet); margin-bottom: 0.4em; }
  .sources ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.4em; margin: 0; padding: 0; }
  .source { display: inline-flex; align-items: center; gap: 0.35em; max-width: 100%; min-height: 26px; font-size: 0.84em;
    padding: 0.15em 0.65em; border: 1px solid var(--p-line); border-radius: 99px; color: inherit; text-decoration: none;
    background: var(--p-raised); overflow-wrap: anywhere; }
  a.source:hover { border-color: var(--p-ink); }
  .source svg { width: 1em; height: 1em; flex: none; color: var(--p-quiet); }
  .source small { font-size: 0.92em; color: var(--p-quiet); }
  .greeting { display: flex; flex-direction: column; align-items: flex-start; gap: 0.5em; }
  .welcome { margin: 0 0 0.5em; }
  .welcome.small { color: var(--p-quiet); margin-bottom: 1.2em; }
  .suggestion { background: var(--p-raised); border: 1px solid var(--p-line); border-radius: 0.9em; padding: 0.5em 0.9em; text-align: start; }
  .suggestion:hover { border-color: var(--p-ink); }
  .status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
  .latest { position: absolute; inset-block-end: 5.2em; inset-inline-start: calc(50% - 18px); width: 36px; height: 36px; padding: 0;
    display: grid; place-items: center; border-radius: 50%; border: 1px solid var(--p-line); background: var(--p-raised);
    box-shadow: 0 2px 10px rgb(0 0 0 / 0.12); }
  .composer { display: flex; align-items: flex-end; gap: 0.5em; margin: 0 1em 1em; padding: 0.35em; border: 1px solid var(--p-edge);
    border-radius: 1.15em; background: var(--p-raised); }
  .composer:focus-within { border-color: var(--p-focus); box-shadow: 0 0 0 1px var(--p-focus); }
  textarea { flex: 1; min-width: 0; resize: none; border: 0; outline: 0; background: none; color: inherit; font: inherit; padding: 0.4em 0.6em; max-height: 160px; }
  textarea:focus-visible { outline: 0; }
  textarea::placeholder { color: var(--p-quiet); opacity: 1; }
  .act { flex: none; width: 36px; height: 36px; padding: 0; border: 0; border-radius: 50%; display: grid; place-items: center;
    background: var(--p-accent); color: var(--p-on-accent); }
  .act:hover { filter: brightness(1.08); }
  @keyframes rise { from { opacity: 0; transform: translateY(4px); } }
  @keyframes pulse { 50% { opacity: 0.25; } }
  @media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
  @media (forced-colors: active) { .text.plain, .act { border: 1px solid; } }
`;
