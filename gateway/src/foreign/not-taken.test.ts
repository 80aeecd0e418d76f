/** Instances of a script that the gateway does not take: in front of a person, until one leaves them out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notTakenListSchema, type NotTakenList } from '#shared/protocol/not-taken.ts';
import { until } from '#testing/gateway-under-test.ts';
import { syntheticStudy, type SyntheticOptions } from '#testing/synthetic-study.ts';
import { createTestKey } from '../testing/open-api-key.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('an instance of a script that is not taken');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.after(() => gateway.close());

const TYPE = 'multipart/related; type="application/dicom"; boundary=b';

async function openScript(options: SyntheticOptions) {
  const { user, accessToken } = await gateway.userWith(['technician']);
  const key = await createTestKey(gateway, { accountId: user.id, scopes: ['upload'] });
  const parts = syntheticStudy(options).instances.flatMap(({ bytes }) => [
    '--b\r\nContent-Type: application/dicom\r\n\r\n',
    bytes,
    '\r\n',
  ]);
  await gateway.api.request('http://localhost/dicom-web/studies?policy=deidentified', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': TYPE },
    body: new Blob([...parts, '--b--']),
  });
  return { user, key, token: accessToken };
}

async function waiting(token: string, query = ''): Promise<NotTakenList> {
  const answer = await gateway.call('GET', `/uploads/not-taken${query}`, { token });
  return notTakenListSchema.parse(await answer.json());
}

const leaveOut = async (token: string, id: string): Promise<number> =>
  (await gateway.call('DELETE', `/uploads/not-taken/${id}`, { token })).status;

test('is named with its study and reason to the account of the key and to administrators, who leave it out', async () => {
  const { accessToken: admin } = await gateway.signIn();
  const asked = { seed: 9821, series: 2, instancesPerSeries: 2, burnedInSeries: 1 };
  const { user, key, token } = await openScript(asked);
  const [file] = await until('the file to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.length > 0 && shown;
  });
  assert.equal(
    [file?.username, file?.key, file?.policy, file?.notTaken],
    [user.username, 'a script', 'deidentified', [{ reason: 'burned-in-annotation', instances: 2 }]],
  );
  assert.is(file!.studies.length, 1);
  const stored = await gateway.call('GET', `/studies?q=${file!.studies[0]}`, { token });
  assert.is(((await stored.json()) as { studies: unknown[] }).studies.length, 1, 'the rest of it is known');
  assert.equal(
    (await waiting(admin, '?all=1')).shown.map(({ id }) => id),
    [file!.id],
  );
  assert.equal((await waiting(admin)).total, 0, 'their own');
  const { accessToken: another } = await gateway.userWith(['technician']);
  assert.is(await leaveOut(another, file!.id), 404);
  assert.is(await leaveOut(key, file!.id), 403);
  assert.is(await leaveOut(admin, file!.id), 204);
  assert.equal(await waiting(token), { total: 0, shown: [] });
  assert.is(await leaveOut(token, file!.id), 404, 'it is over');
});

test('is named where nothing of its file was taken, and its account leaves it out', async () => {
  const { token } = await openScript({ seed: 9822, series: 1, instancesPerSeries: 1, burnedInSeries: 1 });
  const [file] = await until('the file to be opened', async () => {
    const { shown } = await waiting(token);
    return shown.length > 0 && shown;
  });
  assert.equal([file?.studies, file?.notTaken.length], [[], 1]);
  assert.is(await leaveOut(token, file!.id), 204);
  assert.is((await waiting(token)).total, 0);
});

test.run();
