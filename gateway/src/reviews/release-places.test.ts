/** The work of an account that may no longer do it, through the real routes: none waits for somebody who has left. */
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import type { Case } from '#shared/protocol/cases.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { until } from '#testing/gateway-under-test.ts';
import { deliverStudy, jsonOf, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs, type TestPacs } from '../testing/open-pacs.ts';

const test = suite('work of accounts that may read no more');
let gateway: TestGateway & { pacs: TestPacs };
let admin: Session;
let study: string;

test.before(async () => {
  const pacs = openTestPacs();
  gateway = Object.assign(await openTestGateway({ pacs }), { pacs });
  admin = await gateway.userWith(['admin']);
  const { accessToken: token } = await gateway.userWith(['technician']);
  study = await deliverStudy(gateway, { token, seed: 741, patientId: 'PID-741' });
});
test.after(() => gateway.close());

const asAdmin = (): { token: string } => ({ token: admin.accessToken });
const openCase = (more: object = {}): Promise<Case> =>
  openTestCase(gateway, admin.accessToken, { studies: [study], ...more });
const change = (id: string, body: object) =>
  jsonOf(gateway, `PATCH /admin/users/${id}`, { ...asAdmin(), body });

async function openReview(readers: readonly Session[]): Promise<Review> {
  const { id } = await openCase();
  const body = { id: randomUUID(), type: 'chest-film', readers: readers.map(({ user }) => user.id) };
  return jsonOf(gateway, `POST /cases/${id}/reviews`, { ...asAdmin(), body, status: 201 });
}
const shown = (id: string): Promise<Review> => jsonOf(gateway, `GET /reviews/${id}`, asAdmin());
async function answer(review: Review, { accessToken: token }: Session): Promise<void> {
  const { places } = await jsonOf<Review>(gateway, `GET /reviews/${review.id}`, { token });
  const { place, version } = places.find(({ isMine }) => isMine)!;
  const answers = { finding: 'pneumonia', certainty: 4 };
  const body = { id: randomUUID(), place, version, decision: 'accept', answers };
  await jsonOf(gateway, `POST /reviews/${review.id}/decision`, { token, body });
}
const readerOf = async (id: string) => {
  const { places } = await shown(id);
  return [places[0]!.state, places[0]!.reader?.username ?? null];
};

test('a disabled reader’s readings go to the next one, answers not signed too; signed ones stay; cases have no assignee', async () => {
  const leaver = await gateway.userWith(['radiologist']);
  const waiting = await openReview([leaver]);
  const answered = await openReview([leaver]);
  const signed = await openReview([leaver]);
  const assigned = await openCase({ assigneeId: leaver.user.id });
  for (const review of [answered, signed]) await answer(review, leaver);
  const { places } = await shown(signed.id);
  const body = { id: randomUUID(), place: 1, version: places[0]!.version };
  await jsonOf(gateway, `POST /reviews/${signed.id}/sign`, { token: leaver.accessToken, body });
  const next = await gateway.userWith(['radiologist']);
  await change(leaver.user.id, { disabled: true });
  await until('the readings to be handed on', async () => {
    const [, username] = await readerOf(answered.id);
    return username === next.user.username;
  });
  assert.equal(await readerOf(waiting.id), ['assigned', next.user.username]);
  assert.equal(await readerOf(signed.id), ['signed', leaver.user.username]);
  const { history } = await shown(answered.id);
  const told = history.map(({ step, by, to }) => [step, by, to]);
  assert.equal(told.at(-1), ['release', admin.user.username, next.user.username]);
  assert.ok(
    told.some(([step]) => step === 'decide'),
    'the answers stay in the history',
  );
  const { assignee } = await until('the case to be unassigned', async () => {
    const found = await jsonOf<Case>(gateway, `GET /cases/${assigned.id}`, asAdmin());
    return found.assignee === null && found;
  });
  assert.is(assignee, null);
  const refused = { ...asAdmin(), body: { title: 'A case', studies: [study], assigneeId: leaver.user.id } };
  assert.is((await gateway.call('POST', '/cases', refused)).status, 422);
  await change(next.user.id, { disabled: true });
  await until('nobody to be left', async () => (await readerOf(waiting.id))[0] === 'open');
  assert.equal(await readerOf(waiting.id), ['open', null]);
});

test('a reader who is no radiologist any more loses them too; another change of roles takes nothing', async () => {
  const reader = await gateway.userWith(['radiologist']);
  const review = await openReview([reader]);
  await change(reader.user.id, { roles: ['radiologist', 'researcher'] });
  await change(reader.user.id, { roles: ['researcher'] });
  await until('the place to be free', async () => (await readerOf(review.id))[0] === 'open');
  const { db } = gateway.database;
  const rows = await db.selectFrom('audit').select('fields').where('event', '=', 'review-released').execute();
  const released = rows.filter(({ fields }) => JSON.stringify(fields).includes(review.id));
  assert.is(released.length, 1, 'a change that leaves the role takes nothing');
});

test.run();
