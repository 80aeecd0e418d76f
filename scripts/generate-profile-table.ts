/**
 * Writes `shared/src/deid/profile.generated.ts` from the JSON of PS3.15 Table E.1-1.
 *
 *   node scripts/generate-profile-table.ts [PATH]           writes the table
 *   node scripts/generate-profile-table.ts --check [PATH]   exits 1 where the written table is not the one that PATH gives
 *
 * PATH is `../shared/standards/ps3.15-table-E.1-1.json` unless given. A clone may lack that file: `--check`
 * then says so and exits 0. The edition is not in the JSON: it is named here, and the digest of the source
 * stands beside it so that one cannot drift from the other.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const EDITION = 'DICOM 2024e';
const SOURCE = fileURLToPath(new URL('../../shared/standards/ps3.15-table-E.1-1.json', import.meta.url));
const TARGET = fileURLToPath(new URL('../shared/src/deid/profile.generated.ts', import.meta.url));

/** The letter of each option column, lower case where the row says K, upper case where it says C. */
const COLUMNS = {
  rtnSafePrivOpt: 'v',
  rtnUIDsOpt: 'u',
  rtnDevIdOpt: 'd',
  rtnInstIdOpt: 'i',
  rtnPatCharsOpt: 'p',
  rtnLongFullDatesOpt: 'f',
  rtnLongModifDatesOpt: 'm',
  cleanDescOpt: 't',
  cleanStructContOpt: 's',
  cleanGraphOpt: 'g',
} as const;

type Row = Record<string, string> & {
  readonly id: string;
  readonly basicProfile: string;
  readonly name: string;
};

/**
 * `00080012X/DfM`: the tag, the action under the Basic Profile, the options. Throws on a column or a code
 * that is not known.
 */
function toCompact(row: Row): string {
  const tag = /^[0-9a-fx]{8}$/.test(row.id) ? row.id : /where-gggg-is-odd/.test(row.id) ? 'private0' : null;
  if (tag === null || !/^[XZDU]([/][ZDU][*]?)*$/.test(row.basicProfile))
    throw new Error(`row not understood: ${row.id} ${row.basicProfile}`);
  const options = Object.entries(row)
    .filter(([key]) => key.endsWith('Opt'))
    .map(([key, action]) => {
      const letter = COLUMNS[key as keyof typeof COLUMNS];
      if (letter === undefined || (action !== 'K' && action !== 'C'))
        throw new Error(`option not understood: ${row.id} ${key}`);
      return action === 'K' ? letter : letter.toUpperCase();
    });
  return `${tag}${row.basicProfile.replaceAll('/', '')}${options.length > 0 ? `:${options.sort().join('')}` : ''}`;
}

function lines(words: readonly string[]): string {
  const wrapped: string[] = [''];
  for (const word of words) {
    const last = wrapped.at(-1) ?? '';
    if (last.length + word.length > 130) wrapped.push(word);
    else wrapped[wrapped.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return wrapped.join('\n');
}

function generate(json: string): string {
  const rows = (JSON.parse(json) as Row[]).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const digest = createHash('sha256').update(json).digest('hex');
  return `/**
 * PS3.15 Table E.1-1, ${rows.length} rows. Written by scripts/generate-profile-table.ts; never edited. A row:
 * the tag, the choices of the Basic Profile without their strokes, and behind a colon one letter an option
 * that has a word on it (lower case K, upper case C): ${Object.entries(COLUMNS)
   .map(([key, letter]) => `${letter} ${key}`)
   .slice(0, 5)
   .join(', ')},
 * ${Object.entries(COLUMNS)
   .map(([key, letter]) => `${letter} ${key}`)
   .slice(5)
   .join(', ')}.
 */
export const PROFILE_EDITION = '${EDITION}';
/** SHA-256 of the JSON that this was made from. */
export const PROFILE_SOURCE_DIGEST = '${digest}';
export const PROFILE_TABLE = \`
${lines(rows.map(toCompact))}
\`;
`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false } },
});
const source = positionals[0] ?? SOURCE;
if (!existsSync(source)) {
  console.log(`${source} is not here: the profile's table was not ${values.check ? 'compared' : 'written'}`);
  process.exit(values.check ? 0 : 1);
}
const generated = generate(readFileSync(source, 'utf8'));
if (!values.check) writeFileSync(TARGET, generated);
else if (readFileSync(TARGET, 'utf8') !== generated) {
  console.error(
    'profile.generated.ts is not what the table gives: run node scripts/generate-profile-table.ts',
  );
  process.exit(1);
}
