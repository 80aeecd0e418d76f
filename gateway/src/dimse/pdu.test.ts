/** The upper layer and the elements of commands, byte by byte, and what a hostile peer may send in their place. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AssociationFailed, VIOLATED } from './association-failed.ts';
import { encodeCommand, encodeElements, numberIn, parseElements, textIn } from './elements.ts';
import { encodeAssociateRequest, encodeData, parsePdu, parsePduHeader, RECEIVED_BYTES_LIMIT } from './pdu.ts';
import { trimmed } from './read-bounded.ts';

const test = suite('a PDU');

/** Refused as a violation, and by nothing else. */
function refuses(read: () => unknown, what: string): void {
  try {
    read();
  } catch (error) {
    assert.ok(
      error instanceof AssociationFailed && error.connection === VIOLATED,
      `${what}: ${String(error)}`,
    );
    return;
  }
  assert.unreachable(what);
}
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('that asks for an association has the fields of PS3.8 Table 9-11 and its items', () => {
  const request = encodeAssociateRequest({
    ...{ calledAE: 'ORTHANC', callingAE: 'RELAYPACS' },
    contexts: [{ id: 1, abstractSyntax: '1.2.3', transferSyntaxes: ['1.2.4', '1.2.5'] }],
    takes: ['1.2.3'],
  });
  assert.is(request[0], 1);
  assert.is(request.readUInt32BE(2), request.length - 6);
  assert.is(request.readUInt16BE(6), 1);
  assert.is(request.toString('latin1', 10, 42), 'ORTHANC         RELAYPACS       ');
  const items = request.subarray(74).toString('hex');
  const context = '20 00 00 1f 01000000 3000 0005 312e322e33 4000 0005 312e322e34 4000 0005 312e322e35';
  assert.ok(items.includes(hex(context).toString('hex')));
  assert.ok(items.includes(hex('51 00 0004 00020000').toString('hex')), 'the longest PDU that we take');
  assert.ok(items.includes(hex('54 00 0009 0005 312e322e33 00 01').toString('hex')), 'SCP of the class');
});

test('of data carries one fragment with its header', () => {
  const data = encodeData({ contextId: 3, isCommand: false, isLast: true, fragment: hex('cafe') });
  assert.equal(data, hex('04 00 00000008 00000004 03 02 cafe'));
  assert.equal(parsePdu(4, data.subarray(6)), {
    kind: 'data',
    values: [{ contextId: 3, isCommand: false, isLast: true, fragment: hex('cafe') }],
  });
});

test('that is too long, or none, is refused by its header alone', () => {
  for (const length of [RECEIVED_BYTES_LIMIT + 1, 0x7fffffff, 0xffffffff]) {
    const header = Buffer.of(4, 0, 0, 0, 0, 0);
    header.writeUInt32BE(length, 2);
    refuses(() => parsePduHeader(header), String(length));
  }
  for (const type of [0, 8, 0x16, 0x48, 0xff])
    refuses(() => parsePduHeader(Buffer.of(type, 0, 0, 0, 0, 4)), String(type));
  refuses(() => parsePdu(1, Buffer.alloc(80)), 'a request');
});

test('is refused where its lengths lead beyond its end, or it is empty', () => {
  const bad = [
    '',
    '00000004 0102 ca',
    'ffffffff 0102 cafe',
    '00000001 01',
    '00000000',
    '00000002 0100',
    '000000',
  ];
  for (const content of bad) refuses(() => parsePdu(4, hex(content)), content);
  const fixed = Buffer.alloc(68);
  for (const items of [
    '21',
    '2100',
    '2100ffff',
    '21000004 01000000 21',
    '21000006 01000000 4000',
    '50000004 51000004',
  ])
    refuses(() => parsePdu(2, Buffer.concat([fixed, hex(items)])), items);
  refuses(() => parsePdu(2, fixed.subarray(1)), 'cut');
  refuses(() => parsePdu(3, hex('0001')), 'a cut rejection');
});

test('with more contexts or items than there may be is refused', () => {
  const context = hex('21000004 01000000');
  const answer = (count: number): Buffer =>
    Buffer.concat([Buffer.alloc(68), ...Array.from({ length: count }, () => context)]);
  assert.is(parsePdu(2, answer(128)).kind, 'associate-accept');
  refuses(() => parsePdu(2, answer(129)), 'contexts');
  const nothing = Array.from({ length: 2000 }, () => hex('99000000'));
  refuses(() => parsePdu(2, Buffer.concat([Buffer.alloc(68), ...nothing])), 'items');
});

test('cut at any byte, or with any byte changed, is read or refused, and nothing else happens', () => {
  const answer = Buffer.concat([
    Buffer.alloc(68),
    hex('10000003 312e32 2100000d 01000000 40000005312e322e34 50000008 51000004 00004000'),
  ]);
  assert.is(parsePdu(2, answer).kind, 'associate-accept');
  for (let at = 0; at < answer.length; at++)
    for (const changed of [answer.subarray(0, at), ...[0, 0x7f, 0xff].map((byte) => answer.with(at, byte))])
      try {
        parsePdu(2, Buffer.from(changed));
      } catch (error) {
        assert.ok(error instanceof AssociationFailed, String(error));
      }
});

test('holds a command as PS3.7 writes it: its length first, UIDs padded with a null byte', () => {
  const command = encodeCommand([
    [0x0002, '1.2'],
    [0x0100, 0x0030],
  ]);
  const rest = '0000 0200 04000000 312e3200 0000 0001 02000000 3000';
  assert.equal(command, hex(`0000 0000 04000000 16000000 ${rest}`));
  const read = parseElements(command);
  assert.equal([textIn(read, 0x0002), numberIn(read, 0x0100), numberIn(read, 0x0900)], ['1.2', 0x30, null]);
  assert.equal(encodeElements([[0x00080052, 'IMAGE']]), hex('0800 5200 06000000 494d414745 20'));
});

test('holds no elements that are cut, end beyond their end or are too many', () => {
  for (const bad of [
    '00',
    '0000 0200 04000000 3132',
    '0000 0200 ffffffff',
    '0800 4011 ffffffff feff00e0 00000000',
  ])
    refuses(() => parseElements(hex(bad)), bad);
  const many = Array.from({ length: 300 }, (_, at): [number, number] => [at, 1]);
  refuses(() => parseElements(encodeElements(many)), 'too many');
});
test('take the padding off a text from both ends at once', () => {
  const text = Buffer.from('1.2.840');
  const padding = Buffer.alloc(120_000, '\0 ');
  for (const padded of [text, Buffer.concat([text, padding]), Buffer.concat([padding, text])])
    assert.is(trimmed(padded), '1.2.840');
  assert.is(trimmed(padding), '');
  // A search for the padding from each of its bytes would need minutes.
  const begun = Buffer.concat([text, padding, text]);
  for (let count = 0; count < 50; count++) assert.is(trimmed(begun).length, begun.length);
});
test.run();
