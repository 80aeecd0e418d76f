/** Modalities that store over DIMSE, played by Debian's storescu and echoscu. */
import { connect, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notTakenListSchema } from '#shared/protocol/not-taken.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { listenOnLoopback } from '#testing/listen-on-loopback.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { createJobs } from '../../jobs/jobs.ts';
import { dataSetOf } from '../../testing/data-set-of.ts';
import {
  listTestPeers,
  makeTestPeer,
  openListeningGateway,
  type ListeningGateway,
} from '../../testing/open-dimse-peer.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { compress, echoscu, hasStorescu, storescu, type Asking } from '../../testing/storescu.ts';

const test = suite('a modality');
const pacs = openTestPacs();
let gateway: ListeningGateway;
let accountId: string;
test.before(async () => {
  gateway = await openListeningGateway({ pacs });
  accountId = (await gateway.userWith(['technician'])).user.id;
  await makeTestPeer(gateway, { aeTitle: 'CT_1', accountId });
  await makeTestPeer(gateway, { aeTitle: 'RESEARCH', accountId, policy: 'deidentified' });
});
test.after(() => gateway.close());

const need = (): void => {
  if (!hasStorescu()) skip('a modality over DIMSE', 'dcmtk is not installed');
};
/** Far larger than everything that is said around them. */
const LARGE = { rows: 256, columns: 256 };
const bytesOf = (instances: readonly SyntheticInstance[]) => instances.map(({ bytes }) => bytes);
const uidsOf = (instances: readonly SyntheticInstance[]): string[] =>
  instances.map(({ identifiers }) => identifiers.sopInstanceUID);
const asking = (calling: string, more: Partial<Asking> = {}): Asking => ({
  ...{ port: gateway.port, calling },
  ...more,
});
const inPacs = (uids: readonly string[]) =>
  until('the instances in the PACS', async () => uids.every((uid) => pacs.held.has(uid)));
const filesOf = (aeTitle: string) =>
  gateway.database.db
    .selectFrom('sent_file')
    .innerJoin('dimse_peer', 'dimse_peer.id', 'sent_file.peer_id')
    .select(['sent_file.id', 'sent_file.state', 'sent_file.bytes', 'sent_file.entries'])
    .where('dimse_peer.ae_title', '=', aeTitle)
    .orderBy('sent_file.created_at')
    .execute();

test('is answered to C-ECHO, and stores a study that the PACS then has bit for bit', async () => {
  need();
  const echoed = await echoscu(asking('CT_1'));
  assert.is(echoed.code, 0, echoed.said);
  const { instances } = syntheticStudy({ seed: 9501, instancesPerSeries: 3 });
  const { code, said } = await storescu(bytesOf(instances), asking('CT_1'));
  assert.is(code, 0, said);
  await inPacs(uidsOf(instances));
  // The Data Set is what travels: File Meta Information is the gateway's.
  for (const { identifiers, bytes } of instances) {
    const { bytes: held } = pacs.held.get(identifiers.sopInstanceUID)!;
    assert.is(await digestOf(held), await digestOf(bytes), identifiers.sopInstanceUID);
  }
  const { peers } = await listTestPeers(gateway);
  const peer = peers.find(({ aeTitle }) => aeTitle === 'CT_1')!;
  assert.is(peer.week.taken, instances.length);
  assert.ok(peer.lastSeenAt);
  assert.is((await filesOf('CT_1')).length, 1, 'an association is one file');
  await until('its receipt', async () => {
    const receipts = await gateway.database.db.selectFrom('receipt').select('id').execute();
    return receipts.length > 0;
  });
});

test('offers a compressed transfer syntax alone, and it is kept as it is', async () => {
  need();
  const { instances } = syntheticStudy({ seed: 9504, instancesPerSeries: 1 });
  const compressed = await compress(instances[0]!.bytes);
  const { code, said } = await storescu([compressed], asking('CT_1', { options: ['-xs', '-R'] }));
  assert.is(code, 0, said);
  const [uid] = uidsOf(instances);
  await inPacs([uid!]);
  assert.is(await digestOf(pacs.held.get(uid!)!.bytes), await digestOf(compressed));
});

test('hears at once of an instance that cannot be taken, and the others go on', async () => {
  need();
  const { instances } = syntheticStudy({ seed: 9505, series: 2, instancesPerSeries: 1, burnedInSeries: 1 });
  const before = pacs.held.size;
  const { said } = await storescu(bytesOf(instances), asking('RESEARCH', { options: ['-nh'] }));
  assert.match(said, /Store Response \(.*0x0?124\)/);
  assert.match(said, 'Store Response (Success)');
  await until('the other one in the PACS', async () => pacs.held.size > before);
  const [entry, ...more] = (await filesOf('RESEARCH')).at(-1)!.entries as { state: string }[];
  assert.equal([entry?.state, more.length], ['sent', 0]);
});

test('has an image that may show a name named with its study, for an administrator', async () => {
  need();
  const { accessToken: token } = await gateway.signIn();
  const { instances } = syntheticStudy({ seed: 9509, series: 2, instancesPerSeries: 1, burnedInSeries: 1 });
  // Each by an association of its own, as some modalities do.
  for (const each of instances) await storescu([each.bytes], asking('RESEARCH', { options: ['-nh'] }));
  const file = await until('it to be named with its study', async () => {
    const answer = await gateway.call('GET', '/uploads/not-taken?all=1', { token });
    const [newest] = notTakenListSchema.parse(await answer.json()).shown;
    return newest !== undefined && newest.studies.length > 0 && newest;
  });
  const [{ sopInstanceUIDs, ...held }] = file.notTaken as [(typeof file.notTaken)[0]];
  assert.equal(
    [file.aeTitle, file.policy, held, sopInstanceUIDs.length],
    ['RESEARCH', 'deidentified', { reason: 'burned-in-annotation', instances: 1, places: [] }, 1],
  );
});

test('is killed in the middle: what it was told is stored arrives, and nothing of the rest', async () => {
  need();
  const { instances } = syntheticStudy({ seed: 9506, instancesPerSeries: 3, ...LARGE });
  const [first, second] = instances;
  const before = (await filesOf('CT_1')).length;
  const cutAt = first!.bytes.length + second!.bytes.length / 2;
  const proxy = await openCuttingProxy(gateway.port, cutAt);
  const { code } = await storescu(bytesOf(instances), {
    ...asking('CT_1', { port: proxy.port, options: ['-R'] }),
    watch: (child) => proxy.whenCut(() => void child.kill('SIGKILL')),
  });
  proxy.close();
  assert.is(code, null, 'killed');
  await inPacs([first!.identifiers.sopInstanceUID]);
  assert.not.ok(pacs.held.has(second!.identifiers.sopInstanceUID));
  const files = (await filesOf('CT_1')).slice(before);
  assert.is(files.length, 1);
  assert.is((files[0]!.entries as unknown[]).length, 1, 'one instance counts');
});

test('gets no further instance taken once an administrator has deleted it', async () => {
  need();
  const peer = await makeTestPeer(gateway, { aeTitle: 'SHORT_LIVED', accountId });
  const { accessToken: token } = await gateway.signIn();
  const { instances } = syntheticStudy({ seed: 9507, instancesPerSeries: 1 });
  assert.is((await storescu(bytesOf(instances), asking('SHORT_LIVED'))).code, 0);
  const gone = await gateway.call('DELETE', `/admin/dimse-peers/${peer.id}`, { token });
  assert.is(gone.status, 204);
  const { said } = await storescu(bytesOf(instances), asking('SHORT_LIVED'));
  assert.match(said, 'Calling AE Title Not Recognized');
  await inPacs(uidsOf(instances));
});

test('loses nothing that it was told is stored when the gateway is killed in its association', async () => {
  need();
  const { instances } = syntheticStudy({ seed: 9508, instancesPerSeries: 2, ...LARGE });
  const [first] = instances;
  const proxy = await openCuttingProxy(gateway.port, 1.5 * first!.bytes.length);
  const storing = storescu(bytesOf(instances), asking('CT_1', { port: proxy.port, options: ['-R'] }));
  const ofLast = () => filesOf('CT_1').then((files) => files.find(({ state }) => state === 'receiving'));
  await until('an instance that counts', async () => Number((await ofLast())?.bytes ?? 0) > 0);
  const { id } = (await ofLast())!;
  // The file as a killed gateway leaves it: nobody hands it over until it has been silent for long.
  gateway.wait(11 * 60_000);
  await runClock('associations-upkeep');
  await inPacs([first!.identifiers.sopInstanceUID]);
  proxy.close();
  await storing;
  const file = (await filesOf('CT_1')).find((each) => each.id === id)!;
  assert.is((file.entries as unknown[]).length, 1);
});

/** Runs a clock's job as if its time had come. */
async function runClock(name: string): Promise<void> {
  const jobs = await createJobs(gateway.database, { failed: () => undefined, trouble: () => undefined });
  await jobs.declare(name);
  await gateway.database.db.transaction().execute((trx) => jobs.enqueue(trx, name, {}, { key: name }));
  await jobs.stop();
}

type Proxy = { readonly port: number; whenCut(cut: () => void): void; close(): void };

/** Passes so many bytes to the gateway, and then none. */
async function openCuttingProxy(to: number, limit: number): Promise<Proxy> {
  let cut = (): void => undefined;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    sockets.push(socket, onward);
    for (const each of [socket, onward]) each.on('error', () => undefined);
    onward.on('data', (bytes) => void socket.write(bytes));
    socket.on('close', () => onward.destroy());
    let passed = 0;
    socket.on('data', (bytes: Buffer) => {
      onward.write(bytes.subarray(0, Math.max(0, limit - passed)));
      passed += bytes.length;
      if (passed >= limit) cut();
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    whenCut(wanted) {
      cut = wanted;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const digestOf = async (file: Uint8Array): Promise<string> => sha256(await dataSetOf(file));

test.run();
