/** CSV at its limits, under each header that the contract suggests: the closed lists of words in its answers. */
import { CSV_LIMITS } from '../../../gateway/src/testing/limits-of-bodies.ts';
import { CSV_ROWS_LIMIT } from '#shared/protocol/case-csv.ts';
import { countTo, plain, repeatTo, shareTo, textKind, type Kind, type Place } from './body.ts';

/** No table of ours has it. */
const UNUSABLE = ['nothing', 'nobody'] as const;

type Header = readonly string[];
const row = (header: Header, cell: string): string => `${header.map(() => cell).join(',')}\n`;

/** The longest row that is read, of cells of this text as long as they fit. */
function longRow(header: Header, cell: string): string {
  const long = Math.min(
    header.length,
    Math.floor((CSV_LIMITS.rowCharacters - 2 * header.length) / cell.length),
  );
  return `${header.map((_, at) => (at < long ? cell : 'a')).join(',')}\n`;
}
const quoted = (characters: number, unit: string): string =>
  `"${unit.repeat((characters - 2) / unit.length)}"`;

/** The rows below the header, repeated. */
const UNITS: readonly (readonly [string, (header: Header) => string])[] = [
  ['short-rows', () => 'a\n'],
  ['wrong-rows', (header) => row(header, 'a')],
  ['empty-rows', (header) => row(header, '')],
  ['dates', (header) => row(header, '2026-01-01')],
  ['long-rows', (header) => row([...header, ...header], 'a')],
  ['line-breaks', () => '\n'],
  ['quoted-line-breaks', () => '"\n"\n'],
  ['quotes', () => '""""""""\n'],
  ['apostrophes', (header) => row(header, "'".repeat(40))],
  ['quotes-never-closed', () => '"a\n'],
  ['delimiters', () => ';\t,;\t,\n'],
  ['cells', () => ','],
  ['cells-of-64-KiB', () => `${'a'.repeat(64 * 1024 - 10)}\n`],
  ['longest-cells', (header) => longRow(header, 'a'.repeat(CSV_LIMITS.cellCharacters))],
  ['longest-lists', (header) => longRow(header, quoted(CSV_LIMITS.listCharacters, 'a,'))],
  ['longest-quotes', (header) => longRow(header, quoted(CSV_LIMITS.cellCharacters, '""'))],
  [
    'most-cells',
    (header) => row([...header, ...Array<string>(CSV_LIMITS.cells - header.length).fill('')], 'a'),
  ],
  ['ids', (header) => row(header, '00000000-0000-4000-8000-000000000000')],
];

function kindsUnder(header: Header, nth: number): readonly Kind[] {
  const line = header.join(',');
  const lines = `${line}\n`;
  return [
    plain(textKind(`one-cell-${nth}`, (bytes) => repeatTo(bytes, 'a', lines))),
    ...UNITS.map(([name, unit]) =>
      textKind(`${name}-${nth}`, (bytes) => repeatTo(bytes, unit(header), lines)),
    ),
    textKind(`different-rows-${nth}`, (bytes) => countTo(bytes, (at) => row(header, `r${at}`), lines)),
    textKind(`most-rows-${nth}`, (bytes) => {
      const unit = (at: number, room: number): string =>
        row(header, `${at}`.padEnd(Math.max(1, Math.floor(room / header.length) - 1), 'a'));
      return shareTo(bytes, { most: CSV_ROWS_LIMIT - 1, least: 8 * header.length, unit }, lines);
    }),
    textKind(`columns-${nth}`, (bytes) => countTo(bytes, (at) => `,c${at}`, line)),
  ];
}

/** Far more rows than are read fit into a megabyte. */
export const csvKinds = ({ words }: Place): readonly Kind[] =>
  [UNUSABLE, ...words].flatMap(kindsUnder).map((kind) => ({ ...kind, isFile: kind.isPlain !== true }));
