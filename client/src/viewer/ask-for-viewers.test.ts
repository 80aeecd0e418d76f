/** A person who opens a study in a viewer gets its address, or is told why there is none and what to do. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { json, openTestApi, refusal, unreachable, type Answering } from '../testing/open-api.ts';
import { valuesOf } from '../testing/values-of.ts';
import { askForViewers, hasViewers } from './ask-for-viewers.ts';

const LINK = { title: 'Stone', url: 'https://stone.test/1.2.3' };

/** In words. */
const told = async (answer: Answering): Promise<string> =>
  String(await askForViewers(openTestApi(answer).api, '1.2.3', new AbortController().signal));

test('the viewers of the site come with their addresses', async () => {
  const { api, asked } = openTestApi(() => json({ links: [LINK] }));
  assert.equal(await askForViewers(api, '1.2.3', new AbortController().signal), [LINK]);
  assert.equal(valuesOf(asked, 'method', 'path'), [['POST', '/studies/1.2.3/viewer-link']]);
});

test('where no viewer is set, a person is told who can set one, and of no setting that may be there', async () => {
  const none = await told(() => json({ links: [] }));
  assert.match(
    none,
    /^No viewer is set up .* administrator can .* turn on the built-in viewer under Destinations/,
  );
  assert.not.match(none, /RELAY_/);
});

test('a study that is not there, or not theirs to see, is told apart from a gateway that says nothing', async () => {
  assert.match(
    await told(() => refusal(404, 'not-found')),
    /^The PACS has no images of this study that you have permission to see/,
  );
  for (const silent of [unreachable, () => new Response('Not here', { status: 404 }), () => json({})])
    assert.match(await told(silent), /^The gateway is not responding/);
});

test('another refusal is told in the words of the gateway', async () => {
  assert.match(await told(() => refusal(429, 'rate-limited')), /^Not so\. ./);
});

test('nothing is said to a page that was left', async () => {
  const { api } = openTestApi(unreachable);
  assert.is(await askForViewers(api, '1.2.3', AbortSignal.abort()), null);
});

test('a viewer is offered where there is one, or where the gateway does not say, and opening none is asked for', async () => {
  const has = (answer: Answering) =>
    hasViewers(openTestApi(answer).api, '1.2.3', new AbortController().signal);
  assert.is(await has(() => json({ titles: ['Stone'] })), true);
  assert.is(await has(() => json({ titles: [] })), false);
  assert.is(await has(unreachable), true);
  assert.is(await has(() => refusal(404, 'not-found')), null, 'nothing of it may be seen');
  const { api, asked } = openTestApi(() => json({ titles: [] }));
  await hasViewers(api, '1.2.3', new AbortController().signal);
  assert.equal(valuesOf(asked, 'method', 'path'), [['GET', '/studies/1.2.3/viewers']]);
});

test.run();
