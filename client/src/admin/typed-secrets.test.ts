/** Secrets that were typed on this page. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTypedSecrets } from './typed-secrets.ts';

const test = suite('a typed secret');

test('is kept for the same connection, and for no other', () => {
  const secrets = createTypedSecrets();
  const basic = { kind: 'basic', username: 'relay', password: 'planted' } as const;
  secrets.keep({ id: 'a', version: 2 }, { authentication: basic });
  assert.equal(secrets.of({ id: 'a', version: 2 }), { password: 'planted' });
  assert.equal(secrets.of({ id: 'a', version: 3 }), {});
  assert.equal(secrets.of({ id: 'b', version: 2 }), {});
  secrets.keep({ id: 'a', version: 3 }, { authentication: { kind: 'none' } });
  assert.equal(secrets.of({ id: 'a', version: 3 }), {});
});

test.run();
