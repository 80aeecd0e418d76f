/**
 * Writes `shared/src/deid/uids.generated.ts`, the UIDs that PS3.6 Annex A registers, from the dictionary of
 * pydicom (`pydicom/_uid_dict.py`, which its authors make from the standard's own tables).
 *
 *   node scripts/generate-uid-table.ts PATH           writes the table
 *   node scripts/generate-uid-table.ts --check PATH   exits 1 where the written table is not the one that PATH gives
 *
 * A clone does not hold that file: `--check` without PATH says so and exits 0. Release and date are named
 * here, and the digest of the source stands beside them so that one cannot drift from the other.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const RELEASE = 'pydicom 3.0.2, read on 2026-11-22';
const TARGET = fileURLToPath(new URL('../shared/src/deid/uids.generated.ts', import.meta.url));
const ROOT = '1.2.840.10008.';
const LINE_LENGTH = 100;

/** Without the root, in the order of their numbers. Throws where the source holds something else. */
function suffixesIn(source: string): string[] {
  const uids = [...source.matchAll(/^ {4}'([\d.]+)': \(/gm)].map(([, uid = '']) => uid);
  const foreign = uids.find((uid) => !uid.startsWith(ROOT));
  if (uids.length < 400 || foreign !== undefined)
    throw new Error(`not the dictionary of UIDs: ${uids.length} of them, ${foreign}`);
  return uids
    .map((uid) => uid.slice(ROOT.length))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function lines(words: readonly string[]): string {
  const wrapped: string[] = [''];
  for (const word of words) {
    const last = wrapped.at(-1) ?? '';
    if (last.length + word.length > LINE_LENGTH) wrapped.push(word);
    else wrapped[wrapped.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return wrapped.join('\n');
}

function generate(source: string): string {
  const suffixes = suffixesIn(source);
  return `/**
 * The ${suffixes.length} UIDs of PS3.6 Annex A, each without its root ${ROOT.slice(0, -1)}. Written by
 * scripts/generate-uid-table.ts from the dictionary of ${RELEASE}; never edited.
 */
/** SHA-256 of the file that this was made from. */
export const REGISTERED_UIDS_SOURCE_DIGEST = '${createHash('sha256').update(source).digest('hex')}';
export const REGISTERED_UIDS = \`
${lines(suffixes)}
\`;
`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false } },
});
const [path] = positionals;
if (path === undefined) {
  console.log(`no source was named: the table of UIDs was not ${values.check ? 'compared' : 'written'}`);
  process.exit(values.check ? 0 : 1);
}
const generated = generate(readFileSync(path, 'utf8'));
if (!values.check) writeFileSync(TARGET, generated);
else if (readFileSync(TARGET, 'utf8') !== generated) {
  console.error('uids.generated.ts is not what the table gives: run node scripts/generate-uid-table.ts PATH');
  process.exit(1);
}
