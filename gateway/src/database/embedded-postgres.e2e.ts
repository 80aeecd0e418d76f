// test:all: power cuts and kills take two minutes; embedded/embedded-postgres.test guards start and end
/** The embedded database survives kills, power cuts and a full disk. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { skipped } from '#testing/environment.ts';
import { seededRandom } from '#testing/synthetic-study.ts';
import { emptyDisk, mountSmallDisk, startOnFullDisk } from '../testing/full-disk.ts';
import { killUnderLoad } from '../testing/kill-under-load.ts';
import { compileForgetfulDisk, cutPower, openForgetfulDisk } from '../testing/power-cut.ts';

const test = suite('the embedded database');
const CUTS = 2;

/** A folder that PostgreSQL's account may pass through: root's own temporary folder may be closed to it. */
async function makeWorkplace(prefix: string): Promise<string> {
  const made = await mkdtemp(join(process.getuid?.() === 0 ? '/tmp' : tmpdir(), prefix));
  await chmod(made, 0o755);
  return made;
}
const folder = await makeWorkplace('relay-embedded-');
test.after(() => rm(folder, { recursive: true, force: true }));

test('killed with the gateway, without it, and alone under load: all that was acknowledged is there, once', async () => {
  const outcomes = await killUnderLoad(join(folder, 'a path with spaces'), seededRandom(3));
  assert.equal(
    outcomes.flatMap(({ faults }) => faults),
    [],
  );
  assert.ok(outcomes.at(-1)!.acknowledged > 20);
});

const library = await compileForgetfulDisk(folder);
if (library === null) skipped('a power cut of the embedded database', 'no C compiler, or no LD_PRELOAD');
else {
  test('after a power cut every promised transaction is there, whole, and no page is torn', async () => {
    const disk = await openForgetfulDisk(join(folder, 'cuts'), library);
    const outcomes = await cutPower(disk, CUTS, seededRandom(3));
    assert.equal(
      outcomes.flatMap(({ faults }) => faults),
      [],
    );
    assert.ok(outcomes.at(-1)!.promised > 0, 'something was promised');
  });

  test('positive control: without fsync the same power cuts ruin the database', async () => {
    const disk = await openForgetfulDisk(join(folder, 'without-fsync'), library, ['fsync=off']);
    const outcomes = await cutPower(disk, CUTS, seededRandom(3));
    assert.ok(outcomes.some(({ faults }) => faults.length > 0));
  });
}

const small = await makeWorkplace('relay-small-');
const unmount = await mountSmallDisk(small);
test.after(async () => {
  await unmount?.();
  await rm(small, { recursive: true, force: true });
});
if (unmount === null) skipped('a full disk under the database', 'this user may not mount a small one');
else {
  test('a full disk that is emptied in steps: all that brings something is refused as a full storage, nothing is lost, and all ends', async () => {
    const outcome = await emptyDisk(small, 4, seededRandom(1));
    assert.equal(outcome.faults, []);
    const lows = outcome.steps.map(({ isLow }) => isLow);
    assert.equal([lows[0], lows.at(-1)], [true, false], JSON.stringify(outcome.steps));
    assert.ok(outcome.refused > 0);
  });

  test('a first start on a full disk ends with words', async () => {
    const { code, words } = await startOnFullDisk(small);
    assert.is(code, 1);
    assert.match(words, /The disk of .* is full \(0 MB free\)\. Make room and start again/);
    assert.not.match(words, /[{}]|\n\s+at /);
  });
}

test.run();
