/** CSV at its limits, under each header that the contract suggests: the closed lists of words in its answers. */
import { countTo, plain, repeatTo, textKind, type Kind, type Place } from './body.ts';

/** No table of ours has it. */
const UNUSABLE = ['nothing', 'nobody'] as const;

type Header = readonly string[];
const row = (header: Header, cell: string): string => `${header.map(() => cell).join(',')}\n`;

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
    textKind(`columns-${nth}`, (bytes) => countTo(bytes, (at) => `,c${at}`, line)),
  ];
}

export const csvKinds = ({ words }: Place): readonly Kind[] => [UNUSABLE, ...words].flatMap(kindsUnder);
