import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import { landingOf } from './landing.ts';
import type { Route } from '../kit/routes.ts';

const test = suite('where a role begins');

/** Where somebody of each of these roles lands who asks for the page; of several roles: joined by +. */
function assertLands(asked: Route, expected: Record<string, string>): void {
  for (const [roles, page] of Object.entries(expected))
    assert.is(
      landingOf(asked, { roles: roles.split('+') as Role[] }).page,
      page,
      `${roles} on ${asked.page}`,
    );
}

test('a technician begins with a study, a radiologist with what to read, others with what they may do', () => {
  assertLands(
    { page: 'start' },
    {
      ...{ technician: 'upload', admin: 'upload', radiologist: 'reviews', researcher: 'start' },
      ...{ auditor: 'start', 'radiologist+technician': 'upload', 'auditor+researcher': 'start' },
    },
  );
});

test('an address of a page leads to that page, for everybody', () => {
  for (const roles of [['auditor'], ['technician']] as const)
    assert.equal(landingOf({ page: 'study', id: 'a' }, { roles: [...roles] }), { page: 'study', id: 'a' });
  assert.equal(landingOf({ page: 'start' }, null), { page: 'upload' });
});

test('a page is there for those whose roles have a use for it, when they ask for it', () => {
  const no = 'not-found';
  assertLands({ page: 'upload' }, { auditor: 'start', radiologist: 'upload', researcher: 'upload' });
  assertLands(
    { page: 'cases', id: '', query: '' },
    { technician: 'cases', radiologist: 'cases', researcher: 'cases', auditor: no },
  );
  const may = { radiologist: 'exports', researcher: 'exports', admin: 'exports' };
  assertLands({ page: 'exports' }, { ...may, technician: no, auditor: no });
  assertLands(
    { page: 'reviews', id: '' },
    { radiologist: 'reviews', admin: 'reviews', technician: no, 'researcher+auditor': no },
  );
  assertLands(
    { page: 'audit', query: '' },
    { auditor: 'audit', admin: 'audit', 'technician+radiologist': no, researcher: no },
  );
  assertLands({ page: 'admin', at: 'destinations' }, { admin: 'admin', 'auditor+technician': no });
});

test.run();
