import { css } from "lit";

export const appStyles = css`
  :host { display: block; height: calc(100dvh - var(--p-bar)); }
  * { box-sizing: border-box; }
  button, input, select { font: inherit; color: inherit; }
  button { cursor: pointer; }
  :focus-visible { outline: 2px solid var(--p-focus); outline-offset: 2px; }
  a { color: inherit; text-underline-offset: 3px; }
  code, pre { font-family: var(--p-mono); font-size: 0.87em; }
  .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .layout { display: grid; grid-template-columns: 264px minmax(0, 1fr) minmax(0, 480px); gap: 16px; height: 100%; padding: 16px; }
  .side, .chat, .inspector { background: var(--p-paper); border: 1px solid var(--p-line); border-radius: 16px; min-height: 0; overflow: hidden; }
  .side { padding: 20px; display: flex; flex-direction: column; gap: 14px; overflow-y: auto; }
  .side label { display: flex; flex-direction: column; gap: 6px; font-weight: 600; font-size: 13px; }
  .side select, .side input { width: 100%; min-width: 0; font-weight: 400; font-size: 14px; padding: 8px 10px; border: 1px solid var(--p-edge); border-radius: 10px; background: var(--p-raised); }
  .about { margin: 0; font-size: 13px; line-height: 1.5; color: var(--p-quiet); }
  .about b { color: var(--p-ink); }
  .about code { overflow-wrap: anywhere; }
  .box { background: var(--p-tint); padding: 12px 14px; border-radius: 12px; color: var(--p-ink); }
  .plain { border: 1px solid var(--p-edge); background: var(--p-raised); border-radius: 10px; padding: 8px 14px; font-weight: 600; font-size: 14px; }
  .plain:hover { border-color: var(--p-ink); }
  .plain.small { padding: 4px 12px; font-size: 13px; }
  .side .plain { margin-top: auto; }
  .chat { display: flex; flex-direction: column; }
  parlance-chat-view { flex: 1; min-height: 0; max-width: 760px; width: 100%; margin: 0 auto; }
  .empty { margin: 0; padding: 28px 20px; color: var(--p-quiet); }
  .panes { display: none; }
  .inspector { display: flex; flex-direction: column; }
  .tabs, .panes { gap: 2px; padding: 8px; border-bottom: 1px solid var(--p-line); }
  .tabs { display: flex; }
  [role="tab"] { border: 0; background: none; padding: 7px 14px; border-radius: 9px; font-size: 14px; font-weight: 550; color: var(--p-quiet); }
  [role="tab"]:hover { color: var(--p-ink); }
  [role="tab"][aria-selected="true"] { background: var(--p-sunken); color: var(--p-ink); }
  .count { margin-inline-start: 6px; font-size: 12px; font-variant-numeric: tabular-nums; color: var(--p-quiet); }
  .pane { flex: 1; min-height: 0; overflow: auto; }
  .pane:focus-visible { outline-offset: -3px; }
  .wire { list-style: none; margin: 0; padding: 8px 0; font-family: var(--p-mono); font-size: 12px; line-height: 1.5; }
  .wire li:hover { background: var(--p-sunken); }
  .wire summary, .wire li > div { display: grid; grid-template-columns: 44px 14px minmax(0, 1fr); gap: 8px; padding: 4px 16px; align-items: baseline; }
  .wire summary { cursor: pointer; list-style: none; }
  .wire summary::-webkit-details-marker { display: none; }
  .wire summary:focus-visible { outline-offset: -2px; }
  .time { color: var(--p-quiet); text-align: end; font-variant-numeric: tabular-nums; }
  .way { font-weight: 700; color: var(--p-accent); }
  .way.out { color: var(--p-second); }
  .what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--p-quiet); }
  .what b { font-weight: 600; color: var(--p-ink); margin-inline-end: 6px; }
  .wire pre { margin: 2px 16px 8px 82px; padding: 10px 12px; background: var(--p-sunken); border-radius: 8px; overflow-x: auto; font-size: 11.5px; }
  .tools { display: flex; flex-wrap: wrap; align-items: center; gap: 10px; padding: 14px 16px; }
  .choice { display: flex; gap: 2px; background: var(--p-sunken); padding: 3px; border-radius: 10px; }
  .choice button { border: 0; background: none; padding: 4px 11px; border-radius: 8px; font-size: 13px; font-weight: 550; color: var(--p-quiet); }
  .choice button[aria-pressed="true"] { background: var(--p-raised); color: var(--p-ink); box-shadow: 0 1px 2px rgb(0 0 0 / 0.12); }
  .check { display: inline-flex; gap: 6px; align-items: center; font-size: 13px; margin-inline-end: auto; }
  .code { margin: 0 16px 16px; padding: 16px; background: var(--p-sunken); border-radius: 12px; overflow-x: auto; font-size: 12.5px; line-height: 1.65; }
  .pane > .about { padding: 0 16px 16px; }
  .timing { padding: 18px 20px; display: grid; gap: 26px; }
  .chart { margin: 0; }
  .chart figcaption { display: flex; justify-content: space-between; align-items: baseline; font-size: 13px; font-weight: 600; margin-bottom: 8px; }
  .chart b { font-size: 24px; letter-spacing: -0.03em; font-variant-numeric: tabular-nums; }
  .chart small { font-size: 13px; font-weight: 500; color: var(--p-quiet); margin-inline-start: 3px; letter-spacing: 0; }
  .chart svg { display: block; width: 100%; height: 76px; }
  .chart.first rect { fill: var(--p-second); }
  .chart.speed rect { fill: var(--p-accent); }
  .axis { stroke: var(--p-line); }
  .range { display: flex; justify-content: space-between; font-size: 12px; color: var(--p-quiet); margin-top: 4px; }
  @media (max-width: 1180px) {
    .layout { grid-template-columns: 240px minmax(0, 1fr); grid-template-rows: minmax(0, 1.2fr) minmax(0, 1fr); }
    .side { grid-row: span 2; }
  }
  @media (max-width: 760px) {
    .layout { display: flex; flex-direction: column; gap: 0; padding: 0; }
    .side, .chat, .inspector { border: 0; border-radius: 0; }
    .side { flex: none; display: grid; grid-template-columns: 1fr 1fr; gap: 8px 12px; padding: 12px 14px; max-height: 38%; border-bottom: 1px solid var(--p-line); }
    .side .about { grid-column: 1 / -1; }
    .side .box { font-size: 12px; padding: 8px 12px; }
    .side .plain { grid-column: 1 / -1; margin: 0; padding: 6px; }
    .side > .about:not(.box), .more { display: none; }
    .panes { display: flex; flex: none; background: var(--p-paper); }
    .panes [role="tab"] { padding: 7px 10px; }
    .tabs { display: none; }
    .chat, .inspector { display: none; flex: 1; }
    .chat.shown, .inspector.shown { display: flex; }
    .wire summary, .wire li > div { padding: 5px 12px; }
    .wire pre { margin-inline: 12px; }
  }
`;
