/** A modality worklist that answers more than anybody asked for. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openDimsePeer, respond, type Asked } from '../../testing/dimse-peer.ts';
import { encodeSequence } from '../../dimse/data-set.ts';
import { encodeCommand, encodeElements } from '../../dimse/elements.ts';
import { encodeData } from '../../dimse/pdu.ts';
import { askWorklist } from './dimse-worklist.ts';

const test = suite('a modality worklist');
const { signal } = new AbortController();
const DAY = '2026-11-23';
const STEPS = 2000;
const LIMIT = 500;

/** One requested procedure with many planned steps. */
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
  return [
    encodeData({ contextId, isCommand: true, isLast: true, fragment: command }),
    encodeData({ contextId, isCommand: false, isLast: true, fragment: dataSet }),
  ];
};

test('gives at most as many orders as were asked for, however many steps an answer has', async () => {
  const peer = await openDimsePeer({
    answer: (asked) => [
      ...pending(asked, row('20251123')),
      ...pending(asked, row('20261123')),
      ...respond(asked, 0),
    ],
  });
  try {
    const address = { isTls: false, host: '127.0.0.1', port: peer.port, calledAE: 'RIS', callingAE: 'R' };
    const question = { from: DAY, to: DAY, patientId: null, limit: LIMIT };
    const { orders, isCut } = await askWorklist({ address, tls: { ca: null, own: null } }, question, signal);
    assert.equal([orders.length, isCut], [LIMIT, true]);
    assert.ok(orders.every(({ scheduledOn }) => scheduledOn === DAY));
  } finally {
    peer.close();
  }
});

test.run();
