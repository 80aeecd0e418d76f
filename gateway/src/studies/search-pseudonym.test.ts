/** The search of one's own studies by a pseudonym, through the real route: the PACS is asked whose it is. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import { deliverStudy } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';

const test = suite('the search by a pseudonym');
let gateway: TestGateway & { pacs: TestPacs };
/** The same patient, sent by two people; and another patient. */
let own: { token: string; study: string };
let colleague: { token: string; study: string };

const web = { get: () => Promise.reject(new Error('not asked')), takesLists: async () => false };
const PSEUDONYM = `RP-${'7'.repeat(25)}K`;

test.before(async () => {
  const pacs = Object.assign(openTestPacs(), { web });
  gateway = Object.assign(await openTestGateway({ pacs }), { pacs });
  const sender = async () => (await gateway.userWith(['technician'])).accessToken;
  const mine = await sender();
  const theirs = await sender();
  const send = (token: string, seed: number, patientId: string) =>
    deliverStudy(gateway, { token, seed, patientId });
  own = { token: mine, study: await send(mine, 401, PSEUDONYM) };
  await send(mine, 402, `RP-${'8'.repeat(26)}`);
  colleague = { token: theirs, study: await send(theirs, 403, PSEUDONYM) };
});
test.after(() => gateway.close());

const ask = (token: string, query: string) => gateway.call('GET', `/studies?${query}`, { token });
async function foundBy(token: string, query: string): Promise<readonly string[]> {
  const { studies } = sentStudiesSchema.parse(await (await ask(token, query)).json());
  return studies.map(({ studyInstanceUID }) => studyInstanceUID);
}

test('finds the studies of its patient that the caller sent, and nobody else’s', async () => {
  for (const text of [PSEUDONYM, PSEUDONYM.toLowerCase()])
    assert.equal(await foundBy(own.token, `q=${text}`), [own.study], text);
  assert.equal(await foundBy(colleague.token, `q=${PSEUDONYM}`), [colleague.study]);
  assert.equal(await foundBy(own.token, `q=RP-${'9'.repeat(26)}`), []);
  assert.equal(await foundBy(own.token, `q=${PSEUDONYM.slice(0, -1)}`), [], 'a part of one');
  assert.equal(await foundBy(own.token, `q=${PSEUDONYM}&standing=under-way`), [], 'with the filters');
});

test('is no way to learn from the site’s list whose studies are of one patient', async () => {
  const { accessToken } = await gateway.userWith(['auditor']);
  assert.is((await foundBy(accessToken, 'all=1')).length, 3);
  assert.equal(await foundBy(accessToken, `all=1&q=${PSEUDONYM}`), []);
});

test('says that the PACS is away, or knows no search, and never "none" instead', async () => {
  const codeOf = async (query: string) => {
    const { status, code } = (await (await ask(own.token, query)).json()) as {
      status?: number;
      code?: string;
    };
    return [status, code];
  };
  gateway.pacs.lie = 'down';
  assert.equal(await codeOf(`q=${PSEUDONYM}`), [502, 'pacs-unreachable']);
  assert.equal(await foundBy(own.token, `q=${own.study}`), [own.study], 'other searches do not ask it');
  gateway.pacs.lie = 'honest';
  Object.assign(gateway.pacs, { web: undefined });
  assert.equal(await codeOf(`q=${PSEUDONYM}`), [501, 'pacs-without-dicomweb']);
  Object.assign(gateway.pacs, { web });
});

test.run();
