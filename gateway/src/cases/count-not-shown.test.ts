/** The count of cases that researchers are not shown, through the real route. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SMALLEST_CELL } from '#shared/protocol/analytics.ts';
import { jsonOf, openTestCase } from '../testing/open-cases.ts';
import { openTestGateway, type TestGateway } from '../testing/open-gateway.ts';
import { openTestPacs } from '../testing/open-pacs.ts';

const test = suite('cases that are not shown');
let gateway: TestGateway;
test.before(async () => {
  gateway = await openTestGateway({ pacs: openTestPacs() });
});
test.after(() => gateway.close());

test('researchers are told how many there are from the smallest cell on; those who see all are told of none', async () => {
  const { accessToken: researcher } = await gateway.userWith(['researcher']);
  const { accessToken: keeper } = await gateway.userWith(['radiologist']);
  const told = (token: string) => jsonOf(gateway, 'GET /cases/not-shown', { token });
  assert.equal(await told(researcher), { cases: 0, isMore: false });
  for (let opened = 1; opened <= SMALLEST_CELL + 1; opened += 1) {
    await openTestCase(gateway, keeper, { expected: { patientId: `PID-${opened}` } });
    const cases = opened < SMALLEST_CELL ? null : opened;
    assert.equal(await told(researcher), { cases, isMore: false }, `${opened}`);
  }
  assert.equal(await told(keeper), { cases: 0, isMore: false });
  const { accessToken: both } = await gateway.userWith(['researcher', 'admin']);
  assert.equal(await told(both), { cases: 0, isMore: false });
  const { accessToken: technician } = await gateway.userWith(['technician']);
  assert.is((await gateway.call('GET', '/cases/not-shown', { token: technician })).status, 403);
});

test.run();
