/**
 * Each model fails for what it is there to notice. That takes an hour, so here it is only seen that every
 * line still stands where it is to be changed; `RELAY_MUTATIONS=all` runs the models on a copy with each of
 * them, and `RELAY_MUTATIONS=<words>` those whose description or model holds the words.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { copyWith } from '../../../shared/testing/mutated-copy.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const wanted = process.env['RELAY_MUTATIONS'] ?? '';

test('every line that a mutant changes stands in its file, once', async () => {
  for (const { what, file, from } of MUTANTS) {
    assert.is((await readFile(join(ROOT, file), 'utf8')).split(from).length - 1, 1, `"${what}" in ${file}`);
  }
});

/** What the model says of the mutant; null: nothing. */
async function noticed(mutant: Mutant): Promise<string | null> {
  const copy = await copyWith([mutant]);
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(copy.root, mutant.model)], {
        cwd: copy.root,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      child.once('error', reject);
      child.once('close', (code) =>
        resolve(
          code === 0
            ? null
            : (/(?:Got error|Got Assertion)?: (.*)/.exec(/Got .*/.exec(said)?.[0] ?? '')?.[1] ??
                'it does not run'),
        ),
      );
    });
  } finally {
    await copy.remove();
  }
}

const tried =
  wanted === ''
    ? []
    : MUTANTS.filter(({ what, model }) => wanted === 'all' || `${what} ${model}`.includes(wanted));
for (const mutant of tried) {
  test(`${mutant.what}: noticed by ${mutant.model}`, async () => {
    const said = await noticed(mutant);
    process.stdout.write(`${said === null ? 'SURVIVED' : 'noticed '}  ${mutant.what}: ${said ?? ''}\n`);
    assert.ok(said !== null && said !== 'it does not run', String(said));
  });
}

test.run();
