/**
 * Writes `shared/src/deid/naming.generated.ts` from `tables/naming-attributes.tsv`, the second table of
 * de-identification: attributes that name a person, a place, an organisation, a device or an address, or hold a note,
 * although PS3.15 Table E.1-1 has no row for them; and rows of Table E.1-1 whose X would make a valid object
 * invalid. Each row has its reason and the day on which it was judged; K means: kept, and why.
 *
 *   node scripts/generate-naming-table.ts [--check]     --check writes nothing and exits 1 where the file is not what would be written
 *
 * Throws on a row that PS3.6 (`keywords.generated.ts`) does not know, or that is written in another form.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dictionaryVR, loadKeywords, tagName } from '../shared/src/dicom/dictionary.ts';

const SOURCE = new URL('tables/naming-attributes.tsv', import.meta.url);
const TARGET = new URL('../shared/src/deid/naming.generated.ts', import.meta.url);
const HEADING = 'tag\tkeyword\tvr\taction\toptions\treason\tjudged';
const LINE_LENGTH = 132;

/** Actions of Table E.1-1a, and options as `profile.generated.ts` writes them: d, i kept, T cleaned. */
type Row = { readonly tag: number; readonly action: string; readonly options: string };

function toRow(line: string, keywords: ReadonlyMap<number, string>): Row {
  const [id = '', keyword = '', vr = '', action = '', options = '', reason = '', judged = ''] =
    line.split('\t');
  const tag = Number.parseInt(id, 16);
  const isForm =
    /^[0-9a-f]{8}$/.test(id) &&
    /^[XZDK]$/.test(action) &&
    /^[diT]*$/.test(options) &&
    reason !== '' &&
    /^\d{4}-\d\d-\d\d$/.test(judged);
  if (!isForm || keywords.get(tag) !== keyword || dictionaryVR(tag) !== vr)
    throw new Error(`naming-attributes.tsv, row not understood: ${line} (${tagName(tag)})`);
  return { tag, action, options };
}

function wrap(words: readonly string[]): string {
  const lines: string[] = [''];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length >= LINE_LENGTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}

function generate(tsv: string, keywords: ReadonlyMap<number, string>): string {
  const [heading, ...lines] = tsv.trimEnd().split('\n');
  if (heading !== HEADING) throw new Error(`naming-attributes.tsv does not begin with ${HEADING}`);
  const rows = lines.map((line) => toRow(line, keywords));
  for (const [at, { tag }] of rows.entries())
    if (at > 0 && tag <= rows[at - 1]!.tag)
      throw new Error(`naming-attributes.tsv: ${tagName(tag)} is out of order`);
  const changing = rows.filter(({ action }) => action !== 'K');
  const words = changing.map(
    ({ tag, action, options }) =>
      `${tag.toString(16).padStart(8, '0')}${action}${options === '' ? '' : `:${options}`}`,
  );
  return `/**
 * The second table: of the ${rows.length} attributes that scripts/tables/naming-attributes.tsv judges,
 * ${changing.length} are not kept. Written by scripts/generate-naming-table.ts; never edited.
 * Rows as in \`profile.generated.ts\`.
 */
export const NAMING_TABLE = \`
${wrap(words)}
\`;
`;
}

const generated = generate(readFileSync(SOURCE, 'utf8'), await loadKeywords());
if (!process.argv.includes('--check')) writeFileSync(TARGET, generated);
else if (readFileSync(TARGET, 'utf8') !== generated) {
  console.error('naming.generated.ts is not current: run node scripts/generate-naming-table.ts');
  process.exitCode = 1;
}
