/** The text of a report is found wherever it stands: packed, wrapped, cut, and in what describes the file. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EXPORT_FIELD_NAMES, type ExportField } from '#shared/protocol/exports.ts';
import { openPdf } from '../../http/pdf.ts';
import { encodePng } from '../../images/encode-png.ts';
import { drawReport } from '../report/draw-report.ts';
import { REPORT_TEXTS } from '../report/report-words.ts';
import type { Cell } from '../source-row.ts';
import { createIdentityTexts } from './identity-texts.ts';
import { createFileSearch } from './search-file.ts';

const test = suite('the text of a report');
const NOBODY = { names: [], numbers: [], birthDates: [], uids: [] };
const ONE = {
  names: ['Oberhuber^Zoë'],
  numbers: ['PID-471100', 'QQ1234567890123456789012345678901234567890'],
  birthDates: ['19800224'],
  uids: ['2.25.987654321098765432109876'],
};

async function report(cells: Partial<Record<ExportField, Cell>>[], title = 'Cases'): Promise<Buffer> {
  const columns = [...new Set(cells.flatMap((one) => Object.keys(one)))] as ExportField[];
  const rest = [...cells];
  const pieces: Uint8Array[] = [];
  await drawReport(
    {
      title,
      redaction: 'anonymous',
      columns,
      reviews: {},
      notShown: { cases: 38, isMore: true },
      made: null,
    },
    {
      async next() {
        const one = rest.shift();
        return one === undefined
          ? null
          : { cells: columns.map((column) => one[column] ?? null), images: [], more: 0 };
      },
      picture: () => Promise.reject(new Error('none')),
      take: async (bytes) => void pieces.push(bytes),
    },
  );
  return Buffer.concat(pieces);
}

/** Passed in pieces of so many bytes. */
function found(pdf: Buffer, piece = 97, identity = ONE): { row: number; field: string } | null {
  const texts = createIdentityTexts(REPORT_TEXTS);
  texts.add({ ...NOBODY, ...identity });
  const search = createFileSearch(texts, 'pdf');
  for (let at = 0; at < pdf.length; at += piece) search.pass(pdf.subarray(at, at + piece));
  const cell = search.end();
  return cell && { row: cell.row, field: EXPORT_FIELD_NAMES[cell.field] ?? 'none' };
}

const CLEAN = { ageBand: '45 to 49', finding: 'positive', notes: ['lungs normal'] };

test('has nobody in it where nobody was written', async () => {
  assert.is(found(await report(Array.from({ length: 40 }, () => CLEAN))), null);
});

test('is searched case by case and field by field, however it is packed', async () => {
  for (const told of [
    'OBERHUBER',
    'seen by Zoe',
    'born 24.2.1980',
    'PID 471100',
    '(Oberhuber)',
    'x\\Oberhuber)',
  ])
    for (const piece of [1, 1024, 1_000_000]) {
      const pdf = await report([CLEAN, { ...CLEAN, notes: ['lungs normal', told] }, CLEAN]);
      assert.not.ok(pdf.includes(told.slice(-6)), 'it is packed');
      assert.equal(found(pdf, piece), { row: 2, field: 'notes' }, told);
    }
});

test('is searched over the ends of its lines', async () => {
  const told = (before: number, text: string) =>
    report([{ ...CLEAN, notes: [`${'lungs '.repeat(before)}${text}`] }]);
  for (let before = 0; before < 40; before += 1)
    assert.equal(
      found(await told(before, 'was born February 24, 1980 here')),
      { row: 1, field: 'notes' },
      `${before}`,
    );
  // A word that is longer than a line is cut.
  const long = `${'x'.repeat(140)}${ONE.uids[0]}`;
  for (let more = 0; more < 30; more += 1)
    assert.equal(found(await told(1, `${'y'.repeat(more)}${long}`)), { row: 1, field: 'notes' }, `${more}`);
});

test('is searched in the title that describes the file', async () => {
  assert.ok(found(await report([CLEAN], 'Cases of Oberhuber')));
  assert.ok(found(await report([CLEAN], 'Cases of Oberhubеr, Zoë')), 'also where it is UTF-16');
});

test('with anything but pages of text in it is refused', async () => {
  const pdf = await report([CLEAN]);
  const refused = (bytes: Buffer): void => {
    assert.throws(
      () => found(bytes),
      (error: unknown) => error instanceof Error,
    );
  };
  refused(pdf.subarray(0, -10));
  refused(pdf.subarray(0, pdf.indexOf('endstream')));
  const other = openPdf({ title: 'x', product: 'x', margin: 10, madeAt: null });
  other.addPage();
  const png = encodePng({ width: 8, height: 8, channels: 1, data: new Uint8ClampedArray(64) });
  other.image(Buffer.from(png), 0, 0);
  other.end();
  refused(other.read() as Buffer);
});

test.run();
