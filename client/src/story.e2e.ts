// test:all: the end of the sample’s road; cases.e2e.ts and reviews.e2e.ts guard its pages by day
/**
 * The end of the road of a case, on the sample data, in a real Chromium against a real gateway and Orthanc: a person is
 * told that a model says otherwise, decides, and the case leaves as a file. The whole road is in story-in-full.e2e.ts.
 */
import { suite } from 'uvu';
import { skip } from '#testing/environment.ts';
import { noWorldBecause, type World } from '#testing/world.ts';
import { approveAndExport, come, openSample, radiologist } from './testing/open-story.ts';
import { looksRight } from './testing/looks-right.ts';

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
  const person = await come(world, await radiologist(world, 'dora'));
  await approveAndExport(person, STUDY, {
    contradicts: (page) => looksRight(page, 'review-contradicts'),
    answered: (page) => looksRight(page, 'review-found'),
  });
  await person.leave();
});

test.run();
