/** The work of an account that may no longer do it, through the real routes: none waits for somebody who has left. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '#shared/protocol/api.ts';
import type { Case } from '#shared/protocol/cases.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { until } from '#testing/gateway-under-test.ts';
import { audited } from '../testing/audited.ts';
import {
  deliverStudy,
  jsonOf,
  openPacsGateway,
  openTestCase,
  type PacsGateway,
} from '../testing/open-cases.ts';
import { decideTest, openTestReview, readReview, signTest } from '../testing/open-reviews.ts';

const test = suite('work of accounts that may read no more');
let gateway: PacsGateway;
let admin: Session;
let study: string;

test.before(async () => {
  gateway = await openPacsGateway();
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

async function openReview({ user }: Session): Promise<Review> {
  const { id } = await openCase();
  return openTestReview(gateway, asAdmin(), id, { type: 'chest-film', readers: [user.id] });
}
const shown = (id: string): Promise<Review> => readReview(gateway, asAdmin(), id);
const readerOf = async (id: string) => {
  const { places } = await shown(id);
  return [places[0]!.state, places[0]!.reader?.username ?? null];
};

test('a disabled reader’s readings go to the next one, answers not signed too; signed ones stay; cases have no assignee', async () => {
  const leaver = await gateway.userWith(['radiologist']);
  const waiting = await openReview(leaver);
  const answered = await openReview(leaver);
  const signed = await openReview(leaver);
  const assigned = await openCase({ assigneeId: leaver.user.id });
  const asLeaver = { token: leaver.accessToken };
  for (const { id } of [answered, signed]) await decideTest(gateway, asLeaver, id);
  await signTest(gateway, asLeaver, signed.id);
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
  assert.is(told.filter(([step]) => step === 'decide').length, 1, 'the answers stay in the history');
  await until('the case to be unassigned', async () => {
    const found = await jsonOf<Case>(gateway, `GET /cases/${assigned.id}`, asAdmin());
    return found.assignee === null;
  });
  const refused = { ...asAdmin(), body: { title: 'A case', studies: [study], assigneeId: leaver.user.id } };
  assert.is((await gateway.call('POST', '/cases', refused)).status, 422);
  await change(next.user.id, { disabled: true });
  await until('nobody to be left', async () => (await readerOf(waiting.id))[0] === 'open');
  assert.equal(await readerOf(waiting.id), ['open', null]);
});

test('a reader who is no radiologist any more loses them too; another change of roles takes nothing', async () => {
  const reader = await gateway.userWith(['radiologist']);
  const review = await openReview(reader);
  await change(reader.user.id, { roles: ['radiologist', 'researcher'] });
  await change(reader.user.id, { roles: ['researcher'] });
  await until('the place to be free', async () => (await readerOf(review.id))[0] === 'open');
  const rows = await audited(gateway.database.db, 'review-released');
  const released = rows.filter(({ fields }) => JSON.stringify(fields).includes(review.id));
  assert.is(released.length, 1, 'a change that leaves the role takes nothing');
});

test.run();
