/** People decide about instances of a script: there is no device to decide on. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UploadStatus } from '#shared/protocol/api.ts';
import { sentStudiesSchema, type SentStudy } from '#shared/protocol/studies.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { fieldsOf } from '../testing/fields-of.ts';
import { createTestKey } from '../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('an instance of a script that waits for a person');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.after(() => gateway.close());

const TYPE = 'multipart/related; type="application/dicom"; boundary=b';

/** Two images under one UID, by STOW-RS with the key of an account of its own. */
async function storeConflict(seed: number) {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  const { instances, studyInstanceUID } = syntheticStudy({ seed, instancesPerSeries: 1 });
  const [{ bytes }] = instances as [(typeof instances)[0]];
  const other = Uint8Array.from(bytes);
  other[other.length - 1] = other.at(-1)! ^ 1;
  const head = '--b\r\nContent-Type: application/dicom\r\n\r\n';
  await gateway.api.request('http://localhost/dicom-web/studies?policy=identified', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': TYPE },
    body: new Blob([...[bytes, other].flatMap((file) => [head, file, '\r\n']), '--b--']),
  });
  const listed = (token: string, query: string): Promise<SentStudy> =>
    until('the study to wait for a person', async () => {
      const answer = await gateway.call('GET', `/studies?q=${studyInstanceUID}${query}`, { token });
      const { studies } = sentStudiesSchema.parse(await answer.json());
      return studies[0]?.standing === 'needs-you' && studies[0];
    });
  return { token: accessToken, key, listed };
}

async function undecided(token: string, uploadId: string) {
  const answer = await gateway.call('GET', `/upload/${uploadId}/status?instances=1`, { token });
  const { instances = [] } = (await answer.json()) as UploadStatus;
  return instances.filter(({ state }) => state === 'quarantined');
}

const leaveOut = async (token: string, uploadId: string, instances: unknown): Promise<number> => {
  const body = { decision: 'leave-out', instances };
  return (await gateway.call('POST', `/upload/${uploadId}/decisions`, { token, body })).status;
};

test('names its study to the account of the key and to an administrator, and either leaves it out', async () => {
  const { accessToken: admin } = await gateway.signIn();
  for (const [seed, who] of [
    [9811, 'account'],
    [9812, 'admin'],
  ] as const) {
    const { token: own, key, listed } = await storeConflict(seed);
    const token = who === 'admin' ? admin : own;
    const { uploads } = await listed(token, who === 'admin' ? '&all=1' : '');
    const [{ uploadId, device }] = uploads as [SentStudy['uploads'][0]];
    assert.is(device, null);
    const waiting = await undecided(token, uploadId);
    assert.equal(fieldsOf(waiting, 'reason'), ['conflicting-instance']);
    const { accessToken: another } = await gateway.userWith(['technician']);
    assert.is(await leaveOut(another, uploadId, waiting), 404);
    assert.is(await leaveOut(key, uploadId, waiting), 403, 'a script does not decide');
    assert.is(await leaveOut(token, uploadId, waiting), 200);
    assert.equal(await undecided(token, uploadId), []);
  }
});

test.run();
