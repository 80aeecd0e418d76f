/** A study of somebody else: who decides about it, and on which device, is never the person who watches. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { placesOf } from '../pipeline/queue/track-state.ts';
import { queuedStudy } from '../testing/queued-study.ts';
import { isWatched, type DayEntry } from './day-entry.ts';
import { studiesWords } from './studies-words.ts';
import { timeOf, whereOf } from './where-of.ts';
import { countsOf, listedNow, toldStudy, type ToldUpload } from '../testing/told-study.ts';
import { assertEach } from '../testing/assert-each.ts';

const test = suite('where a study is');

const TRACK = {
  ...{ total: 3, onDevice: 0, onItsWay: 0, atGateway: 0, inPacs: 1, needsYou: 2, leftOut: 0 },
  waitingFor: null,
};
const ELSEWHERE: DayEntry = {
  ...{ key: '1.2', study: null, sent: null, name: 'CT study', person: [], modalities: ['CT'] },
  ...{ at: 0, sentAt: 0 },
  ...{ part: 'needs-you', studyInstanceUID: '1.2', hasReceipt: false, place: 'elsewhere', removed: false },
  track: TRACK,
  senders: [],
  about: [],
  foundBy: [],
  givenUpAt: [],
};
const WATCHED: DayEntry = { ...ELSEWHERE, senders: [{ username: 'tina', keptNames: false }] };

test('asks its sender to decide, and nobody else', () => {
  assert.equal([whereOf(ELSEWHERE).said, whereOf(ELSEWHERE).look], ['2 to decide', 'stop']);
  assert.equal([whereOf(WATCHED).said, whereOf(WATCHED).look], ['To decide', 'wait']);
  const here = { ...WATCHED, place: 'here', study: queuedStudy({}) } as const;
  assert.equal([isWatched(here), whereOf(here).said], [false, '2 to decide'], 'their own are theirs');
  const looks = (asks: boolean) => placesOf(TRACK, asks).at(-1)!.look;
  assert.equal([looks(true), looks(false)], ['needs-you', 'waiting']);
});

test('a study is at the gateway once all of it that travels is there, and on its way before', () => {
  const at = (onDevice: number, onItsWay: number, atGateway: number) => {
    const track = { ...TRACK, total: 90, needsYou: 0, inPacs: 0, onDevice, onItsWay, atGateway };
    return whereOf({ ...ELSEWHERE, place: 'here', part: 'under-way', track }).said;
  };
  assert.equal(
    [at(90, 0, 0), at(28, 37, 25), at(65, 0, 25), at(0, 37, 53), at(0, 0, 90)],
    ['On this device', 'On its way', 'On its way', 'On its way', 'At the gateway'],
  );
});

test('the time in a row says of what it is, until the study has arrived', () => {
  const now = new Date(2026, 10, 22, 15);
  const at = new Date(2026, 10, 22, 9, 30).getTime();
  const said = (part: DayEntry['part'], sentAt: number | null) => timeOf({ at, sentAt, part }, now);
  assert.match(said('under-way', null), /^queued .*9.30/);
  for (const part of ['under-way', 'needs-you', 'taken-back'] as const)
    assert.match(said(part, at), /^sending began .*9.30/);
  assert.match(said('arrived', at), /^sent .*9.30/);
});

test('only a study that is whole in the PACS has the tick', () => {
  const arrived = { ...TRACK, inPacs: 3, needsYou: 0 };
  const without = whereOf({ ...ELSEWHERE, part: 'arrived', track: arrived, givenUpAt: ['archive'] });
  assert.equal([without.said, without.icon], ['In the PACS, not in archive', 'note'], 'given up there');
  const iconOf = (track: typeof TRACK) => whereOf({ ...ELSEWHERE, part: 'arrived', track }).icon;
  assert.is(iconOf(arrived), 'pacs');
  assert.is(iconOf({ ...arrived, inPacs: 2, leftOut: 1 }), 'note');
  const none = { ...arrived, inPacs: 0, leftOut: 3 };
  const leftOut = { ...ELSEWHERE, part: 'left-out', track: none } as const;
  const here = { ...leftOut, place: 'here', study: queuedStudy({ state: 'done' }) } as const;
  const places = [leftOut, here, { ...here, part: 'under-way' } as const].map(whereOf);
  assertEach(places, ({ icon, said }) => `${icon}: ${said}`, [
    'note: None in the PACS',
    'note: Left out by a person',
    'note: Left out by a person',
  ]);
});

test('a study that was left out at a further destination alone is not said to be nowhere', () => {
  const counts = countsOf({ promised: 1, leftOut: 1, firstOnly: 1 });
  const entryOf = (some: Partial<ToldUpload>) =>
    listedNow({ sent: [toldStudy([{ counts, ...some }])] }, new Date())[0]!;
  assert.is(whereOf(entryOf({})).said, 'In the first PACS only');
  const waits = { need: 'required', failed: 0, waiting: null, givenUp: false } as const;
  const night = { ...waits, name: 'night', inPacs: 0 };
  const decided = entryOf({ destinations: [night] });
  assert.equal([decided.track.inPacs, decided.track.leftOut], [1, 0]);
  assert.is(whereOf(decided).said, 'In the PACS, not in night');
  // Another instance was left out everywhere: the other destination has what the first one has.
  const both = [night, { ...night, name: 'day', inPacs: 1 }];
  const other = entryOf({ counts: { ...counts, promised: 2, leftOut: 2 }, destinations: both });
  assert.equal(other.givenUpAt, ['night']);
});

test('no word for those who watch speaks of them or of their device', () => {
  const { shownOfSite, placesOfSender, placesElsewhere, senderDecides, where } = studiesWords;
  const promised = { ...TRACK, onDevice: 3, inPacs: 0, needsYou: 0 };
  const waits = [WATCHED, ELSEWHERE].map((entry) => whereOf({ ...entry, track: promised }).said);
  assert.equal(waits, [where.notYet, where.notYet]);
  const device = [...waits, placesElsewhere.device, placesOfSender.device];
  assert.not.match(device.join(), /device/i, 'sending may have ended there');
  const said = [...Object.values(shownOfSite), ...Object.values(placesOfSender), senderDecides, ...waits];
  for (const words of [...said, ...Object.values(placesElsewhere).slice(0, 1)])
    assert.not.match(words, /\byou|this device/i);
});

test('of one whose cancelling the gateway has not confirmed just that, among the cancelled ones', () => {
  const study = queuedStudy({ paused: true, cancelling: true });
  const [entry] = listedNow({ studies: [study], link: 'offline' }, new Date());
  assert.equal([entry!.part, whereOf(entry!).said], ['taken-back', 'Cancelling, not confirmed yet']);
});

test.run();
