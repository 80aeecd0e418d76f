/**
 * SIGKILL of the database, of the gateway, and of both at once, while studies are announced to a real gateway
 * by eight clients. A client that gets no answer announces the same study again: so every acknowledged study
 * must be there exactly once, even if it was announced twice.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import pg from 'pg';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { PASSWORD } from '#testing/accounts.ts';
import { createGatewayUnderTest, type GatewayUnderTest, until } from '#testing/gateway-under-test.ts';
import { passwordIn } from '../database/embedded/cluster.ts';
import { urlOf } from '../database/embedded/server.ts';
import { freePort } from '../../../scripts/system/ports.ts';

const CLIENTS = 8;
const INSTANCES = 3;

const VICTIMS = ['the database', 'the gateway', 'both'] as const;
type Victim = (typeof VICTIMS)[number];

export type KillOutcome = { readonly acknowledged: number; readonly faults: readonly string[] };

const NO_PACS = 'http://127.0.0.1:9/dicom-web';

/** A gateway with its embedded database in `folder`. */
export async function openGateway(folder: string, pacsUrl = NO_PACS): Promise<GatewayUnderTest> {
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: folder,
    adminPassword: PASSWORD,
    pacs: { url: pacsUrl, authorization: 'Bearer none' },
    env: { RELAY_POLICY: 'identified' },
  });
  await gateway.start();
  return gateway;
}

const clusterOf = (folder: string): string => join(folder, 'database', 'cluster');

/** The process id in the first line of postmaster.pid, and the folder of the socket in the fifth. */
async function readServer(folder: string): Promise<{ pid: number; socketFolder: string }> {
  const lines = (await readFile(join(clusterOf(folder), 'postmaster.pid'), 'utf8')).split('\n');
  return { pid: Number(lines[0]), socketFolder: lines[4]! };
}

async function tokenOf({ api }: GatewayUnderTest): Promise<string> {
  const answer = await fetch(`${api}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: PASSWORD }),
  });
  return ((await answer.json()) as { accessToken: string }).accessToken;
}

const studyUid = (n: number): string => `2.25.${7_000_000 + n}`;

/** `POST /upload/init`: a study, an upload, its instances and a line of the audit in one transaction. */
function announce(api: string, token: string, n: number): Promise<Response> {
  const instances = Array.from({ length: INSTANCES }, (_, position) => ({
    sopInstanceUID: `${studyUid(n)}.1.${position + 1}`,
    seriesInstanceUID: `${studyUid(n)}.1`,
    sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    bytes: 1_000,
    digest: createHash('sha256').update(`${n} ${position}`).digest('hex'),
  }));
  return fetch(`${api}/upload/init`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      protocolVersion: 1,
      policy: { name: 'identified', version: 1 },
      studyInstanceUID: studyUid(n),
      instances,
    }),
    signal: AbortSignal.timeout(10_000),
  });
}

type Load = {
  readonly acknowledged: Set<number>;
  /** Statuses of answers that were no acknowledgement, counted. */
  readonly refusals: Map<number, number>;
  stop(): Promise<void>;
};

/** Announces one study after the other, each until it is acknowledged. */
export async function startLoad(gateway: GatewayUnderTest): Promise<Load> {
  const token = await tokenOf(gateway);
  const acknowledged = new Set<number>();
  const refusals = new Map<number, number>();
  let last = 0;
  let isStopping = false;
  const client = async (): Promise<void> => {
    let n = ++last;
    while (!isStopping) {
      const answer = await ignoreFailure(announce(gateway.api, token, n), 'the gateway was killed');
      await answer?.body?.cancel();
      if (answer?.ok) {
        acknowledged.add(n);
        n = ++last;
        continue;
      }
      if (answer) refusals.set(answer.status, (refusals.get(answer.status) ?? 0) + 1);
      await after(20);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  const stop = async (): Promise<void> => {
    isStopping = true;
    await Promise.all(clients);
  };
  return { acknowledged, refusals, stop };
}

/** Finds faults of the studies in the database, by its own rows. */
export async function findFaults(folder: string, acknowledged: ReadonlySet<number>): Promise<string[]> {
  const { socketFolder } = await readServer(folder);
  const password = (await readFile(passwordIn(clusterOf(folder)), 'utf8')).trim();
  const connectionString = urlOf({ password }, { kind: 'socket', folder: socketFolder });
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query<{ uid: string; uploads: number; instances: number }>(`
    select study_instance_uid as uid, (select count(*)::int from upload where study_id = study.id) as uploads,
      (select count(*)::int from instance where study_id = study.id) as instances from study`);
  const audits = await client.query<{ entries: number; last: number }>(
    'select count(*)::int as entries, coalesce(max(seq), 0)::int as last from audit',
  );
  await client.end();
  const counts = new Map<string, number>();
  for (const { uid } of rows) counts.set(uid, (counts.get(uid) ?? 0) + 1);
  const { entries, last } = audits.rows[0]!;
  return [
    ...[...acknowledged].filter((n) => !counts.has(studyUid(n))).map((n) => `lost: ${studyUid(n)}`),
    ...[...counts].filter(([, count]) => count > 1).map(([uid]) => `doubled: ${uid}`),
    ...rows
      .filter(({ uploads, instances }) => uploads !== 1 || instances !== INSTANCES)
      .map(({ uid, uploads, instances }) => `${uid}: ${uploads} uploads, ${instances} instances`),
    ...(entries === last ? [] : [`the audit has ${entries} entries, the last one is number ${last}`]),
  ];
}

async function kill(victim: Victim, gateway: GatewayUnderTest, folder: string): Promise<void> {
  const { pid } = await readServer(folder);
  if (victim !== 'the gateway') process.kill(pid, 'SIGKILL');
  if (victim === 'the database') return;
  await gateway.kill();
  await gateway.start();
}

async function isReady({ api }: GatewayUnderTest): Promise<boolean> {
  const answer = await ignoreFailure(fetch(`${api}/health/ready`), 'the gateway is starting');
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

/** Kills one after the other. `folder` becomes the gateway's RELAY_DATA_DIR. */
export async function killUnderLoad(folder: string, random: () => number): Promise<readonly KillOutcome[]> {
  const gateway = await openGateway(folder);
  const load = await startLoad(gateway);
  const outcomes: KillOutcome[] = [];
  try {
    for (const victim of VICTIMS) {
      await after(50 + random() * 400);
      const before = load.acknowledged.size;
      await kill(victim, gateway, folder);
      await until('the gateway to be ready', () => isReady(gateway));
      await until('an acknowledgement', () => load.acknowledged.size > before + CLIENTS);
      const acknowledged = new Set(load.acknowledged);
      outcomes.push({ acknowledged: acknowledged.size, faults: await findFaults(folder, acknowledged) });
    }
  } finally {
    await load.stop();
    await gateway.stop();
  }
  return outcomes;
}
