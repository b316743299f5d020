/** A request as curl, Python and JavaScript that run as they stand. */
import type { Example } from "./dialects";

export type Language = "curl" | "Python" | "JavaScript";
export const LANGUAGES: Language[] = ["curl", "Python", "JavaScript"];

export function snippet(language: Language, example: Example, origin: string, withKey: boolean): string {
  const program = example.programs?.[language];
  if (program) return program(origin, withKey);
  return { curl, Python: python, JavaScript: javascript }[language](example, origin + example.path, withKey);
}

function curl(example: Example, url: string, withKey: boolean): string {
  const key = withKey ? example.key.value : `$${example.key.variable}`;
  const headers = Object.entries({ "Content-Type": "application/json", ...example.headers });
  return [
    `curl ${example.streams ? "-N " : ""}-X ${example.method} ${shell(url)}`,
    `  -H "${example.key.header}: ${example.key.scheme ?? ""}${key}"`,
    ...headers.map(([name, value]) => `  -H ${shell(`${name}: ${value}`)}`),
    `  -d ${shell(JSON.stringify(example.body))}`,
  ].join(" \\\n");
}

function python(example: Example, url: string, withKey: boolean): string {
  const key = withKey ? JSON.stringify(example.key.value) : `os.environ["${example.key.variable}"]`;
  const scheme = example.key.scheme ? `${JSON.stringify(example.key.scheme)} + ` : "";
  const headers = [`"${example.key.header}": ${scheme}${key}`, ...Object.entries(example.headers).map((pair) => pair.map((part) => JSON.stringify(part)).join(": "))];
  const call = `"${example.method}", ${JSON.stringify(url)}, headers=headers, json=${pythonLiteral(example.body)}`;
  const imports = withKey ? "import httpx" : "import os\n\nimport httpx";
  const head = `${imports}\n\nheaders = {${headers.join(", ")}}`;
  return example.streams
    ? `${head}\nwith httpx.stream(${call}, timeout=None) as answer:\n    for line in answer.iter_lines():\n        if line:\n            print(line)`
    : `${head}\nanswer = httpx.request(${call})\nprint(answer.json())`;
}

function javascript(example: Example, url: string, withKey: boolean): string {
  const key = withKey ? JSON.stringify(example.key.value) : `process.env.${example.key.variable}`;
  const scheme = example.key.scheme ? `${JSON.stringify(example.key.scheme)} + ` : "";
  const headers = { "Content-Type": "application/json", ...example.headers };
  const listed = Object.entries(headers).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},`);
  return [
    `const answer = await fetch(${JSON.stringify(url)}, {`,
    `  method: "${example.method}",`,
    `  headers: {\n    ${JSON.stringify(example.key.header)}: ${scheme}${key},\n${listed.join("\n")}\n  },`,
    `  body: JSON.stringify(${JSON.stringify(example.body)}),`,
    `});`,
    example.streams
      ? `for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {\n  process.stdout.write(piece);\n}`
      : `console.log(await answer.json());`,
  ].join("\n");
}

/** Inside single quotes a shell takes everything as it stands. */
function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** JSON of texts, lists and objects is Python too. */
function pythonLiteral(value: unknown): string {
  return JSON.stringify(value);
}
