/** Storage commitment with a peer that reports in its own way: in any encoding, late, on something else, or wrongly. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dimseAt, openDimsePeer, respond, say, type Peer, type Script } from '../../testing/dimse-peer.ts';
import { failsWith } from '../../testing/failing.ts';
import { createDimsePacs } from './dimse-pacs.ts';
import { PacsDoesNotCommit } from './pacs.ts';
import { encodeSequence } from '../../dimse/data-set.ts';
import { encodeCommand, encodeElements } from '../../dimse/elements.ts';

const test = suite('storage commitment over DIMSE');
const { signal } = new AbortController();
const OURS = '2.25.1';
const WISH = { transactionUID: OURS, instances: [{ sopClassUID: '1.2', sopInstanceUID: '1.2.3' }] };

const peers: Peer[] = [];
test.after(() => {
  for (const peer of peers) peer.close();
});

const COMMAND = encodeCommand([
  [0x002, '1.2.840.10008.1.20.1'],
  [0x100, 0x0100],
  [0x110, 9],
  [0x800, 1],
  [0x1000, '1.2.840.10008.1.20.1.1'],
  [0x1002, 1],
]);
async function askAt(answer: Script['answer']) {
  const peer = await openDimsePeer({ answer: answer! });
  peers.push(peer);
  return createDimsePacs({ ...dimseAt(peer.port), commitment: true }).askCommitment!(WISH, signal);
}

/** The answer of a PACS that reports with these Data Sets. */
const asking = (...reports: readonly Buffer[]) =>
  askAt((asked) =>
    asked.field === 0x0130
      ? [...respond(asked, 0), ...reports.flatMap((report) => say(1, COMMAND, report))]
      : [],
  );

const transaction = (uid: string): Buffer => encodeElements([[0x00081195, uid]]);
const named = (uid: string) => [[0x00081155, uid]] as const;
const KEEPS = Buffer.concat([transaction(OURS), encodeSequence(0x00081199, [named('1.2.3')])]);
/** The same with lengths that are not defined (PS3.5 §7.5.1). */
const ENDLESS = Buffer.concat([
  transaction(OURS),
  Buffer.from('08009911ffffffff' + 'feff00e0ffffffff', 'hex'),
  encodeElements(named('1.2.3')),
  Buffer.from('feff0de000000000' + 'feffdde000000000', 'hex'),
]);

test('is read with lengths that are defined, and with such that are not', async () => {
  for (const report of [KEEPS, ENDLESS]) {
    const said = await asking(report);
    assert.equal([...said!.committed], ['1.2.3']);
    assert.is(said!.failed.size, 0);
  }
});

test('of an instance that is named as kept and as failed is a failure', async () => {
  const failed = [[...named('1.2.3'), [0x00081197, 0x0119]] as const];
  const said = await asking(Buffer.concat([KEEPS, encodeSequence(0x00081198, failed)]));
  assert.equal([...said!.failed], [['1.2.3', 0x0119]]);
  assert.is(said!.committed.size, 0);
});

test('on another request is passed over', async () => {
  const other = Buffer.concat([transaction('2.25.2'), encodeSequence(0x00081199, [named('1.2.3')])]);
  assert.equal([...(await asking(other, KEEPS))!.committed], ['1.2.3']);
  assert.is(await asking(other), null);
});

test('that is malformed, or has no end, is none', async () => {
  const broken = [
    encodeElements(named('1.2.3')),
    Buffer.concat([transaction(OURS), Buffer.from('08009911ffffffff', 'hex')]),
    ENDLESS.subarray(0, -8),
    Buffer.concat([transaction(OURS), Buffer.from('0800991100000100', 'hex')]),
    Buffer.concat([transaction(OURS), encodeSequence(0x00081199, []), Buffer.from('feff', 'hex')]),
    Buffer.concat([transaction(OURS), Buffer.from('08009911ffffffff'.repeat(9), 'hex')]),
  ];
  for (const report of broken) assert.is(await asking(report), null);
});

test('that the PACS does not take is told from its silence', async () => {
  const error = await failsWith(
    askAt((asked) => respond(asked, 0x0122)),
    PacsDoesNotCommit,
  );
  assert.is(error.status, 0x0122);
});
test.run();
