// test:all: Whole roads take minutes; by day story.e2e.ts walks the end, reviews.e2e.ts and cases.e2e.ts the rest.
/**
 * The road of a case after its study has arrived, on the sample data, in a real Chromium against a real gateway and
 * Orthanc: a model looks at it, two people read it without seeing each other or the model, a third decides, and it
 * leaves as an anonymous file. Once by mouse and finger, once by keyboard alone.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReviewAnnotations } from '#shared/protocol/annotations.ts';
import type { Case } from '#shared/protocol/cases.ts';
import type { Job } from '#shared/protocol/inference.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { ADMIN, ask, askAs, type Account } from '#testing/accounts.ts';
import { skip } from '#testing/environment.ts';
import { expect } from '#testing/expect.ts';
import { until } from '#testing/gateway-under-test.ts';
import { keyboardAlone, mouseAndTouch } from '#testing/hands.ts';
import { pressKey } from '#testing/press.ts';
import { noWorldBecause, type World } from '#testing/world.ts';
import { sampleCases } from '../../scripts/relay/sample/sample-cases.ts';
import { sampleStudies } from '../../scripts/relay/sample/sample-studies.ts';
import { FILM_SIDE } from './pipeline/ingest/choose/sample-study.ts';
import {
  approveAndExport,
  button,
  caseOf,
  chooseAnswers,
  come,
  exportFile,
  openReading,
  openSample,
  radiologist,
  toCases,
  type HandsOf,
  type Person,
} from './testing/open-story.ts';
import { looksRight } from './testing/looks-right.ts';

/** The number of sample studies: nine patients with cases. */
const STUDIES = 12;
const CASES = sampleCases(sampleStudies(STUDIES)).length;
const test = suite('the story of a case');
const why = await noWorldBecause();
let world: World;
test.before(async () => {
  if (why === null) world = await openSample(STUDIES);
});
test.after(() => world?.close());

async function openCase(person: Person, { number, title }: Case): Promise<void> {
  await toCases(person);
  const { page, hands } = person;
  await hands.press(page.getByRole('link', { name: new RegExp(`Case ${number}\\b`) }));
  await page.getByRole('heading', { name: title!, level: 1 }).waitFor();
}

/** Returns the id of the result. */
async function runModel({ page, hands, account }: Person, of: Case): Promise<string> {
  await hands.press(page.getByRole('link', { name: 'Run AI' }).first());
  await page.getByRole('heading', { name: 'Run AI', level: 1 }).waitFor();
  await page.getByRole('radio', { checked: true }).and(page.locator('[name=study]')).waitFor();
  if (hands.are === 'keyboard') await looksRight(page, 'run-case');
  await hands.press(page.locator('summary', { hasText: 'Parameters' }));
  await hands.tick(page.getByLabel('Integrated gradients', { exact: true }));
  await hands.tick(page.getByLabel('Run again, even if the cache has an answer'));
  await hands.press(button(page, 'Run'));
  await page.waitForURL(/#\/results\/[\w-]+$/);
  const id = /results\/([\w-]+)/.exec(page.url())![1]!;
  const { jobs } = await askAs<{ jobs: Job[] }>(world.gateway, account.username, '/jobs');
  const job = jobs.find(({ results }) => results.includes(id));
  assert.equal([job?.state, job?.studyInstanceUID], ['done', of.studies[0]!.studyInstanceUID]);
  return id;
}

/** Asks both to read the case, blinded, although one has seen what the model found. Returns the review's id. */
async function askForReaders({ page, hands }: Person, readers: readonly Account[]): Promise<string> {
  await hands.press(button(page, 'Request a reading'));
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('option', { name: /two blinded/ }).waitFor({ state: 'attached' });
  await hands.pick(dialog.getByLabel(/^Review type/), 'Chest film, two blinded readers');
  for (const { username } of readers) await hands.tick(dialog.getByLabel(new RegExp(`^${username}`)));
  await dialog
    .getByText(/may have seen the results/)
    .first()
    .waitFor();
  await hands.press(button(page, 'Request anyway'));
  await page.waitForURL(/#\/reviews\/[\w-]+$/);
  return /reviews\/([\w-]+)/.exec(page.url())![1]!;
}

const BOX = { from: [120, 240], to: [200, 330] } as const;

/** A box on the film, with a label. */
async function mark({ page, hands }: Person, label: string): Promise<void> {
  const image = page.getByRole('img', { name: /^Image 1 of/ });
  await image.waitFor();
  if (hands.are === 'keyboard') {
    const stage = page.getByRole('application', { name: /^Image 1 of/ });
    await hands.press(stage);
    await pressKey(page, 'Escape', '0', 'b', 'Enter', 'Shift+ArrowLeft');
  } else {
    await page.locator('label.viewer-tool', { has: page.getByRole('radio', { name: 'Box' }) }).click();
    for (const [nth, [column, row]] of [BOX.from, BOX.to].entries()) {
      const box = (await image.boundingBox())!;
      const place = [
        box.x + (column / FILM_SIDE) * box.width,
        box.y + (row / FILM_SIDE) * box.height,
      ] as const;
      await page.mouse.move(...place, { steps: 4 });
      await (nth === 0 ? page.mouse.down() : page.mouse.up());
    }
  }
  await hands.press(page.getByRole('button', { name: 'Edit: 1 Box' }));
  await hands.type(page.getByRole('textbox', { name: 'Label', exact: true }), label);
  await hands.press(button(page, 'Save the mark'));
  await page.getByRole('region', { name: 'Marks (1)' }).getByText(label).waitFor();
  await page.getByText('Saved', { exact: true }).waitFor();
}

async function answer(person: Person, finding: string, comment: string): Promise<void> {
  await chooseAnswers(person, finding, comment);
  await saveAndSign(person);
}

async function saveAndSign({ page, hands }: Person): Promise<void> {
  await hands.press(button(page, 'Save the answers'));
  await page.getByText('You can change it until you sign.').waitFor();
  await hands.press(button(page, 'Sign'));
  await page.getByText('Your reading will be signed in 5 seconds.').waitFor();
}

/** By every route that tells of the case, its review or its results. */
const pathsAbout = (of: Case, review: string, result: string): readonly string[] => {
  const study = of.studies[0]!.studyInstanceUID;
  return [
    ...[`/cases/${of.id}`, '/cases', `/cases?q=${study}`, '/cases?finding=positive', '/cases?format=csv'],
    ...[`/cases/${of.id}/timeline`, `/cases/${of.id}/notes`, `/cases/${of.id}/reviews`],
    ...['/reviews?list=all', '/reviews?list=todo', `/reviews/${review}`, `/reviews/${review}/annotations`],
    ...['/results', `/results?study=${study}`, `/results/${result}`, '/jobs', '/analytics/reviews'],
    ...[`/results/${result}/explanations/image`, `/studies/${study}/timeline`, '/exports'],
  ];
};

/** On no screen and in no answer is anything that the first reader or the model said. */
async function seesNothing(person: Person, of: Case, about: { review: string; secrets: string[] }) {
  const { page, account, answers } = person;
  const [result] = about.secrets as [string];
  const isKeptFromScreen = async () => {
    await expect(page.locator('main h1').first()).toBeVisible();
    for (const secret of about.secrets) await expect(page.locator('body')).not.toContainText(secret);
  };
  await isKeptFromScreen();
  await openCase(person, of);
  await page.getByText('Hidden until you have signed').first().waitFor();
  await isKeptFromScreen();
  await page.goto(`${world.address}/#/results`);
  await page.getByRole('heading', { name: 'Results', level: 1 }).waitFor();
  await isKeptFromScreen();
  const told = await Promise.all(answers);
  assert.ok(told.filter((text) => text !== '').length > 5, 'answers were heard');
  for (const path of pathsAbout(of, about.review, result))
    told.push(await (await ask(world.gateway, account.username, { path })).text());
  for (const secret of about.secrets)
    for (const text of told) assert.not.ok(text.includes(secret), `${secret} in ${text.slice(0, 2000)}`);
  await openReading(person, of);
}

/** The third person is to decide, not the one whom the gateway has chosen. */
async function giveTo(third: Account, review: string): Promise<void> {
  const { places } = await askAs<Review>(world.gateway, ADMIN, `/reviews/${review}`);
  const { version, reader } = places.find(({ place }) => place === 0)!;
  if (reader?.id === third.id) return;
  const body = { id: crypto.randomUUID(), place: 0, version, accountId: third.id };
  const given = await ask(world.gateway, ADMIN, { method: 'POST', path: `/reviews/${review}/assign`, body });
  assert.ok(given.ok, await given.text());
}

/** Four in five cases are in the table. A group that agrees in what may tell somebody has five rows or more. */
function isAnonymous(table: string): void {
  const [header = '', ...rows] = table.trimEnd().split('\r\n');
  const names = header.replace('\ufeff', '').split(',');
  assert.equal(names.slice(0, 6), ['ageBand', 'sex', 'modalities', 'bodyParts', 'month', 'site']);
  assert.ok(rows.length >= 0.8 * CASES, `${rows.length} rows of ${CASES} cases`);
  const groups = Map.groupBy(rows, (row) => row.split(',').slice(0, 6).join());
  for (const [group, of] of groups) assert.ok(of.length >= 5, `${group}: ${of.length}`);
}

const WAYS: readonly {
  readonly handsOf: HandsOf;
  readonly are: string;
  /** The model abstains on it. */
  readonly study: number;
}[] = [
  { handsOf: mouseAndTouch, are: 'by mouse and touch', study: 3 },
  { handsOf: keyboardAlone, are: 'by keyboard alone', study: 9 },
];

async function marksOf({ username }: Account, review: string): Promise<string[]> {
  const { places } = await askAs<ReviewAnnotations>(
    world.gateway,
    username,
    `/reviews/${review}/annotations`,
  );
  const drawn = places.flatMap(({ annotations }) => annotations.map(({ id }) => id));
  assert.is(drawn.length, 1, 'the mark is there');
  return drawn;
}

/** Returns the review once its readers are found to differ. */
const inAdjudication = (id: string): Promise<string> =>
  until('the readers to differ', async () => {
    const { state } = await askAs<Review>(world.gateway, ADMIN, `/reviews/${id}`);
    return state === 'adjudication' && id;
  });

const ANONYMOUS = ['Cases without identities · CSV', 'Report without identities · PDF'] as const;

/** Exports all cases of the list without identities, as a table and as a report. */
async function isExportedWithout(person: Person, identities: readonly string[]): Promise<void> {
  const { page, hands, account } = person;
  for (const [nth, template] of ANONYMOUS.entries()) {
    await toCases(person);
    if (nth === 0 && hands.are === 'keyboard') await looksRight(page, 'cases-sample');
    await hands.press(button(page, 'Export'));
    const purpose = `Teaching ${nth} of ${account.username}`;
    const text = await exportFile(person, { template, purpose });
    for (const hidden of [...identities, 'SAMPLE', 'SMP0', '2.25.', 'sample-', purpose])
      assert.not.ok(text.includes(hidden), `${hidden} in ${text}`);
    if (nth === 0) isAnonymous(text);
    else assert.match(text, /pneumonia/i);
  }
  if (hands.are === 'keyboard') await looksRight(page, 'exports-anonymous');
}

for (const { handsOf, are, study } of WAYS)
  test(`a case is examined, marked, read twice, decided and exported anonymously, ${are}`, async () => {
    if (why !== null) skip(`the story of a case, ${are}`, why);
    const of = await caseOf(world, study);
    const [ana, ben, cleo] = await Promise.all(
      ['ana', 'ben', 'cleo'].map((name) => radiologist(world, name)),
    );
    const secrets = { comment: `Kerley-${study}-words`, label: `Mark-${study}-label` };
    const one = await come(world, ana!, handsOf);
    await openCase(one, of);
    if (handsOf === keyboardAlone) await looksRight(one.page, 'case-sample');
    const result = await runModel(one, of);
    // Ana has seen what the model found: a colleague answers for it that she reads.
    const third = await come(world, cleo!, handsOf);
    await openCase(third, of);
    const review = await askForReaders(third, [ana!, ben!]);
    await openReading(one, of);
    await mark(one, secrets.label);
    await answer(one, 'Pneumonia', secrets.comment);
    await one.page.getByText('You have signed.', { exact: true }).waitFor();
    const other = await come(world, ben!, handsOf);
    await openReading(other, of);
    await other.page.getByRole('img', { name: /^Image 1 of/ }).waitFor();
    if (handsOf === keyboardAlone) await looksRight(other.page, 'review-second');
    const before = of.studies.flatMap(({ results }) => results.map(({ id }) => id));
    const drawn = await marksOf(ana!, review);
    await seesNothing(other, of, {
      review,
      secrets: [result, ...before, ...drawn, ...Object.values(secrets)],
    });
    await answer(other, 'Nothing abnormal', '');
    await giveTo(cleo!, await inAdjudication(review));
    await openReading(third, of);
    const side = third.page.getByRole('region', { name: 'Reader 1' });
    await side.getByText(secrets.comment).waitFor();
    await third.page.getByRole('button', { name: 'A1 Box on image 1' }).waitFor();
    await third.hands.press(side.getByRole('button', { name: 'Use these answers' }));
    await saveAndSign(third);
    await third.page.getByRole('region', { name: 'Adjudicator' }).waitFor();
    await isExportedWithout(third, [...Object.values(secrets), ana!.username, ben!.username, cleo!.username]);
    for (const person of [one, other, third]) await person.leave();
  });

test('the shortest way: a case is approved and exported, by keyboard alone', async () => {
  if (why !== null) skip('the shortest way, by keyboard alone', why);
  const person = await come(world, await radiologist(world, 'dora'), keyboardAlone);
  await approveAndExport(person, 5);
  await person.leave();
});

test.run();
