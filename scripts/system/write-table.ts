/** A generated part of a document, between `<!-- NAME: generated … -->` and `<!-- end of NAME -->`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Puts `text` between the markers `name` of the document at `path` (from the root); with `isCheck` it writes nothing.
 * Returns whether the document held another text. @throws Error where a marker is missing.
 */
export function writeTable(path: string, name: string, text: string, isCheck: boolean): boolean {
  const file = resolve(ROOT, path);
  const before = readFileSync(file, 'utf8');
  const [head, rest] = split(before, `<!-- ${name}: generated`, path);
  const [opening, body] = split(rest, ' -->\n', path);
  const [, tail] = split(body, `<!-- end of ${name} -->`, path);
  const after = `${head}<!-- ${name}: generated${opening} -->\n\n${text.trim()}\n\n<!-- end of ${name} -->${tail}`;
  if (!isCheck && after !== before) writeFileSync(file, after);
  return after !== before;
}

function split(text: string, marker: string, path: string): [before: string, after: string] {
  const at = text.indexOf(marker);
  if (at === -1) throw new Error(`${path} lacks the marker ${marker.trim()}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
}
