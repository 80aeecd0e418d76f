/**
 * Role × route: which results an account is told of. There are two studies, one that keeps names and one that came
 * de-identified; a technician has sent the one with names. Every route that answers results one by one has a row.
 */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role, Session } from '#shared/protocol/api.ts';
import { insertTestUpload } from '../testing/insert-figures.ts';
import { insertTestResult } from '../testing/insert-result.ts';
import { openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('results that are told');
const STUDIES = { named: '2.25.501', deidentified: '2.25.502' } as const;
type Which = keyof typeof STUDIES;
const WHICH = Object.keys(STUDIES) as Which[];
let gateway: TestGateway;
const ids = new Map<Which, string>();
const cases = new Map<Which, string>();
let sender: Session;

test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
  sender = await gateway.userWith(['technician']);
  const { accessToken: keeper, user } = await gateway.userWith(['radiologist']);
  for (const which of WHICH) {
    const account = which === 'named' ? sender.user.id : user.id;
    await insertStudy(STUDIES[which], account, which === 'named' ? 'identified' : 'deidentified');
    ids.set(which, await insertTestResult(gateway.database.db, { study: STUDIES[which], positive: true }));
    cases.set(which, (await openTestCase(gateway, keeper, { studies: [STUDIES[which]] })).id);
  }
});
test.after(() => gateway.close());

/** In the PACS, as this account brought it. */
async function insertStudy(study: string, account: string, policy: string): Promise<void> {
  const { db } = gateway.database;
  await insertTestUpload(db, { study, account, at: '2026-11-20T09:00:00Z', instances: [{}] });
  const { id } = await db
    .updateTable('instance')
    .set({ sop_instance_uid: `${study}.1.1`, policy_name: policy, brought: true })
    .where('sop_instance_uid', '=', `${study}.0`)
    .returning('id')
    .executeTakeFirstOrThrow();
  const upload = await db
    .selectFrom('upload')
    .innerJoin('study', 'study.id', 'upload.study_id')
    .select('upload.id')
    .where('study_instance_uid', '=', study)
    .executeTakeFirstOrThrow();
  await db
    .insertInto('upload_instance')
    .values({ upload_id: upload.id, position: 0, instance_id: id })
    .execute();
}

const ALL = '?from=2026-11-01&to=2026-11-30';
/** Each answers a text in which the ids of results, or of their cases, stand. */
const LISTS = [
  '/results',
  '/results?folded=1',
  '/results/choices',
  `/evaluation${ALL}`,
  '/cases',
  '/cases?finding=positive',
];
/** Each is of one result or case. */
const OF_ONE = [
  (which: Which) => `/results/${ids.get(which)}`,
  (which: Which) => `/results/${ids.get(which)}/preview`,
  (which: Which) => `/results/${ids.get(which)}/explanations/image`,
  (which: Which) => `/cases/${cases.get(which)}`,
  (which: Which) => `/cases/${cases.get(which)}/timeline`,
];

/** Null: the role may not ask at all. */
async function toldIn(path: string, token: string): Promise<readonly Which[] | null> {
  const answer = await gateway.call('GET', path, { token });
  if (answer.status === 403) return null;
  assert.is(answer.status, 200, path);
  const text = await answer.text();
  return WHICH.filter((which) => text.includes(ids.get(which)!) || text.includes(cases.get(which)!));
}

async function reachedBy(pathOf: (which: Which) => string, token: string): Promise<readonly Which[] | null> {
  const reached: Which[] = [];
  for (const which of WHICH) {
    const answer = await gateway.call('GET', pathOf(which), { token });
    const text = await answer.text();
    if (answer.status === 403) return null;
    // The PACS of this test holds no image: those who reach the result are told of that.
    if (!(answer.status === 404 && text.includes('"code":"not-found"'))) reached.push(which);
  }
  return reached;
}

const SEEN_BY: readonly (readonly [readonly Role[], readonly Which[]])[] = [
  [['admin'], WHICH],
  [['radiologist'], WHICH],
  [['researcher'], ['deidentified']],
  [['technician'], []],
  [['researcher', 'technician'], ['deidentified']],
];

test('researchers are told on every route of the results of de-identified studies, and of no others', async () => {
  let told = 0;
  const check = async (token: string, who: string, seen: readonly Which[]) => {
    for (const path of LISTS) {
      const found = await toldIn(path, token);
      if (found === null) continue;
      told += 1;
      assert.equal(found, seen, `${path} as ${who}`);
    }
    for (const pathOf of OF_ONE) {
      const found = await reachedBy(pathOf, token);
      if (found === null) continue;
      told += 1;
      assert.equal(found, seen, `${pathOf('named')} as ${who}`);
    }
  };
  for (const [roles, seen] of SEEN_BY)
    await check((await gateway.userWith([...roles])).accessToken, roles.join(' and '), seen);
  await check(sender.accessToken, 'its sender', ['named']);
  // Eleven routes for six accounts; some are not for every role.
  assert.ok(told > 55, `${told} answers`);
});

test('a result that a researcher asked for is told on every list, with those of de-identified studies', async () => {
  const { accessToken: token, user } = await gateway.userWith(['researcher']);
  const of = { account_id: user.id, asked_id: randomUUID(), job_id: null, cached: false, at: gateway.now() };
  await gateway.database.db
    .insertInto('result_request')
    .values({ result_id: ids.get('named')!, ...of })
    .execute();
  for (const path of ['/results', `/evaluation${ALL}`]) assert.equal(await toldIn(path, token), WHICH, path);
});

test('auditors are told of all results in the list, and read none', async () => {
  const { accessToken: token } = await gateway.userWith(['auditor']);
  assert.equal(await toldIn('/results', token), WHICH);
  assert.is(await toldIn(`/evaluation${ALL}`, token), null);
  assert.is(await reachedBy(OF_ONE[0]!, token), null);
});

test.run();
