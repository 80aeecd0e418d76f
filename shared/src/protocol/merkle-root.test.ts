/** The Merkle root of a receipt: the tree of RFC 9162, and how many digests it asks for at once. */
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { merkleRoot, type ReceiptInstance } from './receipt.ts';

const test = suite('the Merkle root of a receipt');

function instancesOf(count: number): ReceiptInstance[] {
  return Array.from({ length: count }, (_, i) => ({
    sopInstanceUID: `2.25.${i}`,
    digest: `sha256:${i.toString(16).padStart(64, '0')}`,
    bytes: 1,
    state: 'stored' as const,
  }));
}

const hashOf = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 9162 §2.1.1 as it is written there: the list is split at the largest power of two below its length. */
function rootByRfc(leaves: readonly string[]): Buffer {
  if (leaves.length === 0) return hashOf();
  if (leaves.length === 1) return hashOf(Buffer.of(0), leaves[0]!);
  const split = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return hashOf(Buffer.of(1), rootByRfc(leaves.slice(0, split)), rootByRfc(leaves.slice(split)));
}

test('is that of RFC 9162 for each number of instances, whether even, odd or a power of two', async () => {
  for (const count of [0, 1, 2, 3, 5, 8, 11, 255, 256, 257, 513, 777]) {
    const instances = instancesOf(count);
    const leaves = instances.map((one) => `${one.sopInstanceUID}\n${one.digest}\n${one.state}`);
    assert.is(await merkleRoot(instances), rootByRfc(leaves).toString('hex'), `of ${count}`);
  }
});

test('asks for some hundred digests at once, so that a large study does not hold the event loop', async () => {
  const { subtle } = crypto;
  const digest = subtle.digest.bind(subtle);
  let open = 0;
  let most = 0;
  subtle.digest = async (...question) => {
    most = Math.max(most, ++open);
    const answer = await digest(...question);
    open--;
    return answer;
  };
  try {
    await merkleRoot(instancesOf(2000));
  } finally {
    subtle.digest = digest;
  }
  assert.ok(most > 0 && most <= 256, `${most} at once`);
});

test.run();
