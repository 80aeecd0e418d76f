import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openTestGateway } from '../testing/open-gateway.ts';

type Page = { rows: { seq: number; event: string }[]; next: number | null };

const test = suite('reading the audit trail');

test('an auditor reads every row once, page by page, and is told that the chain is whole', async () => {
  const gateway = await openTestGateway();
  const { accessToken: token } = await gateway.userWith(['auditor']);
  const seqs: number[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = (await (
      await gateway.call('GET', `/audit?after=${after}&limit=2`, { token })
    ).json()) as Page;
    seqs.push(...page.rows.map(({ seq }) => seq));
    after = page.next;
  }
  assert.ok(seqs.length >= 3, 'a start, an added user, a login');
  assert.equal(
    seqs,
    seqs.map((_, index) => index + 1),
    'in order, none twice, none left out',
  );
  const verdict = (await (await gateway.call('GET', '/audit/verify', { token })).json()) as {
    kind: string;
    rows: number;
  };
  assert.is(verdict.kind, 'whole');
  assert.is(verdict.rows, seqs.length);
  await gateway.close();
});

test('an auditor is told where the chain was changed', async () => {
  const gateway = await openTestGateway();
  const { accessToken: token } = await gateway.userWith(['auditor']);
  await gateway.database.db.updateTable('audit').set({ event: 'logout' }).where('seq', '=', 2).execute();
  assert.equal(await (await gateway.call('GET', '/audit/verify', { token })).json(), {
    kind: 'broken',
    atSeq: 2,
    because: 'row',
  });
  await gateway.close();
});

test.run();
