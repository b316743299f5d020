import { css } from "lit";

export const keysStyles = css`
  .grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px; align-items: start; margin-bottom: 16px; }
  .card > .hint { max-width: 68ch; }
  .card > .hint b { color: var(--p-ink); font-family: var(--p-mono); font-size: 0.94em; }
  .keys { list-style: none; margin: 12px 0 0; padding: 0; }
  .keys li { display: flex; gap: 12px; align-items: center; justify-content: space-between; padding: 12px 0; border-top: 1px solid var(--p-line); }
  .keys li:first-child { border-top: 0; }
  .what { min-width: 0; overflow-wrap: anywhere; }
  .what b { margin-inline-end: 6px; }
  .what .tag { margin-inline-start: 4px; }
  .revoked b { text-decoration: line-through; font-weight: 500; color: var(--p-quiet); }
  details { margin-top: 8px; border-top: 1px solid var(--p-line); padding-top: 14px; }
  summary { cursor: pointer; font-weight: 600; font-size: 14px; width: fit-content; }
  details form { margin-top: 14px; }
  fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: 6px; }
  legend { font-weight: 600; font-size: 13px; padding: 0; margin-bottom: 6px; }
  .check { display: flex; gap: 8px; align-items: center; font-weight: 400; font-size: 14px; }
  .check input { width: auto; accent-color: var(--p-accent); }
  label.check { margin-bottom: 0; }
  .grid + .check { margin-bottom: 20px; }
  .made { border-color: var(--p-accent); background: var(--p-tint); margin-bottom: 20px; }
  .made .hint { color: var(--p-ink); }
  .made .row { margin-top: 12px; }
  .made code { background: var(--p-raised); border: 1px solid var(--p-line); border-radius: 8px; padding: 7px 11px; font-size: 13px; }
  .commands { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 360px), 1fr)); gap: 18px 28px; margin: 16px 0 0; }
  .commands > div { display: flex; flex-direction: column; }
  dt { font-weight: 600; font-size: 14px; }
  dd { margin: 2px 0 0; font-size: 13px; line-height: 1.5; color: var(--p-quiet); }
  .command { display: flex; gap: 8px; align-items: center; margin-top: auto; padding-top: 8px; }
  .command code { flex: 1; min-width: 0; background: var(--p-sunken); color: var(--p-ink); border-radius: 8px; padding: 7px 11px; font-size: 12px; }
  @media (max-width: 900px) {
    .grid { grid-template-columns: minmax(0, 1fr); gap: 14px; }
  }
`;
