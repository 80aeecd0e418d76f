/** CSV: what is written is read again as it was, no spreadsheet runs any of it, and broken files name their row. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BYTE_ORDER_MARK, CsvBroken, readList, writeCsv, writeList, type CsvRow } from './csv.ts';
import { parseCsv } from './parse-csv.ts';

async function* piecesOf(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function read(text: string | Uint8Array, size?: number): Promise<CsvRow[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return Array.fromAsync(parseCsv(piecesOf(bytes, size)));
}
const brokenAt = async (text: string): Promise<string> => {
  const error = await read(text).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, CsvBroken);
  const { row, fault } = error as CsvBroken;
  return `${row} ${fault}`;
};

const cell = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...`=+-@'";,\t\r\n ＝a1`), maxLength: 8 }),
);

test('rows are read again as they were written', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      async (rows, size) => {
        const written = [['first', 'second', 'third'], ...rows.map((cells) => ['1', ...cells])];
        const cells = (await read(BYTE_ORDER_MARK + writeCsv(written), size)).map((row) => row.cells);
        assert.equal(cells, written);
      },
    ),
    { seed: 16, numRuns: 150 },
  );
});

test('no cell begins with a sign of a formula, whatever separates cells', async () => {
  const hostile = [
    '=1+1',
    '+49',
    '-2',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    "'=1",
    '＝1',
    'a;=1',
    "a;'=1",
    'a\t@b',
    'a;"=1&"',
    'a\n=1+1\nb',
    'a\r=1+1\rb',
    "a\r\n'@b",
  ];
  const written = writeCsv([hostile]);
  // A spreadsheet may end a row at any line break, also within quotes, and passes over quotes before a formula.
  for (const separator of [',', ';', '\t'])
    for (const part of written.trimEnd().split(separator))
      for (const line of part.split(/[\r\n]/))
        assert.not.match(line, /^"*[=+\-@\t\r＝＋－＠]/, JSON.stringify(part));
  assert.equal((await read(written))[0]?.cells, hostile);
});

test('rows are counted as in a spreadsheet, whatever separates them and their cells', async () => {
  const rows = [
    { row: 1, cells: ['a', 'b'] },
    { row: 2, cells: ['1\n2', ''] },
    { row: 4, cells: ['x', 'y;z,\t'] },
  ];
  for (const delimiter of [',', ';', '\t'])
    for (const end of ['\r\n', '\n']) {
      const text = [`a${delimiter}b`, `"1\n2"${delimiter}`, '', `x${delimiter}"y;z,\t"`].join(end);
      assert.equal(await read(text), rows, JSON.stringify(text));
    }
  assert.equal(await read(''), []);
});

test('a broken file names the row where it breaks', async () => {
  assert.is(await brokenAt('a,b\r\n1,2\r\n3,"4'), '3 quotes');
  assert.is(await brokenAt('a,b\r\n1,"2"x\r\n'), '2 quotes');
  assert.is(await brokenAt(`a,b\r\n1,2\r\n"${'x'.repeat(70_000)}`), '3 too-long');
  assert.is(await brokenAt(`a,b\r\n1,2\r\n${','.repeat(65_536)}\r\n`), '3 too-long');
  assert.is((await read(`a,b\r\n1,2\r\n${','.repeat(65_535)}\r\n`)).length, 3);
  const [, long] = await read(`a,b\r\n"${','.repeat(60_000)}",${'x'.repeat(4096)}`);
  assert.equal(
    long!.cells.map(({ length }) => length),
    [4096, 4096],
    'a cell is cut where nothing may be as long',
  );
});

test('a cell of 4 096 characters is read whole, and of a longer one as many', async () => {
  const cell = `${'x'.repeat(4095)}z`;
  assert.equal((await read(`a\r\n${cell}\r\n${cell}y`)).slice(1), [
    { row: 2, cells: [cell] },
    { row: 3, cells: [cell] },
  ]);
});

test('bytes that are not UTF-8 spoil their own row alone', async () => {
  const bytes = Buffer.from('Name\r\nM\xfcller\r\nMeier\r\n', 'latin1');
  assert.equal(
    (await read(bytes)).map(({ cells }) => cells[0]),
    ['Name', 'M\uFFFDller', 'Meier'],
  );
});

test('a file in UTF-16 is read by its byte order mark, in pieces of any size', async () => {
  const text = 'Name;Vorname\r\nŁuczak;山田\r\n';
  const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(`\uFEFF${text}`)])
    for (const size of [1, 3, bytes.length])
      assert.equal(
        (await read(bytes, size)).map(({ cells }) => cells),
        [
          ['Name', 'Vorname'],
          ['Łuczak', '山田'],
        ],
      );
});

test('a list in a cell is read again as it was', async () => {
  const value = fc
    .string({ unit: fc.constantFrom(...`,"' a;é`), minLength: 1, maxLength: 6 })
    .map((text) => text.trim())
    .filter((text) => text !== '');
  await fc.assert(
    fc.property(fc.array(value, { maxLength: 4 }), (values) => {
      assert.equal(readList(writeList(values)), values);
    }),
    { seed: 16, numRuns: 300 },
  );
  assert.equal(readList('chest, "a, b" ,second look'), ['chest', 'a, b', 'second look']);
});

test.run();
