/** From a file to the records that a dataset keeps of it: text, Markdown, and lines of JSON. */
import { marked, type Token, type Tokens } from "marked";
import type { NewRecord } from "./api";

/** Characters: what the product's own import holds a passage to. */
export const PASSAGE_MAX = 1_200;
/** More than this is minutes of requests; the command line imports larger files at once. */
export const FILE_BYTES_MAX = 2_000_000;
export const ENDINGS = [".txt", ".text", ".md", ".markdown", ".jsonl", ".ndjson"];

const GAP = "\n\n";
const JOINTS = [/(?<=\n)/, /(?<=[.!?。！？])\s+/, /\s+/];

/** A file that cannot be read, with the reason in words. */
export class Unreadable extends Error {}

/** Throws Unreadable. */
export async function recordsOf(file: File): Promise<NewRecord[]> {
  const ending = /\.[^.]+$/.exec(file.name)?.[0].toLowerCase() ?? "";
  if (!ENDINGS.includes(ending)) {
    throw new Unreadable(`${ending || "A file without an ending"} is not read here: text, Markdown and JSON Lines are. The command line also imports PDF, HTML, CSV and reStructuredText.`);
  }
  if (file.size > FILE_BYTES_MAX) {
    throw new Unreadable(`It is larger than ${FILE_BYTES_MAX / 1e6} MB. The command line imports larger files.`);
  }
  const records = readers[ending]!(await textOf(file), file.name);
  if (!records.length) throw new Unreadable("It is empty.");
  return records;
}

const readers: Record<string, (text: string, name: string) => NewRecord[]> = {
  ".txt": plain,
  ".text": plain,
  ".md": markdown,
  ".markdown": markdown,
  ".jsonl": jsonLines,
  ".ndjson": jsonLines,
};

async function textOf(file: File): Promise<string> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Unreadable("It is not text in UTF-8.");
  }
  if (text.includes("\0")) throw new Unreadable("It is not text but binary data.");
  return text.replace(/\r\n?/g, "\n");
}

function plain(text: string, name: string): NewRecord[] {
  return packed(text.split(/\n\s*\n/)).map((passage) => ({ text: passage, source: name }));
}

/** Sections are not mixed, and each passage begins with the headings that it stands under. */
function markdown(text: string, name: string): NewRecord[] {
  const records: NewRecord[] = [];
  const path: string[] = [];
  let blocks: string[] = [];
  const close = (): void => {
    const title = path.filter(Boolean).join(" › ");
    const passages = packed(blocks, PASSAGE_MAX - (title ? title.length + GAP.length : 0));
    records.push(...passages.map((passage) => ({ text: title ? title + GAP + passage : passage, source: name })));
    blocks = [];
  };
  for (const token of marked.lexer(withoutFrontMatter(text)) as Token[]) {
    if (token.type === "heading") {
      const { depth, text: heading } = token as Tokens.Heading;
      close();
      path.length = Math.min(path.length, depth - 1);
      path[depth - 1] = heading.slice(0, PASSAGE_MAX / 8);
    } else if (token.type !== "space") blocks.push(token.raw);
  }
  close();
  return records;
}

function withoutFrontMatter(text: string): string {
  return text.replace(/^---[ \t]*\n[\s\S]*?\n(?:---|\.\.\.)[ \t]*(?:\n|$)/, "");
}

/** A line is an object with a `text`, and maybe a `source` and `meta`; or a string. */
function jsonLines(text: string, name: string): NewRecord[] {
  return text.split("\n").flatMap((line, at) => (line.trim() ? jsonLine(line, at + 1, name) : []));
}

function jsonLine(line: string, number: number, name: string): NewRecord[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Unreadable(`Line ${number} is not JSON.`);
  }
  const { text, source, meta } = (typeof value === "string" ? { text: value } : (value ?? {})) as Record<string, unknown>;
  if (typeof text !== "string" || !text.trim()) throw new Unreadable(`Line ${number} has no "text".`);
  if (source !== undefined && typeof source !== "string") throw new Unreadable(`The "source" in line ${number} is not a string.`);
  if (meta !== undefined && (typeof meta !== "object" || meta === null || Array.isArray(meta))) {
    throw new Unreadable(`The "meta" in line ${number} is not an object.`);
  }
  const kept = { source: source || name, ...(meta ? { meta: meta as Record<string, unknown> } : {}) };
  return packed([text]).map((passage) => ({ text: passage, ...kept }));
}

/** As many blocks in one passage as fit; one that does not fit is cut at its coarsest joints. */
export function packed(blocks: string[], limit = PASSAGE_MAX): string[] {
  const passages: string[] = [];
  let held = "";
  for (const piece of blocks.flatMap((block) => cut(block.trim(), limit))) {
    if (held && held.length + GAP.length + piece.length > limit) {
      passages.push(held);
      held = "";
    }
    held = held ? held + GAP + piece : piece;
  }
  return held ? [...passages, held] : passages;
}

function cut(text: string, limit: number, joint = 0): string[] {
  if (text.length <= limit) return text.trim() ? [text.trimEnd()] : [];
  if (joint === JOINTS.length) return [text.slice(0, limit), ...cut(text.slice(limit), limit, joint)];
  const pieces: string[] = [];
  const between = joint === 0 ? "" : " ";
  let held = "";
  for (const part of text.split(JOINTS[joint]!)) {
    if (held && held.length + between.length + part.length > limit) {
      pieces.push(...cut(held, limit, joint + 1));
      held = "";
    }
    held = held ? held + between + part : part;
  }
  return [...pieces, ...cut(held, limit, joint + 1)];
}
