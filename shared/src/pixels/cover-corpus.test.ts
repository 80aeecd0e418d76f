/**
 * Real files, and every form of pixels that pydicom and dcmtk write: boxes are blank in them and nothing else is
 * changed, and de-identified they pass the gateway's check. Slow for the bytes: 60 MB are read and decoded.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { covered, DECODING, faultsOf, type CoveredBytes } from '#testing/covered-file.ts';
import { representativeFiles } from '#testing/corpus-files.ts';
import { bytesOf, parsed, pseudonymsOf, rulesOf } from '#testing/deidentified-file.ts';
import { IS_WHOLE_PROOF, skipped, testEnvironment } from '#testing/environment.ts';
import { inFolder } from '#testing/in-folder.ts';
import { pydicomVersion, writeOddPixels } from '#testing/reference-pixels.ts';
import { claimedBoxes, formatBox, type Box, type CoveredBoxes } from '../dicom/boxes.ts';
import type { ParsedInstance } from '../dicom/data-set.ts';
import { deidentifyInstance } from '../deid/deidentify-instance.ts';
import { checkResidue } from '../deid/residue.ts';
import { areCovered } from './check-cover.ts';
import { readFrameShape } from './frame-shape.ts';

const test = suite('covered pixels of real files');
const { corpus } = testEnvironment();
const hasPydicom = (await pydicomVersion()) !== null;
const rules = rulesOf();
const pseudonyms = await pseudonymsOf(1);

/** The gateway's doubts about it once it is de-identified; empty: none. */
async function doubtsOf({ instance, boxes }: CoveredBytes): Promise<string[]> {
  const outcome = await deidentifyInstance(instance, rules, pseudonyms, {
    looked: ['pixels', 'form'],
    covered: boxes as CoveredBoxes,
  });
  if (outcome.kind !== 'ready') return [outcome.because];
  const sent = await parsed(await bytesOf(outcome.segments, instance.dataSet));
  const claimed = claimedBoxes(sent.elements) ?? [];
  const residue = await checkResidue(sent, rules, pseudonyms);
  return [
    ...residue.map(({ tag }) => `${tag} remains`),
    ...(claimed.map(formatBox).join() === boxes.map(formatBox).join() ? [] : ['it claims other boxes']),
    ...((await areCovered(sent, claimed, DECODING)) ? [] : ['the check does not agree']),
  ];
}

/** A box in a corner of all frames, one in the opposite corner of the first. */
function boxesFor(instance: ParsedInstance): Box[] | null {
  const shape = readFrameShape(instance);
  if ('because' in shape) return null;
  const { rows, columns } = shape;
  const size = { width: Math.max(1, columns >> 2), height: Math.max(1, rows >> 2) };
  return [
    { ...size, x: Math.min(1, columns - 1), y: 0, frames: null },
    { ...size, x: columns - size.width, y: rows - size.height, frames: [1, 1] },
  ];
}

/** Covers each file and looks at its first, middle and last frame; returns what is wrong, and how many were covered. */
async function coverAll(
  paths: readonly string[],
  refused: RegExp,
): Promise<{ faults: string[]; count: number }> {
  const faults: string[] = [];
  let count = 0;
  for (const path of paths) {
    const instance = await parsed(new Uint8Array(await readFile(path))).catch(() => null);
    const boxes = instance && boxesFor(instance);
    if (!instance || !boxes) continue;
    const { frames } = readFrameShape(instance) as { frames: number };
    const made = await covered(instance, boxes).catch((error: Error) => error.message);
    if (made === null || typeof made === 'string') {
      if (!refused.test(path)) faults.push(`${path}: ${made}`);
      continue;
    }
    count += 1;
    const some = [...new Set([0, frames >> 1, frames - 1])];
    faults.push(...(await faultsOf(instance, made, some)).map((fault) => `${path}: ${fault}`));
    faults.push(...(await doubtsOf(made)).map((fault) => `${path}: ${fault}`));
  }
  return { faults, count };
}

if (hasPydicom) {
  test('every form of pixels that pydicom and dcmtk write is covered', async () => {
    const { faults, count } = await inFolder((folder) =>
      writeOddPixels(folder).then((files) =>
        coverAll(
          // By day a third of them; cover-pixels.test.ts covers each kind that is not coded.
          files.filter((_, at) => IS_WHOLE_PROOF || at % 3 === 0),
          /^$/,
        ),
      ),
    );
    assert.equal(faults, []);
    assert.ok(count > (IS_WHOLE_PROOF ? 150 : 50), `${count} files`);
  });
} else skipped('every form of pixels, covered', 'python3-pydicom is not installed');

if (corpus) {
  test('real files of every transfer syntax are covered', async () => {
    const paths = representativeFiles(corpus, ({ transferSyntax }) => `${transferSyntax}`).map(({ path }) =>
      join(corpus, path),
    );
    // Damaged on purpose: a delimiter stands inside its codestream.
    const { faults, count } = await coverAll(paths, /embedded-sequence-delimiter/);
    assert.equal(faults, []);
    assert.ok(count > (IS_WHOLE_PROOF ? 150 : 10), `${count} files`);
  });
} else skipped('real files, covered', 'the corpus is not there');

test.run();
