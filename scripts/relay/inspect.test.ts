import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syntheticStudy } from '#testing/synthetic-study.ts';

const RELAY = fileURLToPath(new URL('../relay.ts', import.meta.url));
const test = suite('relay inspect');

test('ends silently if its reader is gone, and does not identify the patient', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-inspect-'));
  const [one] = syntheticStudy({ seed: 5, instancesPerSeries: 1, rows: 8, columns: 8 }).instances;
  await writeFile(join(folder, 'one.dcm'), one!.bytes);
  // The reader is gone before anything is written; the shell ends with what the command itself ended with.
  const script = '"$0" "$1" inspect "$2" | true; exit "${PIPESTATUS[0]}"';
  const file = join(folder, 'one.dcm');
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script, process.execPath, RELAY, file]);
  assert.equal([stdout, stderr], ['', '']);
  const whole = await promisify(execFile)(process.execPath, [RELAY, 'inspect', join(folder, 'one.dcm')]);
  assert.match(whole.stdout, /^state: ready\n/);
  assert.not.match(whole.stdout, 'QzFamily');
  await rm(folder, { recursive: true, force: true });
});

test.run();
