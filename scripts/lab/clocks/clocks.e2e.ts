/** A short run of `npm run lab -- clocks`: the steps after which studies were once lost or stuck. */
import { rm } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PATIENCE_MS, skipped } from '#testing/environment.ts';
import { findFaketime } from '../../system/shifted-clock.ts';
import { makeWorkplace } from '../database/workplace.ts';
import { type ClockStep, HOUR, runClocks, YEAR } from './run-clocks.ts';
import { CLOCKS } from './world.ts';

const ROUND: readonly ClockStep[] = [
  { clocks: ['the gateway'], ahead: 2 * HOUR, gateway: 'lives on' },
  { clocks: CLOCKS, ahead: YEAR, gateway: 'is killed' },
  { clocks: ['the database'], ahead: -YEAR, gateway: 'is stopped' },
  { clocks: CLOCKS, ahead: 0, gateway: 'lives on' },
];

const test = suite('clocks');
const library = await findFaketime();
if (library === null) skipped('clocks that are set while studies wait', 'libfaketime is not installed');
else
  test('whatever clocks are set while studies wait, each is stored once, and nobody is told of a loss', async () => {
    const folder = await makeWorkplace('relay-clocks-');
    const lines: string[] = [];
    try {
      const report = await runClocks({
        ...{ folder, library, seed: 1, rounds: [ROUND], withinMs: PATIENCE_MS },
        say: (line) => void lines.push(line),
      });
      assert.equal(report.faults, [], lines.join('\n'));
      assert.is(report.studies, 4);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

test.run();
