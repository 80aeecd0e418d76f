/**
 * The end of the road of a case, on the sample data, in a real Chromium against a real gateway and Orthanc: a person is
 * told that a model says otherwise, decides, and the case leaves as a file. The whole road is in story-in-full.e2e.ts.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, ask } from '#testing/accounts.ts';
import { skip } from '#testing/environment.ts';
import { noWorldBecause, type World } from '#testing/world.ts';
import {
  button,
  caseOf,
  chooseAnswers,
  come,
  exportFile,
  openReading,
  openSample,
  radiologist,
} from './testing/open-story.ts';
import { looksRight } from './testing/screens.ts';

/** The model finds nothing on it: that can be contradicted. */
const STUDY = 5;
const test = suite('the end of the story of a case');
const why = await noWorldBecause();
let world: World;
test.before(async () => {
  if (why === null) world = await openSample(STUDY);
});
test.after(() => world?.close());

test('a case is approved and exported', async () => {
  if (why !== null) skip('the end of the story of a case', why);
  const of = await caseOf(world, STUDY);
  const dora = await radiologist(world, 'dora');
  const body = { id: crypto.randomUUID(), type: 'chest-film', readers: [dora.id] };
  const path = `/cases/${of.id}/reviews`;
  assert.is((await ask(world.gateway, ADMIN, { method: 'POST', path, body })).status, 201);
  const person = await come(world, dora);
  const { page, hands } = person;
  await openReading(person, of);
  const found = page.getByRole('region', { name: 'What models found' });
  const said = 'Below the threshold';
  await found.getByText(said).first().waitFor();
  await found.getByText('Not for diagnostic use').waitFor();
  await hands.tick(page.getByLabel('Accept what was found', { exact: true }));
  await chooseAnswers(person, 'Pneumonia', '');
  await hands.press(button(page, 'Save the answers'));
  await page.getByText('You can change it until you sign.').waitFor();
  await hands.press(button(page, 'Sign'));
  const question = page.getByRole('dialog', { name: 'Which of the two is right?' });
  await question.getByText(`Models found: ${said}`).waitFor();
  await question.getByText('Not for diagnostic use').waitFor();
  await looksRight(page, 'review-contradicts');
  await hands.press(question.getByRole('button', { name: 'Change it first' }));
  await chooseAnswers(person, 'Nothing abnormal', '');
  await hands.press(button(page, 'Save the answers'));
  await page.getByText('You can change it until you sign.').waitFor();
  await looksRight(page, 'review-found');
  await hands.press(button(page, 'Sign'));
  await page.getByRole('region', { name: 'What the readers answered' }).waitFor();
  await hands.press(page.getByRole('link', { name: 'Open the case' }));
  await page.getByRole('heading', { name: of.title!, level: 1 }).waitFor();
  await page.getByRole('region', { name: 'Studies' }).getByText('Not for diagnostic use').waitFor();
  await hands.press(button(page, 'Export'));
  await page.getByRole('heading', { name: 'Export this case' }).waitFor();
  const asked = { template: 'Report under pseudonyms · PDF', purpose: 'Second opinion' };
  const report = await exportFile(person, asked);
  assert.match(report, /^%PDF-[\s\S]*%%EOF\s*$/);
  await person.leave();
});

test.run();
