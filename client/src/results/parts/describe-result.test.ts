import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Role } from '#shared/protocol/api.ts';
import { CARDS } from '#shared/models/card.ts';
import {
  aboutImage,
  barsOf,
  className,
  comparable,
  correctionsOf,
  headlineOf,
  inputName,
  isUnread,
  mayAgree,
  patientOf,
  judgeOf,
  personOf,
  questionOf,
  readingOf,
  reasonsOf,
  shortOf,
  titleOf,
} from './describe-result.ts';
import type { Finding } from '#shared/protocol/inference.ts';
import { recordedFinding, recordedResult, recordedResults } from '../../testing/recorded-answers.ts';
import { valuesOf } from '../../testing/values-of.ts';
import { formatDicomDate } from '../../kit/format.ts';
import { resultWords } from './result-words.ts';

test('two scores that are said to differ do not look alike', () => {
  const said = resultWords.device.what(0.987, 0.994);
  assert.match(said, /98\.7\u00a0% on the device and 99\.4\u00a0% at the gateway/);
});

test('a finding reads as above or below the threshold, or says why there is none', () => {
  const said = recordedResults().map(({ finding }) => shortOf(headlineOf(finding)));
  assert.equal(said, [
    'Above the threshold, 89\u00a0%',
    'Below the threshold, 10\u00a0%',
    'Outside this model’s population',
    'Rotated or inverted film',
    'Above the threshold, 89\u00a0%',
    'Lungs: 38\u00a0% of the image',
    'Below the threshold, 10\u00a0%',
  ]);
});

test('the question of a result without an answer says what each button means', () => {
  const silent = recordedFinding({ probabilities: null, score: null, positive: null, population: 'outside' });
  assert.match(questionOf(silent), /gave no answer\. If .+, agree\. If .+, disagree\.$/);
  assert.is(questionOf(recordedFinding()), 'Do you agree with the model?');
});

test('an image other than a chest film is not called outside a population, and its kind is named', () => {
  const silent = { probabilities: null, score: null, positive: null } as const;
  const because = (some: Partial<Finding>) => headlineOf(recordedFinding({ ...silent, ...some }));
  const hand = { kind: 'Hand', probability: 0.97 } as const;
  const not = { kind: 'silent', because: 'not-a-chest-film' };
  assert.equal(because({ population: 'outside', image: hand }), not);
  const unsure = { kind: 'CXR', probability: 0.4 } as const;
  const perhaps = { ...not, because: 'perhaps-no-chest-film' };
  assert.equal(because({ image: unsure, warnings: ['not-a-chest-film'] }), perhaps, 'most likely it is one');
  const model = { ...recordedFinding().model, id: 'image-kind' };
  const kind = recordedFinding({ ...silent, image: hand, model });
  assert.is(shortOf(headlineOf(kind)), 'Image type: Hand film, 97\u00a0%');
  assert.is(titleOf(headlineOf(kind)), 'It looks like a hand film');
  const none = { ...kind, image: { kind: 'other' as const, probability: 0.94 } };
  assert.is(shortOf(headlineOf(none)), 'Image type: none that the model knows, 94\u00a0%');
  const others = ['CXR', 'BreastMRI', 'HeadCT', 'TrunkCT', 'other', 'not-assessable'];
  assert.equal(correctionsOf({ finding: kind }), others, 'a correction is another of its kinds');
  for (const name of CARDS['image-kind'].classes!)
    assert.is.not(className(name), name, 'each has a name that people read');
});

test('the threshold is drawn only on the bar that it applies to', () => {
  assert.equal(valuesOf(barsOf(recordedFinding()), 'name', 'threshold'), [
    ['Pneumonia, bacterial or viral', 0.212],
    ['Normal', null],
    ['Bacterial pneumonia', null],
    ['Viral pneumonia', null],
  ]);
  assert.equal(barsOf(recordedFinding({ probabilities: null, score: null, threshold: null })), []);
});

test('a probability is never rounded to certainty', () => {
  const said = [0, 0.001, 0.212, 0.994, 0.999, 1].map(resultWords.percent);
  assert.is(said.join(', ').replaceAll('\u00a0', ' '), '0 %, < 1 %, 21 %, 99 %, > 99 %, 100 %');
});

test('results for comparison are those of the same image, then those of the same study, and no others', () => {
  const other = recordedResult(9, {}, { input: { ...recordedFinding().input, digest: 'c'.repeat(64) } });
  const stranger = recordedResult(
    10,
    {},
    { input: { ...recordedFinding().input, digest: 'd'.repeat(64), studyInstanceUID: '1.2.3' } },
  );
  const same = recordedResult(11);
  const fits = comparable(recordedResult(1), [recordedResult(1), other, stranger, same]);
  assert.equal(valuesOf(fits, 'id'), [same.id, other.id]);
});

test('a correction answers the question that the model answered', () => {
  const lungs = recordedFinding({
    probabilities: null,
    score: null,
    positive: null,
    model: { ...recordedFinding().model, id: 'lung-fields' },
  });
  assert.equal(correctionsOf({ finding: lungs }), ['other', 'not-assessable']);
  const nearThreshold = recordedFinding({
    probabilities: [
      { name: 'normal', probability: 0.66 },
      { name: 'bacterial pneumonia', probability: 0.19 },
      { name: 'viral pneumonia', probability: 0.15 },
    ],
  });
  for (const finding of [recordedFinding(), nearThreshold])
    assert.equal(correctionsOf({ finding }), ['normal', 'viral pneumonia', 'other', 'not-assessable']);
});

test('nobody corrects a model to what it said, nor against a signed review', () => {
  const review = {
    id: recordedResult(1).id,
    readers: 2,
    isAdjudicated: false,
    settledAt: '2026-11-20T10:00:00Z',
  };
  const above = recordedFinding();
  const below = recordedFinding({ score: 0.1, positive: false });
  const behind = (finding: typeof above, positive: boolean | null) => {
    const of = { finding, review: { ...review, positive } };
    return [mayAgree(of), ...correctionsOf(of)];
  };
  assert.not.ok(correctionsOf({ finding: below }).includes('normal'));
  assert.equal(behind(above, true), [true, 'viral pneumonia']);
  assert.equal(behind(above, false), [false, 'normal']);
  assert.equal(behind(below, false), [true]);
  assert.equal(behind(below, true), [false, 'pneumonia', 'bacterial pneumonia', 'viral pneumonia']);
  for (const finding of [above, below])
    assert.equal(behind(finding, null), [false], 'reviews that contradict each other leave no verdict');
});

test('no page says that no radiologist has looked where a signed review is behind the result', () => {
  const { id } = recordedResult(1);
  const review = { id, positive: false, readers: 2, isAdjudicated: false, settledAt: '2026-11-20T10:00:00Z' };
  const verification = { verdict: 'agree', finding: null, by: id, at: review.settledAt } as const;
  assert.ok(isUnread({ verification: null }));
  assert.ok(isUnread({ verification: null, history: [], review: null }));
  assert.not.ok(isUnread({ verification: null, history: [], review }));
  assert.not.ok(isUnread({ verification: null, history: [], review: { ...review, positive: null } }));
  assert.not.ok(isUnread({ verification }));
  assert.not.ok(isUnread({ verification: null, history: [verification] }));
});

test('a list says beside a finding what the signed review found, unless a verdict says the same', () => {
  const { id } = recordedResult(1);
  const review = { id, readers: 2, isAdjudicated: false, settledAt: '2026-11-20T10:00:00Z' };
  const verdict = { verdict: 'agree', finding: null, by: id, at: review.settledAt } as const;
  const finding = recordedFinding();
  const said = (positive: boolean | null, verification: typeof verdict | null = null) =>
    readingOf({ finding, verification, review: { ...review, positive } });
  assert.is(readingOf({ finding, verification: null }), null);
  assert.is(readingOf({ finding, verification: null, review: null }), null);
  assert.is(said(false), 'nothing');
  assert.is(said(true), 'something');
  assert.is(said(null), 'disputed');
  assert.is(said(true, verdict), null);
  assert.is(said(false, verdict), 'nothing', 'the verdict was given first');
  assert.is(said(null, verdict), 'disputed');
  const silent = { ...finding, positive: null };
  assert.is(readingOf({ finding: silent, verification: null, review: { ...review, positive: true } }), null);
});

test('limits are shown once', () => {
  const finding = recordedFinding({
    rationale: ['The score.', `Limits: ${recordedFinding().limits.join(' ')}`],
  });
  assert.equal(reasonsOf(finding), ['The score.']);
});

test('an account appears as you, a name, or another person, never as a number', () => {
  const viewer = { id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001' };
  const another = '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0002';
  const who = (id: string, name?: string) =>
    personOf({ id, name }, viewer, { you: 'you', other: 'someone else' });
  assert.equal(
    [who(viewer.id, 'rahel'), who(another), who(another, 'jonas')],
    ['you', 'someone else', 'jonas'],
  );
});

test('a verdict is by another radiologist to a radiologist, and by a radiologist to everybody else', () => {
  const account = { id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0002', name: undefined };
  const told = (role: Role) =>
    judgeOf(account, { id: '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001', roles: [role] });
  assert.equal([told('radiologist'), told('technician')], ['another radiologist', 'a radiologist']);
});

test('the title of a result says its patient or pseudonym, modality and day, never a UID or a guess', () => {
  const patient = { name: 'Relay^7Q3MX', id: 'P-7Q3MX', isPseudonym: true };
  assert.is(patientOf({ patient }), 'Pseudonym Relay, 7Q3MX, P-7Q3MX');
  assert.is(patientOf({ patient: { ...patient, isPseudonym: false } }), 'Relay, 7Q3MX, P-7Q3MX');
  assert.is(patientOf({ patient: null }), null, 'the viewer may not see it');
  const finding = recordedFinding();
  const about = { studyDate: '2026-01-01', bodyPart: 'CHEST' };
  assert.equal(aboutImage(finding, about), ['DX', 'Chest', formatDicomDate('20260101')]);
  const mr = { input: { ...finding.input, sopClassUID: '1.2.840.10008.5.1.4.1.1.4' } };
  const guessed = recordedFinding({ ...mr, image: { kind: 'HeadCT', probability: 0.9 } });
  assert.equal(aboutImage(guessed, null), ['MR'], 'a model takes it for a CT');
  assert.equal(aboutImage(recordedResults()[3]!.finding, null), [], 'a picture has no header');
  assert.is(inputName(finding.input), 'Study');
});

test.run();
