/**
 * A gateway and a PostgreSQL, each a process of its own whose clock can be set while it runs, before a PACS behind
 * a link that can be cut.
 */
import { join } from 'node:path';
import { PASSWORD } from '#testing/accounts.ts';
import { createGatewayUnderTest, type GatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { type Link, startLink } from '#testing/link.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { type LyingPacs, startLyingPacs } from '../../../gateway/src/testing/lying-dicomweb.ts';
import { freePort } from '../../system/ports.ts';
import { setClock, shiftedClock, sweepClock } from '../../system/shifted-clock.ts';
import { secondsOfDatabase, startShiftedPostgres } from '../database/shifted-postgres.ts';

export type Clock = 'the gateway' | 'the database';
export const CLOCKS: readonly Clock[] = ['the gateway', 'the database'];

export type World = {
  readonly gateway: GatewayUnderTest;
  readonly pacs: LyingPacs;
  /** The road to the PACS. */
  readonly link: Link;
  /** Resolves when the process goes by it: so many seconds ahead of this process's clock. */
  setClock(clock: Clock, seconds: number): Promise<void>;
  close(): Promise<void>;
};

/** A clock that is right to the minute was set. */
const TOLERANCE_SECONDS = 60;

export type WorldSettings = {
  /** Empty; the database's account may pass through it. */
  readonly folder: string;
  /** libfaketime's. */
  readonly library: string;
  /** All that is ever sent. */
  readonly instances: readonly SyntheticInstance[];
};

export async function openWorld({ folder, library, instances }: WorldSettings): Promise<World> {
  const stamps: Record<Clock, string> = {
    'the gateway': join(folder, 'gateway.clock'),
    'the database': join(folder, 'database.clock'),
  };
  for (const clock of CLOCKS) await setClock(stamps[clock], 0);
  const database = await startShiftedPostgres(join(folder, 'database'), library, stamps['the database']);
  const pacs = await startLyingPacs({ instances, now: () => performance.now() });
  const link = await startLink(Number(new URL(pacs.url).port));
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    adminPassword: PASSWORD,
    databaseUrl: database.url,
    pacs: { url: `http://127.0.0.1:${link.port}/dicomweb`, authorization: 'Bearer none' },
    env: {
      ...shiftedClock(library, stamps['the gateway']),
      RELAY_POLICY: 'identified',
      RELAY_PACS_PROOF: 'read-back',
    },
  });
  const secondsOf: Record<Clock, () => Promise<number>> = {
    'the gateway': () => secondsOfGateway(gateway),
    'the database': () => secondsOfDatabase(database.url),
  };
  await gateway.start();
  return {
    gateway,
    pacs,
    link,
    async setClock(clock, seconds) {
      await setClock(stamps[clock], seconds);
      await until(`${clock} to go by its new clock`, async () => {
        const ahead = (await secondsOf[clock]()) - Date.now() / 1000;
        return Math.abs(ahead - seconds) < TOLERANCE_SECONDS;
      });
    },
    async close() {
      const { pid } = gateway;
      await gateway.stop();
      await database.stop('fast');
      await Promise.all([pid, database.pid].map(sweepClock));
      await link.stop();
      await pacs.close();
    },
  };
}

/** As its answers say (RFC 9110 §6.6.1). */
async function secondsOfGateway({ api }: GatewayUnderTest): Promise<number> {
  const answer = await fetch(`${api}/health/live`);
  await answer.body?.cancel();
  return Date.parse(answer.headers.get('date') ?? '') / 1000;
}
