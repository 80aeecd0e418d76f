/** Jobs about a study in the PACS, and their results, by the contract alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Job } from '#shared/protocol/inference.ts';
import { openContract, type CallByContract, type Contract } from '../testing/call-by-contract.ts';
import { openPacsGateway, type PacsGateway } from '../testing/open-cases.ts';
import { lastOf } from '../testing/open-job.ts';
import { openTestPacs } from '../testing/open-pacs.ts';
import { testFilm } from '../testing/open-subject.ts';

const test = suite('the contract of results');
let gateway: PacsGateway;
let contract: Contract;
let callByContract: CallByContract;
let as: { readonly token: string };
test.before(async () => {
  gateway = await openPacsGateway(openTestPacs(), { start: false });
  contract = await openContract(gateway);
  ({ callByContract } = contract);
  as = { token: (await gateway.userWith(['radiologist', 'admin'])).accessToken };
});
test.after(() => gateway.close());

test('real answers about a job that waits, and its result, are as /openapi.json says', async () => {
  const { identifiers, bytes } = testFilm({ seed: 7401 });
  const { studyInstanceUID, sopInstanceUID } = identifiers;
  gateway.pacs.held.set(sopInstanceUID, { study: studyInstanceUID, bytes: Buffer.from(bytes) });
  const body = { model: 'image-kind', studyInstanceUID };
  const { id } = (await callByContract('post', '/infer', 202, { ...as, body })) as Job;
  const at = { ...as, params: { id } };
  await callByContract('delete', '/jobs/{id}', 200, at);
  const several = { ...as, body: { model: 'image-kind', studies: [studyInstanceUID] } };
  await callByContract('post', '/infer/batch', 202, several);
  await callByContract('post', '/jobs/{id}/retry', 202, at);
  await gateway.start();
  const { results } = await lastOf(gateway, as.token, id);
  const of = { ...as, params: { id: results[0]! } };
  await callByContract('get', '/results/{id}/preview', 200, of);
  await callByContract('get', '/results/{id}/explanations/{method}', 200, {
    ...{ ...as, params: { ...of.params, method: 'image' } },
  });
});

test('the contract has an example of each operation that was called', () => {
  assert.equal(contract.lacking(), []);
});

test.run();
