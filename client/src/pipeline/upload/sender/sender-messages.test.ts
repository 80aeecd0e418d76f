import * as assert from 'uvu/assert';
import { suite } from 'uvu';
import { Unreachable, type TokenSource } from '../../../net/api-client.ts';
import { borrowSession, lendToken, type BorrowedSession } from './sender-messages.ts';

const test = suite('the session that the page lends to its worker');

/**
 * The two ends, joined by a channel that clones its messages. `sessionOf`: the page's session while it is
 * that account's.
 */
function joined(sessionOf: (account: string) => TokenSource | null): BorrowedSession {
  const borrowed = borrowSession((question) => {
    const asked = structuredClone(question);
    void lendToken(asked, sessionOf(asked.account)).then((answer) => borrowed.take(structuredClone(answer)));
  });
  return borrowed;
}

const session: TokenSource = {
  accessToken: async () => 'first',
  renew: async (stale) => (stale === 'first' ? 'second' : null),
};

test('tokens are given one by one, and only for the signed-in account', async () => {
  const borrowed = joined((account) => (account === 'anna' ? session : null));
  assert.equal(
    await Promise.all([
      borrowed.of('anna').accessToken(),
      borrowed.of('tess').accessToken(),
      borrowed.of('anna').renew('first'),
    ]),
    ['first', null, 'second'],
  );
  assert.is(await borrowed.of('anna').renew('second'), null);
});

test('an unreachable gateway is reported as such and does not end the right', async () => {
  const borrowed = joined(() => ({
    accessToken: async () => Promise.reject(new Unreachable(null)),
    renew: async () => null,
  }));
  const fault = await borrowed
    .of('anna')
    .accessToken()
    .catch((error: unknown) => error);
  assert.instance(fault, Unreachable);
});

test.run();
