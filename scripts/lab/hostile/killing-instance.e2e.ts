// test:all: a process that is killed five times; run-verify.test.ts holds the same rule by day
/**
 * An instance on which the gateway's process dies, by a real SIGKILL in the middle of judging it: after two deaths
 * it has a process of its own, and when that has died three times it is held by name. The others of its parcel are
 * in the PACS.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAccount } from '#testing/accounts.ts';
import { skipped } from '#testing/environment.ts';
import { openGatewayAndPacs } from '#testing/gateway-and-pacs.ts';
import { until, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { isAlive } from '#testing/is-alive.ts';
import { copyWith } from '#testing/mutated-copy.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { findOrthanc } from '../../system/orthanc.ts';
import { askAt, signIn, type Door } from './door.ts';
import { IDENTIFIED } from './recipe.ts';
import { announce, manifestOf, parcelOf, sendParcel, type Instance } from './send-instance.ts';

const { instances: made } = syntheticStudy({ seed: 7320, instancesPerSeries: 3, rows: 8, columns: 8 });
const instances = made.map((one): Instance => ({ ...one, ...one.identifiers }));
const READS = 'const read = await readInstance(source, signal);';
/** A gateway that dies of the second instance, as of a fault in the engine. */
const DIES = {
  what: 'an instance kills the process',
  file: 'gateway/src/pipeline/verify/verify-instance.ts',
  from: READS,
  to: `if (promised.sop_instance_uid === '${instances[1]!.sopInstanceUID}') process.kill(process.pid, 'SIGKILL');
  ${READS}`,
};

type Status = { readonly state: string; readonly instances?: readonly { state: string; reason?: string }[] };

/** The status of the settled upload, and how often the process died before. Starts it again each time. */
async function settledOf(
  gateway: GatewayUnderTest,
  door: Door,
  uploadId: string,
): Promise<{ readonly status: Status; readonly deaths: number }> {
  for (let deaths = 0; ; deaths += 1) {
    const status = await until('the upload to be settled, or the process to be dead', async () => {
      if (!isAlive(gateway.pid)) return 'dead' as const;
      const { body } = await askAt(door, `/upload/${uploadId}/status?instances=1`);
      const said = body as Status | null;
      return (said?.state === 'held' || said?.state === 'closed') && said;
    });
    if (status !== 'dead') return { status, deaths };
    // The gateway may die again before it was seen to be ready.
    const started = gateway.start().catch(() => undefined);
    await Promise.race([
      started,
      until('an early death', () => !isAlive(gateway.pid)).catch(() => undefined),
    ]);
  }
}

const test = suite('an instance that kills the process');
if ((await findOrthanc()) === null) skipped('an instance that kills', 'Orthanc is not installed');
else
  test('kills the gateway twice, its own process three times, and is held by name; the others of its parcel are stored', async () => {
    const copy = await copyWith([DIES]);
    const { gateway, close } = await openGatewayAndPacs('killing', { root: copy.root });
    try {
      const { username } = await createAccount(gateway, 'sender', ['technician']);
      const door: Door = { who: 'sender', api: gateway.api, token: await signIn(gateway.api, username) };
      const { body } = await announce(door, manifestOf(instances, IDENTIFIED));
      const { uploadId } = body as { uploadId: string };
      assert.is(await sendParcel(door, uploadId, parcelOf(instances)), null);
      const { status, deaths } = await settledOf(gateway, door, uploadId);
      assert.is(deaths, 2);
      assert.equal(
        status.instances?.map(({ state, reason }) => reason ?? state),
        ['stored', 'cannot-be-verified', 'stored'],
      );
      assert.not(!isAlive(gateway.pid), 'it lives on');
    } finally {
      await close();
      await copy.remove();
    }
  });

test.run();
