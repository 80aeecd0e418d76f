/**
 * The world of an attack: a gateway with the meter in it before a real PACS behind a liar, two further destinations
 * that lie (DICOMweb and DIMSE) and get what the attackers send, a case and a review to attack, and callers.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { ADMIN, ask as askAs, PASSWORD } from '#testing/accounts.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { startLyingPacs, type LyingPacs } from '../../../gateway/src/testing/lying-dicomweb.ts';
import { HONEST } from '../../../gateway/src/testing/web-conduct.ts';
import { startOrthanc } from '../../system/orthanc.ts';
import { freePort } from '../../system/ports.ts';
import { IDENTIFIED } from '../hostile/recipe.ts';
import { endsOf, sendAll, type Instance } from '../hostile/send-instance.ts';
import type { Answer } from '../hostile/door.ts';
import type { Trigger } from './attack-answers.ts';
import { openCallers, type Callers } from './callers.ts';
import { PEER_TITLE } from './dimse-bodies.ts';
import { startDimseLiar } from './dimse-liar.ts';
import { startLiar, TOKEN_PATH, type Liar, type WebLiar } from './liar.ts';

const METER = new URL('./meter.ts', import.meta.url).href;
/** Sends to the further destinations, and reads from the PACS. */
const ATTACKER = 'technician';

export type WorldSettings = {
  /** Empty, and removed by the caller. */
  readonly folder: string;
  readonly seed: number;
  /** The sources of the gateway: another copy of the project. */
  readonly root?: string | undefined;
  /** Whether a request, by its path, is about a study of the honest people. */
  readonly isTheirs: (path: string) => boolean;
};

export type World = {
  readonly gateway: GatewayUnderTest;
  readonly callers: Callers;
  readonly pacs: WebLiar;
  readonly dimsePort: number;
  /** The doctor at each further destination, and a study on its way to it. */
  readonly triggers: readonly Trigger[];
  close(): Promise<void>;
};

export async function openWorld({ folder, seed, root, isTheirs }: WorldSettings): Promise<World> {
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const pacs = await startLiar(orthanc.url, isTheirs);
  const behind = await startLyingPacs({ instances: [], now: () => Date.now() });
  behind.conduct = { ...HONEST, reports: 'later' };
  const web = await startLiar(behind.url, () => false);
  const dimse = await startDimseLiar();
  const dimsePort = await freePort();
  const gateway = createGatewayUnderTest({
    ...{ port: await freePort(), webPort: await freePort(), dataDir: join(folder, 'data') },
    ...{ adminPassword: PASSWORD, pacs: { url: pacs.url, authorization: orthanc.authorization } },
    env: { NODE_OPTIONS: `--import=${METER}`, RELAY_DIMSE_PORT: String(dimsePort) },
    ...(root !== undefined && { root }),
  });
  const close = async (): Promise<void> => {
    await gateway.stop();
    await Promise.all([pacs.stop(), web.stop(), dimse.stop(), behind.close(), orthanc.stop()]);
  };
  try {
    await gateway.start();
    const callers = await openCallers(gateway);
    const send = senderOf(callers, behind, seed);
    await send();
    const ids = await addDestinations(gateway, callers, { web, dimse });
    await addCase(callers);
    const triggers = ids.flatMap(([liar, id]) => [doctorOf(callers, liar, id), studyTo(send, liar)]);
    return { gateway, callers, pacs, dimsePort, triggers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Send = () => Promise<Answer>;

/** A new study of one instance each time, until it is in the PACS. */
function senderOf(callers: Callers, behind: LyingPacs, seed: number): Send {
  let studies = 0;
  return async () => {
    studies += 1;
    const shape = { instancesPerSeries: 1, rows: 8, columns: 8 };
    const { instances } = syntheticStudy({ seed: 90_000 + 1_000 * seed + studies, ...shape });
    behind.expect(instances);
    const door = await callers.doorOf(ATTACKER);
    const own = instances.map((one): Instance => ({ ...one, ...one.identifiers }));
    const sent = await sendAll(door, own, IDENTIFIED);
    if ('refused' in sent) throw new Error(`a study of the lab was refused: ${sent.refused}`);
    return { status: 200, code: (await endsOf(door, sent.uploadId)).join(), body: null };
  };
}

type Tell = (method: string, path: string, body: object) => Promise<Readonly<Record<string, unknown>>>;
const tellAs =
  (gateway: GatewayUnderTest): Tell =>
  async (method, path, body) => {
    const answer = await askAs(gateway, ADMIN, { method, path, body });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  };

/** Only what the attacker sends goes there; nobody waits for it. The attacker is a DIMSE peer as well. */
async function addDestinations(
  gateway: GatewayUnderTest,
  callers: Callers,
  { web, dimse }: { readonly web: Liar; readonly dimse: Liar },
): Promise<readonly (readonly [Liar, string])[]> {
  const tell = tellAs(gateway);
  const common = { ca: null, certificate: null, commitment: true };
  const tokenUrl = new URL(TOKEN_PATH, web.url).href;
  const oauth = { kind: 'oauth', tokenUrl, clientId: 'a', clientSecret: 'b', scope: null };
  const made: (readonly [Liar, string])[] = [];
  for (const [liar, wish] of [
    [web, { kind: 'dicomweb', name: 'web', authentication: oauth }],
    [dimse, { kind: 'dimse', name: 'dimse', authentication: { kind: 'none' } }],
  ] as const) {
    const { id } = await tell('POST', '/admin/destinations', { ...common, ...wish, url: liar.url });
    made.push([liar, String(id)]);
  }
  const { id: accountId, username } = callers.accountOf(ATTACKER);
  const to = made.map(([, destination]) => ({ destination, need: 'also' }));
  const rule = { name: 'attackers', enabled: true, when: { account: [username] }, to };
  await tell('PUT', '/admin/rules/forwarding', { rules: [rule] });
  const peer = { name: 'lab', aeTitle: PEER_TITLE, addresses: ['127.0.0.1'], policy: 'identified' };
  await tell('POST', '/admin/dimse-peers', { ...peer, accountId, reason: null });
  return made;
}

/** A case with a review of each type there is, so that their routes have something to be about. */
async function addCase({ ask, accountOf }: Callers): Promise<void> {
  const caller = 'radiologist';
  const tell = async (
    method: string,
    path: string,
    body?: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const headers = { 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { headers, body: Buffer.from(JSON.stringify(body)) };
    const said = await ask(caller, { method, path, ...sent });
    if (said.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(said.body)}`);
    return said.body as Readonly<Record<string, unknown>>;
  };
  const { id } = await tell('POST', '/cases', {
    title: 'a case of the lab',
    expected: { accessionNumber: '1' },
  });
  const { types } = await tell('GET', '/review-types');
  for (const { name } of types as readonly { readonly name: string }[])
    await tell('POST', `/cases/${id}/reviews`, {
      id: randomUUID(),
      type: name,
      readers: [accountOf(caller).id],
    });
}

const doctorOf = ({ ask }: Callers, liar: Liar, id: string): Trigger => ({
  ...{ liar, caller: 'admin' },
  fire: () =>
    ask('admin', {
      ...{ method: 'POST', path: `/admin/destinations/${id}/test` },
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{"scope":"reach"}'),
    }),
});

/** Copies of a study go out after it has ended; the liar is asked within moments, or not at all. */
const LOOK_MS = 20;
const QUIET_LOOKS = 100;
/** The gateway has read the lie, and what it says to it. */
const LOOKS_AFTER = 5;

const studyTo = (send: Send, liar: Liar): Trigger => ({
  ...{ liar, caller: ATTACKER },
  async fire() {
    const { lies } = liar;
    const { told } = lies;
    let { asks } = lies;
    let quiet = 0;
    const said = await send();
    while (quiet < (lies.told > told ? LOOKS_AFTER : QUIET_LOOKS)) {
      await after(LOOK_MS);
      quiet = lies.asks === asks ? quiet + 1 : 0;
      asks = lies.asks;
    }
    return said;
  },
});
