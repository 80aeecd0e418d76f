/** The count of destinations that need an administrator. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { json, openTestApi, unreachable } from '../testing/open-api.ts';
import { signal } from '@preact/signals';
import type { Destination } from '#shared/protocol/destination.ts';
import type { Link } from '../net/link.ts';
import { isLedToDestinations, watchTouches } from './lead-to-destinations.ts';
import { createDestinationList, needyOf } from './needy-destinations.ts';

const WELL = {
  id: 'a',
  isPrimary: false,
  waiting: 0,
  notTaken: 0,
  deadLetters: 0,
  refused: null,
  unlisted: null,
  hasStudies: false,
};
const REFUSED = { status: 413, code: null, bytes: 1_000_000, at: '2026-01-01T00:00:00.000Z' };

test('each destination counts once, whatever is wrong with it', () => {
  const wrong = [
    { ...WELL, waiting: 3 },
    { ...WELL, deadLetters: 4 },
    { ...WELL, isPrimary: true, notTaken: 2 },
    { ...WELL, refused: REFUSED },
    { ...WELL, unlisted: { instances: 3, at: REFUSED.at } },
    { ...WELL, waiting: 2, deadLetters: 1, refused: REFUSED },
  ];
  assert.equal(needyOf([WELL, ...wrong], 'online'), wrong);
  assert.equal(needyOf([WELL], 'online'), []);
});

test('the primary one counts while the gateway cannot work with it, and not while the gateway is away', () => {
  const primary = { ...WELL, id: 'b', isPrimary: true };
  for (const link of ['pacs-unreachable', 'pacs-refuses-sign-in', 'pacs-no-retrieval'] as const)
    assert.equal(needyOf([primary, WELL], link), [primary], link);
  for (const link of ['online', 'offline', 'gateway-unreachable'] as const)
    assert.equal(needyOf([primary, WELL], link), [], link);
});

test('the administrator of a new system whose PACS takes nothing begins where a destination is added', () => {
  const led = (link: Link, { hash = '', hasStudies = false, isFree = true } = {}) =>
    isLedToDestinations(
      { hash, isFree },
      {
        destinations: signal([
          { ...WELL, isPrimary: true },
          { ...WELL, id: 'b', hasStudies },
        ]),
        link: signal<Link>(link),
      },
    );
  for (const link of ['pacs-unreachable', 'pacs-refuses-sign-in', 'pacs-no-search'] as const)
    assert.is(led(link), true, link);
  for (const link of ['online', 'offline', 'gateway-unreachable'] as const) assert.is(led(link), false, link);
  assert.is(led('pacs-unreachable', { hash: '#/studies' }), false, 'a page was asked for');
  assert.is(led('pacs-unreachable', { hash: '#/' }), false, 'the upload page was chosen');
  assert.is(led('pacs-unreachable', { isFree: false }), false, 'the person has begun something');
  assert.is(led('pacs-unreachable', { hasStudies: true }), false, 'people send studies');
  const unread = { destinations: signal(null), link: signal<Link>('pacs-unreachable') };
  assert.is(isLedToDestinations({ hash: '', isFree: true }, unread), false, 'the list is not known');
});

test('nobody who has done something is led away from it', () => {
  const openPage = (activeElement: object, body = activeElement) =>
    Object.assign(new EventTarget(), { document: { activeElement, body } }) as unknown as Window;
  const { signal: until } = new AbortController();
  assert.is(watchTouches(openPage({}), until)(), true);
  assert.is(watchTouches(openPage({}, {}), until)(), false, 'what was opened before has the focus');
  for (const touch of ['pointerdown', 'keydown', 'click', 'input', 'hashchange']) {
    const page = openPage({});
    const isUntouched = watchTouches(page, until);
    page.dispatchEvent(new Event(touch));
    assert.is(isUntouched(), false, touch);
  }
});

const DEFAULT: Destination = {
  ...WELL,
  ...{ id: '7c0f4a5e-1f5b-4c55-9d5e-0a3c5f1f6b11', kind: 'dicomweb', name: 'default', url: 'http://pacs' },
  ...{ authentication: { kind: 'none' }, ca: null, certificate: null, viewers: [], worklist: null },
  ...{ version: 1, need: null, fromEnvironment: true, limit: null },
  tuning: { lagMinutes: null, proof: null, batchBytes: null },
  ...{ underWay: 0, waitingSince: null, waitingInstances: 0, waitingBytes: 0, held: 0 },
  ...{ copies: { also: 0, required: 0 }, givenUp: 0, hasStudies: true },
};

/** The gateway's list of one destination. */
const listed = (waiting: number) =>
  json({ destinations: [{ ...DEFAULT, underWay: waiting, waiting }] satisfies Destination[] });

test('the list is the gateway’s, and stays while it cannot be reached', async () => {
  const answers = [() => listed(2), unreachable, () => listed(0)];
  const { api } = openTestApi(() => answers.shift()!());
  const list = createDestinationList(api);
  const waiting: (number | undefined)[] = [];
  for (let times = 0; times < 3; times += 1) {
    await list.refresh();
    waiting.push(list.destinations.value?.[0]?.waiting, list.count.value);
  }
  assert.equal(waiting, [2, 1, 2, 1, 0, 0]);
});

test('an answer that comes late changes neither a newer list nor that nobody is here', async () => {
  for (const newer of [[WELL], null]) {
    const answering = Promise.withResolvers<Response>();
    const going = Promise.withResolvers<void>();
    const { api } = openTestApi(() => {
      going.resolve();
      return answering.promise;
    });
    const list = createDestinationList(api);
    const asking = list.refresh();
    await going.promise;
    if (newer === null) list.forget();
    else list.note(newer);
    answering.resolve(listed(7));
    await asking;
    assert.equal(list.destinations.value, newer);
  }
});

test.run();
