/** The page offers what the gateway allows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { READS_ALL, ROLES } from '#shared/protocol/api.ts';
import { SENDERS } from '#shared/protocol/policy.ts';
import { maySend, readsSite } from './may-send.ts';

test('each role sends, and reads what others sent, as the protocol says', () => {
  for (const role of ROLES) {
    assert.is(maySend({ roles: [role] }), (SENDERS as readonly string[]).includes(role), role);
    assert.is(readsSite({ roles: [role] }), READS_ALL.includes(role), role);
  }
});

test.run();
