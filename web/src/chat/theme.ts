/** The colors of the chat, light and dark; all pairs that carry text have a contrast of 4.5 to 1 or more. */
import { css } from "lit";

export const LIGHT = css`
  --p-paper: #ffffff; --p-raised: #ffffff; --p-sunken: #f3f4f1; --p-line: #dfe1dc; --p-edge: #8b8f88;
  --p-ink: #191b1a; --p-quiet: #5a605c; --p-danger: #b3261e; --p-focus: #0a6b5f;
  --p-accent: #0a6b5f; --p-on-accent: #ffffff;
`;
export const DARK = css`
  --p-paper: #161918; --p-raised: #1e2221; --p-sunken: #262b29; --p-line: #353b39; --p-edge: #78807c;
  --p-ink: #ecefed; --p-quiet: #a5adaa; --p-danger: #ff9a92; --p-focus: #62d6c3;
  --p-accent: #57cdb9; --p-on-accent: #06201c;
`;

/** Black or white, whichever reads better on a color (WCAG 2.2's relative luminance). */
export function inkOn(color: string): string {
  const [red, green, blue] = channels(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

/** Any color that CSS knows, as the browser paints it. */
function channels(color: string): number[] {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d");
  if (!pen) return [0, 0, 0];
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
