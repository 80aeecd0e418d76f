import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { healthSchema, problemSchema, ROLES, sessionSchema } from '#shared/protocol/api.ts';
import { parseSession, readHealth, readProblem } from './read-answers.ts';

const user = {
  id: '3b241101-e2bb-4255-8caf-4136c566a962',
  username: 'm.okafor',
  roles: [...ROLES],
  siteId: '00000000-0000-0000-0000-000000000000',
};
const session = { accessToken: 'a.b.c', expiresIn: 600, user };
const problem = {
  type: 'about:blank',
  title: 'No',
  status: 401,
  code: 'wrong-credentials',
  correlationId: 'c1',
};

/** The object with each of its fields left out, and with each replaced by values of every type. */
function variantsOf(value: Record<string, unknown>): unknown[] {
  const wrong = [
    null,
    undefined,
    0,
    1.5,
    '',
    'text',
    true,
    [],
    {},
    [{}],
    ['nobody'],
    ['admin'],
    '3B241101-E2BB-4255-8CAF-4136C566A962',
    '3b241101-e2bb-0255-8caf-4136c566a962',
  ];
  const fields = Object.keys(value);
  return [
    value,
    { ...value, unknown: 1 },
    null,
    [],
    'x',
    3,
    ...fields.map((left) => Object.fromEntries(Object.entries(value).filter(([field]) => field !== left))),
    ...fields.flatMap((field) => wrong.map((instead) => ({ ...value, [field]: instead }))),
  ];
}

test('the hand-written reader of sessions accepts exactly what the schema accepts', () => {
  const nested = variantsOf(user).map((variant) => ({ ...session, user: variant }));
  for (const value of [...variantsOf({ ...session, refreshToken: 'r' }), ...nested]) {
    let taken = true;
    try {
      parseSession(value);
    } catch {
      taken = false;
    }
    assert.is(taken, sessionSchema.safeParse(value).success, JSON.stringify(value));
  }
});

test('the hand-written reader of refusals accepts exactly what the schema accepts', () => {
  for (const value of variantsOf({ ...problem, detail: 'd', next: 'n' })) {
    assert.is(readProblem(value) !== null, problemSchema.safeParse(value).success, JSON.stringify(value));
  }
});

test('the hand-written reader of the gateway’s health accepts exactly what the schema accepts', () => {
  for (const status of ['ok', 'degraded', 'starting', 'stopping', 'failing', 'OK']) {
    for (const value of variantsOf({
      status,
      waitsFor: 'features',
      database: 'ok',
      pacs: 'unreachable',
      disk: 'full',
      certificate: 'none',
    })) {
      assert.is(readHealth(value) !== null, healthSchema.safeParse(value).success, JSON.stringify(value));
    }
  }
});

test('the error about an invalid session quotes nothing of it', () => {
  try {
    parseSession({ ...session, accessToken: 5, user: { ...user, username: 'PLANTED' } });
    assert.unreachable();
  } catch (error) {
    assert.not.match(String(error), /PLANTED/);
  }
});

test.run();
