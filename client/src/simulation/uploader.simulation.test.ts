/**
 * The uploader against a gateway that answers anything the protocol allows, in any order, late and twice,
 * while a person pauses, reorders, cancels and retries, and the page is closed and opened. When the faults
 * stop, every study must come to rest. On the way no copy may be deleted without a true receipt, no bytes
 * stored that were not promised, and no request repeated in a circle.
 *
 * Slow for a unit test: hundreds of days of a device pass in it.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IS_WHOLE_PROOF } from '#testing/environment.ts';
import { runSequences, SEED } from '#testing/run-sequences.ts';
import type { SimulatedGateway } from '#testing/simulated-gateway.ts';
import { createGatewayKeys, type GatewayKeys } from '#testing/simulated-state.ts';
import { watchCrypto } from '#testing/virtual-time.ts';
import { keyOf } from '../pipeline/queue/upload-queue.ts';
import { SimulatedPage } from './simulated-page.ts';
import type { Row } from './simulated-queue.ts';
import { day, type Day } from './uploader-day.ts';

/** A study that waits five minutes between attempts, and a slow PACS, are given half a day. */
const PATIENCE_MS = 12 * 3600_000;
/**
 * A device with three small studies sends 70 useful requests a minute; one that loops every 20 ms sends 3
 * 000.
 */
const REQUESTS_A_MINUTE = 400;
/** The whole proof takes about 20 s on one core; the gate plays a fifth of it. */
const FLOOR = IS_WHOLE_PROOF ? 1_500 : 300;

const isAtRest = (row: Row): boolean =>
  row.state === 'done' ||
  row.state === 'failed' ||
  row.state === 'taken-back' ||
  (row.state === 'attention' && row.plan.hasConflict);

async function live(plan: Day, keys: GatewayKeys, isBusy: () => boolean): Promise<void> {
  const page = new SimulatedPage(plan, keys, isBusy);
  const { time, gateway, rows } = page;
  page.open();
  let toDo = plan.actions.length;
  for (const action of plan.actions) {
    void page.act(action).then(() => {
      toDo -= 1;
    });
  }
  for (const { queuedAtMs } of plan.studies) void time.sleep(queuedAtMs).then(() => page.wake());
  const isOver = (): boolean => page.failure !== null || (toDo === 0 && rows.every(isAtRest));
  const cameToRest = await time.run(isOver, PATIENCE_MS);
  await page.close();
  if (page.failure !== null) throw page.failure;
  const states = rows.map(({ state, trouble }) => `${state} ${trouble ?? ''}`);
  const last = gateway.requests.slice(-8).map(({ what }) => what);
  assert.ok(cameToRest, `every study comes to rest: ${states.join(', ')}; ${last.join(', ')}`);
  for (const row of rows.filter(({ state }) => state === 'done'))
    for (const copy of row.copies) assert.ok(gateway.inPacs.has(keyOf(copy)), 'a done study is in the PACS');
  checkPace(gateway);
}

/** The limit holds for any minute of the day. */
function checkPace({ requests }: SimulatedGateway): void {
  for (let first = 0, last = 0; last < requests.length; last += 1) {
    while (requests[last]!.at - requests[first]!.at > 60_000) first += 1;
    assert.ok(
      last - first < REQUESTS_A_MINUTE,
      `${last - first} requests in a minute, such as ${requests
        .slice(last - 6, last)
        .map(({ what }) => what)
        .join(', ')}`,
    );
  }
}

test(`whatever the gateway answers, every study comes to rest and nothing is lost: I16 (RELAY_SEED=${SEED})`, async () => {
  const keys = await createGatewayKeys();
  const watched = watchCrypto();
  try {
    await runSequences({ sequences: day, live: (plan) => live(plan, keys, watched.isBusy), floor: FLOOR });
  } finally {
    watched.stop();
  }
});

test.run();
