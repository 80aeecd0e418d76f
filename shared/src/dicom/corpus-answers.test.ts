/**
 * Every hostile and broken file of the corpus has one answer, and the answer names what is wrong with that
 * file. The conflict of the duplicate files is found later, where the others are known: read alone, each of
 * them is ready.
 */
import { mkdtempSync, openAsBlob, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ANSWERS_IN_TURN,
  ARCHIVE_ANSWERS,
  bigPrivateInstance,
  CORPUS_ANSWERS,
  READY,
  unpackNames,
  type Answer,
} from '#testing/corpus-answers.ts';
import { realFiles } from '#testing/corpus-files.ts';
import { skipped, testEnvironment } from '#testing/environment.ts';
import { blobSource, bytesSource } from './byte-source.ts';
import { readInstance } from './part10.ts';

/** Rows that one refusal may answer: more would mean that it no longer says what is wrong. */
const ROWS_PER_REFUSAL = 8;

const { corpus } = testEnvironment();
const test = suite('answers to the corpus');

async function answerOf(file: string): Promise<Answer> {
  const outcome = await readInstance(blobSource(await openAsBlob(file)));
  return outcome.kind === 'refused' ? outcome.because : [...outcome.instance.warnings].sort();
}

function sorted(answer: Answer): Answer {
  return typeof answer === 'string' ? answer : [...answer].sort();
}

test('no reason covers more than a few rows', () => {
  const inTurn = Object.values(ANSWERS_IN_TURN).map(({ answer }) => answer);
  const refusals = [...Object.values(CORPUS_ANSWERS), ...inTurn].filter(
    (answer) => typeof answer === 'string',
  );
  const rows = Map.groupBy(
    [...refusals, ...Object.values(ARCHIVE_ANSWERS).map(({ because }) => because)],
    (because) => because,
  );
  for (const [because, same] of rows) assert.ok(same.length <= ROWS_PER_REFUSAL, because);
});

test('an instance with 10 MiB of private bytes is ready, and the bytes are not read', async () => {
  const source = bytesSource(bigPrivateInstance());
  let read = 0;
  const outcome = await readInstance({
    size: source.size,
    read(offset, length) {
      read += length;
      return source.read(offset, length);
    },
  });
  assert.is(outcome.kind, 'ready');
  assert.ok(read < 256 * 1024);
});

if (corpus) {
  const bad = join(corpus, 'bad');
  for (const [name, answer] of Object.entries(CORPUS_ANSWERS)) {
    test(`${name}: ${typeof answer === 'string' ? answer : 'ready'}`, async () => {
      assert.equal(await answerOf(join(bad, name)), sorted(answer));
    });
  }

  test('every broken file of the corpus has its row', () => {
    const files = readdirSync(bad).filter((name) => name.endsWith('.dcm'));
    assert.equal(
      files.filter((name) => !(name in CORPUS_ANSWERS)),
      [],
    );
  });

  test('if the preamble is replaced anyway, a forbidden one is accepted', async () => {
    for (const [name, answer] of Object.entries(CORPUS_ANSWERS)) {
      if (answer !== 'forbidden-preamble') continue;
      const outcome = await readInstance(bytesSource(readFileSync(join(bad, name))), undefined, 'replaced');
      assert.is(outcome.kind, 'ready', name);
    }
  });

  test('a file name decides nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'relay-names-'));
    try {
      const files = await unpackNames(bad, folder);
      assert.is(files.length, 9);
      for (const file of files) assert.equal(await answerOf(file), READY, file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('every real file ends as its manifest expects', async () => {
    for (const { path, expect, expectWhy } of realFiles(corpus)) {
      const outcome = await readInstance(blobSource(await openAsBlob(join(corpus, path))));
      const answer = outcome.kind === 'refused' ? outcome.because : 'ready';
      assert.is(
        answer,
        expect !== 'refused' ? 'ready' : expectWhy === 'truncated' ? 'truncated' : 'missing-uid',
        path,
      );
    }
  });
} else skipped('the answers to broken and hostile files', 'the corpus is not there');

test.run();
