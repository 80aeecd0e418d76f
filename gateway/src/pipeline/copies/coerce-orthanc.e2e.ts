// test:all: a PACS that corrects what it stores; coerce-copy.test guards what is made of it
/** Two real Orthancs: the first gets what was promised, bit for bit, and the further one the values that it wants. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Destination, DestinationWish } from '#shared/protocol/destination.ts';
import { receiptSchema, type Receipt } from '#shared/protocol/receipt.ts';
import { skip } from '#testing/environment.ts';
import { until } from '#testing/gateway-under-test.ts';
import { sha256 } from '#testing/sha256.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../../scripts/system/orthanc.ts';
import { jsonOf } from '../../testing/open-cases.ts';
import { askOf, sendStudy } from '../../testing/open-film.ts';
import { openTestGateway, type TestGateway } from '../../testing/open-gateway.ts';

const test = suite('coercion with Orthanc');
const WANTED = { institution: 'St. Elsewhere', issuer: 'ELSEWHERE' };
let folder: string;
let gateway: TestGateway;
const running: RunningOrthanc[] = [];
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relay-coerce-'));
  gateway = await openTestGateway();
});
test.after(async () => {
  await gateway.close();
  for (const orthanc of running) await orthanc.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A real one as a destination. */
async function openDestination(token: string, name: string) {
  const orthanc = await startOrthanc({ folder: join(folder, name) });
  running.push(orthanc);
  const [username = '', password = ''] = Buffer.from(orthanc.authorization.split(' ')[1] ?? '', 'base64')
    .toString()
    .split(':');
  const body: DestinationWish = {
    ...{ kind: 'dicomweb', name, url: orthanc.url },
    ...{ authentication: { kind: 'basic', username, password }, ca: null, certificate: null },
  };
  const { id } = await jsonOf<Destination>(gateway, 'POST /admin/destinations', { token, body, status: 201 });
  return { id, orthanc };
}

/** The stored file, as Orthanc's own interface gives it, and what Orthanc reads in it. */
async function storedAt({ restUrl, authorization }: RunningOrthanc, sopInstanceUID: string) {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${restUrl}${path}`, { ...init, headers: { authorization } });
  const found = await ask('/tools/lookup', { method: 'POST', body: sopInstanceUID });
  const [{ ID: id } = { ID: '' }] = (await found.json()) as { ID: string }[];
  const file = new Uint8Array(await (await ask(`/instances/${id}/file`)).arrayBuffer());
  const tags = (await (await ask(`/instances/${id}/simplified-tags`)).json()) as Record<string, unknown>;
  return { digest: sha256(file), tags };
}

async function receiptFor(uploadId: string, token: string): Promise<Receipt> {
  const jws = await until('the receipt', async () => {
    const answer = await gateway.call('GET', `/upload/${uploadId}/receipt`, { token });
    return answer.status === 200 && answer.text();
  });
  return receiptSchema.parse(JSON.parse(Buffer.from(jws.split('.')[1]!, 'base64url').toString()));
}

test('changes what goes to a further one, with both digests on the receipt', async () => {
  if ((await findOrthanc()) === null) skip('coercion with Orthanc', 'Orthanc is not installed');
  const { accessToken: admin } = await gateway.signIn();
  const first = await openDestination(admin, 'first');
  const further = await openDestination(admin, 'further');
  await jsonOf(gateway, `POST /admin/destinations/${first.id}/primary`, { token: admin });
  // The rule wants its values of the first one too, which serves viewers and keeps what was promised.
  const to = [first, further].map(({ id }) => ({ destination: id, need: 'required', coerce: WANTED }));
  await jsonOf(gateway, 'PUT /admin/rules/forwarding', {
    token: admin,
    body: { rules: [{ name: 'all', enabled: true, when: {}, to }] },
  });
  const { accessToken: token } = await gateway.userWith(['technician']);
  const { instances } = syntheticStudy({ seed: 9802, instancesPerSeries: 2, rows: 16, columns: 16 });
  const receipt = await receiptFor(await sendStudy(askOf(gateway), token, instances), token);
  const [there] = receipt.destinations!;
  assert.equal([there!.name, there!.coerced], ['further', ['institution', 'issuer']]);
  for (const [at, { sopInstanceUID, digest, state }] of receipt.instances.entries()) {
    const kept = await storedAt(first.orthanc, sopInstanceUID);
    assert.equal([state, kept.digest], ['stored', digest]);
    assert.is.not(kept.tags['InstitutionName'], WANTED.institution);
    const changed = await storedAt(further.orthanc, sopInstanceUID);
    assert.equal([there!.instances![at]!.state, there!.instances![at]!.digest], ['stored', changed.digest]);
    assert.is.not(changed.digest, digest);
    assert.equal(
      [changed.tags['InstitutionName'], changed.tags['IssuerOfPatientID']],
      [WANTED.institution, WANTED.issuer],
    );
    const [original] = changed.tags['OriginalAttributesSequence'] as Record<string, unknown>[];
    assert.ok(original!['ModifiedAttributesSequence']);
  }
});

test.run();
