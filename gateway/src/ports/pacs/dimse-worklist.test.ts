/** A modality worklist that answers more than anybody asked for. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Encoding } from '#shared/dicom/data-set.ts';
import { encodeElements as encodeDataSet, type NewElement } from '#shared/dicom/encode.ts';
import { encodeText } from '#shared/dicom/encode-text.ts';
import { fieldsOf } from '../../testing/fields-of.ts';
import { dimseAt, openDimsePeer, respond, say, type Asked } from '../../testing/dimse-peer.ts';
import { encodeSequence } from '../../dimse/data-set.ts';
import { encodeCommand, encodeElements } from '../../dimse/elements.ts';
import { askWorklist } from './dimse-worklist.ts';

const test = suite('a modality worklist');
const { signal } = new AbortController();
const DAY = '2026-11-23';
const STEPS = 2000;
const LIMIT = 500;

/** A requested procedure with many planned steps. */
const row = (day: string): Buffer =>
  Buffer.concat([
    encodeElements([
      [0x00100010, 'Many^Ann'],
      [0x00100020, 'ID-1'],
    ]),
    encodeSequence(
      0x00400100,
      Array.from({ length: STEPS }, () => [[0x00400002, day]] as const),
    ),
  ]);

const pending = ({ contextId, id }: Asked, dataSet: Buffer): readonly Buffer[] => {
  const command = encodeCommand([
    [0x100, 0x8020],
    [0x120, id],
    [0x800, 1],
    [0x900, 0xff00],
  ]);
  return say(contextId, command, dataSet);
};

/** The answer of a worklist with these rows. */
async function answerWith(...rows: readonly Buffer[]) {
  const peer = await openDimsePeer({
    answer: (asked) => [...rows.flatMap((one) => pending(asked, one)), ...respond(asked, 0)],
  });
  const question = { from: DAY, to: DAY, patientId: null, limit: LIMIT };
  return askWorklist(dimseAt(peer.port), question, signal).finally(() => peer.close());
}

test('gives at most as many orders as were asked for, however many steps an answer has', async () => {
  const { orders, isCut } = await answerWith(row('20251123'), row('20261123'));
  assert.equal([orders.length, isCut], [LIMIT, true]);
  assert.ok(orders.every(({ scheduledOn }) => scheduledOn === DAY));
});

const IMPLICIT: Encoding = { explicitVR: false, bigEndian: false, deflated: false, encapsulated: false };
const even = (bytes: Buffer): Buffer =>
  bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.of(0x20)]);
const element = (tag: number, vr: string, value: string | Buffer): NewElement => ({
  ...{ tag, vr },
  value: even(Buffer.from(value)),
});

/** A row as a peer writes it, in its own character set; that of its step may be another. */
const rowIn = (sets: string, name: Buffer, step: readonly NewElement[] = []): Buffer =>
  Buffer.from(
    encodeDataSet(
      [
        element(0x00080005, 'CS', sets),
        element(0x00100010, 'PN', name),
        element(0x00100020, 'LO', 'ID-1'),
        {
          ...{ tag: 0x00400100, vr: 'SQ' },
          value: [[...step, element(0x00400002, 'DA', '20261123')].sort((a, b) => a.tag - b.tag)],
        },
      ],
      IMPLICIT,
    ),
  );

const ordersIn = async (one: Buffer) => (await answerWith(one)).orders;

const NAMES = [
  ['\\ISO 2022 IR 87', 'Yamada^Tarou=山田^太郎=やまだ^たろう'],
  ['ISO 2022 IR 13\\ISO 2022 IR 87', 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'],
  ['\\ISO 2022 IR 149', 'Hong^Gildong=洪^吉洞=홍^길동'],
  ['\\ISO 2022 IR 58', 'Zhang^XiaoDong=张^小东'],
  ['GB18030', 'Wang^XiaoDong=王^小东'],
  ['ISO_IR 192', 'Wang^XiaoDong=王^小東'],
  ['ISO_IR 144', 'Люкceмбypг'],
] as const;

for (const [sets, name] of NAMES)
  test(`gives names in the writing of their country: ${sets}`, async () => {
    const bytes = encodeText(sets.split('\\'), name, true)!;
    const orders = await ordersIn(rowIn(sets, Buffer.from(bytes)));
    assert.equal(fieldsOf(orders, 'patientName'), [name]);
  });

test('gives the text of a step in the character set of the step', async () => {
  const step = [element(0x00080005, 'CS', 'ISO_IR 192'), element(0x00400007, 'LO', 'Tórax')];
  const [order] = await ordersIn(rowIn('ISO_IR 144', Buffer.from('A^B'), step));
  assert.is(order?.description, 'Tórax');
});

test('gives the writings of a name that can be read, and leaves an order without any out', async () => {
  const half = Buffer.from('Yamada^Tarou=\u001b$B;3ED', 'latin1');
  const [order] = await ordersIn(rowIn('\\ISO 2022 IR 87', Buffer.concat([half, Buffer.of(0xff)])));
  assert.is(order?.patientName, 'Yamada^Tarou');
  assert.equal(await ordersIn(rowIn('', Buffer.from('Müller^Ärne', 'latin1'))), []);
});

test.run();
