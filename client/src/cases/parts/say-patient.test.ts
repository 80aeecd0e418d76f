import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hideNames } from '../../kit/identities.ts';
import { eachOnce, studyDaysOf, whoseSaid, type Patient } from './say-patient.ts';

const test = suite('the line of a patient');
test.after.each(() => hideNames(false));

const DOE: Patient = {
  ...{ studyInstanceUID: '2.25.1', patientName: 'Doe^Jane', patientId: '4711', issuer: null },
  ...{ birthDate: '19610203', sex: 'F', accessionNumber: 'A1', studyDate: '20261103', description: null },
};
const UNKNOWN: Patient = { ...DOE, patientName: null, patientId: null, studyDate: null };

test('a row says name and Patient ID, and each day of the studies once', () => {
  const prior = { ...DOE, studyInstanceUID: '2.25.2', studyDate: '20251103' };
  assert.is(whoseSaid([DOE, { ...DOE, studyInstanceUID: '2.25.3' }, prior]), 'Doe, Jane · Patient ID 4711');
  assert.is(studyDaysOf([DOE, DOE, prior]).length, 2);
  assert.is(eachOnce([DOE, prior]).length, 1);
});

test('two people in one case are both said', () => {
  const other = { ...DOE, patientName: 'Roe^Richard', patientId: '4712' };
  assert.is(whoseSaid([DOE, other]), 'Doe, Jane · Patient ID 4711; Roe, Richard · Patient ID 4712');
});

test('beside a patient who is named stands that the PACS does not name the other', () => {
  assert.is(whoseSaid([DOE, UNKNOWN]), 'Doe, Jane · Patient ID 4711; a patient without a name in the PACS');
});

test('a name that is the Patient ID too is said once', () => {
  assert.is(whoseSaid([{ ...DOE, patientName: 'RP-1', patientId: 'RP-1' }]), 'RP-1');
});

test('of whom the PACS says nothing, the line says nothing', () => {
  assert.is(whoseSaid([UNKNOWN]), null);
  assert.is(whoseSaid([]), null);
  assert.equal(studyDaysOf([UNKNOWN]), []);
});

test('while names are hidden the line holds neither name nor number', () => {
  hideNames(true);
  assert.not.match(whoseSaid([DOE]) ?? '', /Doe|Jane|4711/);
});

test.run();
