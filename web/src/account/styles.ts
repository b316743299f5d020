/** How the pages of an account look: cards on a quiet ground, one accent. */
import { css } from "lit";

export const accountStyles = css`
  :host { display: block; }
  * { box-sizing: border-box; }
  button, input, select, textarea { font: inherit; color: inherit; }
  button { cursor: pointer; }
  button:disabled { cursor: default; opacity: 0.55; }
  :focus-visible { outline: 2px solid var(--p-focus); outline-offset: 2px; }
  a { color: inherit; text-underline-offset: 3px; }
  code { font-family: var(--p-mono); font-size: 0.86em; overflow-wrap: anywhere; }
  .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .page { max-width: 1240px; margin: 0 auto; padding: 32px 24px 80px; }
  h1 { font-size: 30px; line-height: 1.15; letter-spacing: -0.03em; margin: 0 0 6px; }
  h2 { font-size: 17px; letter-spacing: -0.015em; margin: 0 0 4px; }
  h3 { font-size: 14px; margin: 0; }
  p { margin: 0; }
  .lead { color: var(--p-quiet); max-width: 68ch; }
  .hint { color: var(--p-quiet); font-size: 13px; line-height: 1.5; }
  .head { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 8px 32px; align-items: end; margin-bottom: 24px; }
  .whose { font-size: 13px; color: var(--p-quiet); max-width: 320px; }
  .card { background: var(--p-paper); border: 1px solid var(--p-line); border-radius: 16px; padding: 20px 22px; min-width: 0; }
  .row { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; }
  .row.end { justify-content: flex-end; }
  .row.apart { justify-content: space-between; }
  form { display: grid; gap: 12px; }
  form.row { display: flex; }
  label { display: grid; gap: 6px; font-weight: 600; font-size: 13px; color: var(--p-ink); }
  label small { font-weight: 400; font-size: 13px; color: var(--p-quiet); }
  input, select, textarea { width: 100%; min-width: 0; font-weight: 400; font-size: 14px; padding: 8px 11px; border: 1px solid var(--p-edge); border-radius: 10px; background: var(--p-raised); }
  textarea { resize: vertical; line-height: 1.5; font-family: var(--p-mono); font-size: 13px; }
  ::-webkit-search-cancel-button { filter: grayscale(1); }
  ::placeholder { color: var(--p-quiet); opacity: 1; }
  .plain, .strong, .danger { border-radius: 10px; padding: 8px 14px; font-weight: 600; font-size: 14px; white-space: nowrap; border: 1px solid var(--p-edge); background: var(--p-raised); }
  .plain:hover:enabled { border-color: var(--p-ink); }
  .strong { background: var(--p-accent); border-color: var(--p-accent); color: var(--p-on-accent); }
  .danger { color: var(--p-danger); }
  .danger:hover:enabled { border-color: var(--p-danger); }
  .small { padding: 4px 11px; font-size: 13px; border-radius: 8px; }
  .quiet { border: 0; background: none; padding: 4px 8px; font-size: 13px; font-weight: 550; color: var(--p-quiet); border-radius: 8px; }
  .quiet:hover { color: var(--p-ink); background: var(--p-sunken); }
  .failure { background: color-mix(in srgb, var(--p-danger) 9%, var(--p-paper)); border: 1px solid color-mix(in srgb, var(--p-danger) 40%, var(--p-paper)); color: var(--p-ink); border-radius: 12px; padding: 10px 14px; margin-bottom: 16px; font-size: 14px; }
  .nothing { color: var(--p-quiet); font-size: 14px; padding: 14px 0 4px; }
  .tag { display: inline-block; font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 99px; background: var(--p-sunken); color: var(--p-quiet); white-space: nowrap; }
  .tag.good { background: var(--p-tint); color: var(--p-ink); }
  dialog { border: 1px solid var(--p-line); border-radius: 16px; padding: 22px 24px; background: var(--p-paper); color: var(--p-ink); max-width: min(440px, calc(100vw - 32px)); box-shadow: 0 18px 60px rgb(0 0 0 / 0.28); }
  dialog p { margin: 6px 0 18px; color: var(--p-quiet); overflow-wrap: anywhere; }
  dialog::backdrop { background: rgb(0 0 0 / 0.45); }
  @media (max-width: 760px) {
    .page { padding: 20px 14px 64px; }
    h1 { font-size: 25px; }
    .head { grid-template-columns: minmax(0, 1fr); margin-bottom: 16px; }
    .whose { max-width: none; }
    .card { padding: 16px; border-radius: 14px; }
  }
`;
