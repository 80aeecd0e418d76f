// test:all: Orthanc by DIMSE; dimse-study.test and the contract of PACS guard it with other peers
/**
 * A real Orthanc over DIMSE: it sends what it has with explicit lengths, however it was given it, and the instance is
 * proven all the same.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Destination } from '#shared/protocol/destination.ts';
import { receiptSchema } from '#shared/protocol/receipt.ts';
import { skip, testEnvironment } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../../scripts/system/orthanc.ts';
import { freePort } from '../../../../scripts/system/ports.ts';
import { delimitedStudy } from '../../testing/delimited-study.ts';
import { jsonOf } from '../../testing/open-cases.ts';
import { askOf, sendStudy } from '../../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';
import { readInstances } from '../../testing/read-instances.ts';

type World = {
  readonly orthanc: RunningOrthanc;
  readonly gateway: TestGateway;
  readonly token: string;
  readonly pacs: string;
  readonly folder: string;
};

const test = suite<{ world: World | null }>('an Orthanc over DIMSE', { world: null });

test.before(async (context) => {
  if ((await findOrthanc()) === null) skip('an Orthanc over DIMSE', 'Orthanc is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'relay-dimse-'));
  const port = await freePort();
  const orthanc = await startOrthanc({
    folder,
    settings: {
      ...{ DicomServerEnabled: true, DicomPort: port, DicomAet: 'ORTHANC', DicomCheckCalledAet: true },
      ...{ DicomAlwaysAllowStore: true, DicomAlwaysAllowFind: true, DicomAlwaysAllowGet: true },
    },
  });
  const gateway = await openTestGateway();
  const { accessToken: admin } = await gateway.signIn();
  const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', {
    ...{ token: admin, status: 201 },
    body: {
      ...{ kind: 'dimse', name: 'archive', url: `dimse://RELAYPACS@127.0.0.1:${port}/ORTHANC` },
      ...{ authentication: { kind: 'none' }, ca: null, certificate: null },
    },
  });
  await jsonOf(gateway, `POST /admin/destinations/${id}/primary`, { token: admin });
  const { accessToken: token } = await gateway.userWith(['technician']);
  context.world = { orthanc, gateway, token, folder, pacs: `dimse://127.0.0.1:${port}/ORTHANC` };
});
test.after(async ({ world }) => {
  await world?.gateway.close();
  await world?.orthanc.stop();
  if (world) await rm(world.folder, { recursive: true, force: true });
});

/** Sends the study, and reads what its receipt says of each instance. */
async function provenBy(
  { gateway, token, pacs }: World,
  instances: readonly SyntheticInstance[],
): Promise<void> {
  const uploadId = await sendStudy(askOf(gateway), token, instances);
  const jws = await until('the receipt', async () => {
    const answer = await gateway.call('GET', `/upload/${uploadId}/receipt`, { token });
    return answer.status === 200 && answer.text();
  });
  const payload = Buffer.from(jws.split('.')[1]!, 'base64url').toString();
  const receipt = receiptSchema.parse(JSON.parse(payload));
  assert.is(receipt.pacs, pacs);
  const byUid = <T extends { sopInstanceUID: string }>(rows: readonly T[]): readonly T[] =>
    rows.toSorted((a, b) => a.sopInstanceUID.localeCompare(b.sopInstanceUID));
  assert.equal(
    byUid(receipt.instances).map(({ sopInstanceUID, state, reason, proof, digest }) => ({
      ...{ sopInstanceUID, state, reason: reason ?? null, proof, digest },
    })),
    byUid(
      instances.map(({ identifiers: { sopInstanceUID }, bytes }) => ({
        sopInstanceUID,
        digest: sha256(bytes),
      })),
    ).map(({ sopInstanceUID, digest }) => ({
      ...{ sopInstanceUID, state: 'stored', reason: null, proof: 'read-back', digest },
    })),
  );
}

async function fromCorpus(folder: string, count: number): Promise<readonly SyntheticInstance[]> {
  const { corpus } = testEnvironment();
  if (corpus === null) skip('an Orthanc over DIMSE', 'the corpus is not there');
  const path = join(corpus, 'dev', folder);
  const names = (await readdir(path))
    .filter((name) => name.endsWith('.dcm'))
    .toSorted()
    .slice(0, count);
  return readInstances(path, names);
}

test('proves Sequences of undefined length, which it gives back with explicit ones', async ({ world }) => {
  await provenBy(world!, await delimitedStudy(2));
});

for (const [folder, count] of [
  ['mr-dwi-ge', 4],
  ['cr-chest-philips', 1],
  ['deflated', 1],
] as const)
  test(`proves the real ${folder}`, async ({ world }) => {
    await provenBy(world!, await fromCorpus(folder, count));
  });

test.run();
