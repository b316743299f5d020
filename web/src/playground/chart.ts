/** The last turns as two rows of bars: time to the first token, and tokens a second after it. */
import { html, svg, type TemplateResult } from "lit";
import type { Timing } from "../chat/conversation";

const SHOWN = 24;
const [WIDTH, HEIGHT, GAP] = [480, 72, 4];

export function chart(timings: Timing[]): TemplateResult {
  const last = timings.slice(-SHOWN);
  if (!last.length) return html`<p class="empty">Say something: each reply becomes a bar here.</p>`;
  return html`
    ${row("Time to first token", "ms", last.map((one) => one.firstTokenMs), "first")}
    ${row("Tokens per second", "", last.map((one) => one.tokensPerSecond), "speed")}
  `;
}

function row(title: string, unit: string, values: (number | undefined)[], kind: string): TemplateResult {
  const most = Math.max(...values.map((value) => value ?? 0), 1);
  const width = WIDTH / SHOWN;
  const said = (value: number | undefined): string => (value === undefined ? "came in one piece" : `${Math.round(value)} ${unit}`.trim());
  const last = values.at(-1);
  return html`<figure class="chart ${kind}">
    <figcaption><span>${title}</span><b>${last === undefined ? "–" : Math.round(last)}<small>${unit}</small></b></figcaption>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}, oldest to newest: ${values.map(said).join(", ")}" preserveAspectRatio="none">
      <line x1="0" x2=${WIDTH} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5} class="axis" />
      ${values.map((value, at) => bar(at * width + GAP / 2, width - GAP, ((value ?? 0) / most) * (HEIGHT - 6), said(value)))}
    </svg>
    <div class="range"><span>last ${SHOWN} replies</span><span>most: ${said(most)}</span></div>
  </figure>`;
}

function bar(x: number, width: number, height: number, title: string): TemplateResult<2> {
  return svg`<rect x=${x} y=${HEIGHT - Math.max(height, 2)} width=${width} height=${Math.max(height, 2)} rx="2"><title>${title}</title></rect>`;
}
