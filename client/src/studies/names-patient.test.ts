/** The page of a study names the patient to the people to whom lists name them, and asks for nobody else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROLES } from '#shared/protocol/api.ts';
import { CASE_KEEPERS } from '#shared/protocol/keepers.ts';
import { namesPatient } from './names-patient.ts';
import { countsOf } from '../testing/told-study.ts';

const test = suite('the page of a study');
const NONE = countsOf({ promised: 2 });
const ARRIVED = { uploads: [{ counts: NONE }, { counts: { ...NONE, inPacs: 1 } }] };

test('says whose study it is to each role that the gateway tells it, and to no other', () => {
  for (const role of ROLES)
    assert.is(namesPatient({ roles: [role] }, ARRIVED), CASE_KEEPERS.includes(role), role);
  assert.is(namesPatient(null, ARRIVED), false, 'nobody is signed in');
});

test('asks for nobody before the PACS has anything of the study', () => {
  assert.is(namesPatient({ roles: ['radiologist'] }, { uploads: [{ counts: NONE }] }), false);
});

test.run();
