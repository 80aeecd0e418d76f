import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStabiliser, keepEarlier } from './stable-values.ts';

test('values that differ from run to run, or open something, become others of the same form', () => {
  const stable = createStabiliser();
  const id = '5b0e4f0c-6a3b-4a67-9d39-d5e0f9a1b2c3';
  const first = '00000000-0000-4000-8000-000000000001';
  assert.equal(stable({ id, href: `/upload/${id}/receipt`, [id]: 1 }), {
    ...{ id: first, href: `/upload/${first}/receipt`, [first]: 1 },
  });
  assert.equal(stable(['2031-05-06T07:08:09.123Z', '2031-05-06']), [
    '2026-01-01T12:00:00.000Z',
    '2026-01-01',
  ]);
  assert.equal(stable({ token: 'eyJh.eyJz.c2ln', key: 'rk_aB3dEf6hIj' }), {
    ...{ token: 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJleGFtcGxlIn0.ZXhhbXBsZQ', key: 'rk_ExampleExa' },
  });
  const secrets = { newPassword: 'Tr0ub4dor', password: `B7${'x'.repeat(30)}`, clientSecret: 'abc' };
  assert.equal(stable(secrets), {
    ...{ newPassword: 'an example password', password: 'an example password' },
    clientSecret: 'example-of-a-secret',
  });
  assert.match(stable('a1'.repeat(32)) as string, /^[0-9a-f]{64}$/);
  assert.is((stable(`iVBORw0KGgo${'A7b'.repeat(4000)}`) as string).length, 90);
  assert.match(stable(`B7${'x'.repeat(40)}=`) as string, /^(Example0)+\w*$/);
  assert.equal(
    [stable([1, 2, 3]), stable(['one', 'two', 'three'])],
    [
      [1, 2],
      ['one', 'two'],
    ],
  );
  const small = { a: 1 };
  const large = { a: 1, b: 2, c: 3 };
  assert.equal([stable([small, small, small]), stable([large, large])], [[small, small], [large]]);
  assert.is(stable('1\n2\n3\n4\n5'), '1\n2\n3\n4');
  assert.equal(stable({ state: 'open', path: '/dicom-web/studies/1.2.3' }), {
    ...{ state: 'open', path: '/dicom-web/studies/1.2.3' },
  });
});

test('a new recording keeps earlier numbers, and an earlier value where it has none', () => {
  const fresh = { ms: 12, text: 'took 12 s', list: [{ bytes: 7 }], state: 'open', more: 1 };
  const earlier = { ms: 99, text: 'took 99 s', list: [{ bytes: 5, gone: 1 }], state: 'closed' };
  assert.equal(keepEarlier(fresh, earlier), {
    ...{ ms: 99, text: 'took 99 s', list: [{ bytes: 5 }], state: 'open', more: 1 },
  });
  assert.is(keepEarlier('waits', 'done'), 'waits');
  assert.equal(keepEarlier({ heads: [], id: null, at: null }, { heads: [1], id: 'a' }), {
    ...{ heads: [1], id: 'a', at: null },
  });
});

test.run();
