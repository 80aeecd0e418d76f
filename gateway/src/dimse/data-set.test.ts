/** A Data Set with Sequences of a peer that means harm. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AssociationFailed } from './association-failed.ts';
import { encodeSequence, parseDataSet, uidIn } from './data-set.ts';
import { encodeElements } from './elements.ts';

const test = suite('a Data Set with Sequences');
const FAILED_SOP_SEQUENCE = 0x00081198;
const REFERENCED_SOP_SEQUENCE = 0x00081199;
const REFERENCED_SOP_INSTANCE_UID = 0x00081155;
const isSequence = (tag: number): boolean => tag === FAILED_SOP_SEQUENCE || tag === REFERENCED_SOP_SEQUENCE;

const items = (tag: number, count: number) =>
  encodeSequence(
    tag,
    Array.from({ length: count }, (_, at) => [[REFERENCED_SOP_INSTANCE_UID, `1.2.${at}`]] as const),
  );

test('has the thousand Items that anybody asks about', () => {
  const { sequences } = parseDataSet(items(REFERENCED_SOP_SEQUENCE, 1000), isSequence);
  const found = sequences.get(REFERENCED_SOP_SEQUENCE)!;
  assert.equal([found.length, uidIn(found[999]!, REFERENCED_SOP_INSTANCE_UID)], [1000, '1.2.999']);
});

test('with more Items or elements than anybody needs is refused, however they are divided', () => {
  const empty = (count: number) => encodeSequence(REFERENCED_SOP_SEQUENCE, Array(count).fill([]));
  const elements = Buffer.concat(Array(40_000).fill(encodeElements([[0x00080001, '']])));
  for (const [what, bytes] of [
    ['empty Items', empty(100_000)],
    [
      'two Sequences',
      Buffer.concat([items(FAILED_SOP_SEQUENCE, 3000), items(REFERENCED_SOP_SEQUENCE, 3000)]),
    ],
    ['many Sequences', Buffer.concat(Array.from({ length: 5000 }, () => empty(1)))],
    ['elements', elements],
  ] as const)
    assert.throws(
      () => parseDataSet(bytes, isSequence),
      (error: unknown) => error instanceof AssociationFailed && /too many/.test(error.message),
      what,
    );
});

test.run();
