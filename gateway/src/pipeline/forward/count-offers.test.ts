/** When an instance that the PACS says nothing of is offered again, and when it is left to a person. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FOLDER_OVERFULL,
  FOREIGN_ENTRY,
  NO_DESTINATION,
  NO_TOKEN,
  NOT_ASKED,
  PacsUnreachable,
  SECRETS_UNREADABLE,
} from '../../ports/pacs/pacs.ts';
import { PAUSES } from '../plan/pipeline-tools.ts';
import {
  countOffer,
  isTimeOut,
  minutesUntilDue,
  OFFERS_LIMIT,
  OFFERS_LIMIT_WHEN_ILL,
  wasHeard,
} from './count-offers.ts';

const test = suite('an instance that the PACS says nothing of');

const row = (all: number, amid: number) => ({
  id: 1,
  offers: all,
  offers_amid: amid,
  offered_minute: 1000,
});
/** The pause after its last offer, in minutes. */
const dueAfter = (all: number, amid: number, tookOthers: boolean): number =>
  minutesUntilDue(row(all, amid), { minutes: 1000, tookOthers }, PAUSES);

test('is offered less and less often', () => {
  const waits = Array.from({ length: 9 }, (_, nth) => dueAfter(nth + 1, nth + 1, false));
  assert.equal(waits, [0, 0, 1, 5, 15, 30, 60, 60, 60]);
});

test('waits no longer for an illness that is over: the PACS took others since', () => {
  assert.equal([dueAfter(12, 0, false), dueAfter(12, 0, true)], [60, 0]);
  assert.is(dueAfter(12, 4, true), 5, 'but for its own offers while the PACS took others');
});

test('was offered whatever the answer was, and not to a PACS that nobody reached', () => {
  const offered = (status: number | null, connection: string | null): boolean =>
    wasHeard(new PacsUnreachable('test', status, connection));
  for (const status of [302, 401, 403, 404, 407, 408, 429, 502, 503, 504])
    assert.ok(offered(status, null), `${status}`);
  for (const connection of ['silent', 'UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', null])
    assert.ok(offered(null, connection), `${connection}`);
  const nobody = [NOT_ASKED, NO_DESTINATION, NO_TOKEN, SECRETS_UNREADABLE, FOREIGN_ENTRY, FOLDER_OVERFULL];
  for (const connection of ['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT', ...nobody])
    assert.not(offered(null, connection), connection);
  assert.not(wasHeard(new Error('our own')));
});

test('may pass in a smaller request where a heard one was not answered in time, and nowhere else', () => {
  const isLate = (status: number | null, connection: string | null): boolean =>
    isTimeOut(new PacsUnreachable('test', status, connection));
  assert.equal(
    [408, 504].map((status) => isLate(status, null)),
    [true, true],
  );
  for (const connection of ['silent', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])
    assert.ok(isLate(null, connection), connection);
  for (const connection of ['UND_ERR_CONNECT_TIMEOUT', 'ECONNREFUSED', 'ECONNRESET', NOT_ASKED])
    assert.not(isLate(null, connection), connection);
  assert.equal(
    [401, 502, 503].map((status) => isLate(status, null)),
    [false, false, false],
  );
  assert.not(isTimeOut(new Error('our own')));
});

test('is for a person after some offers while the PACS took others, or many while it took none', () => {
  const ends = (all: number, amid: number, tookOthers: boolean): boolean =>
    countOffer(row(all, amid), tookOthers).state === 'quarantined';
  const last = OFFERS_LIMIT - 1;
  assert.equal([ends(last - 1, 3, true), ends(last, 2, true), ends(last, 3, true)], [false, false, true]);
  const many = OFFERS_LIMIT_WHEN_ILL;
  assert.equal([ends(many - 2, 0, false), ends(many - 1, 0, false)], [false, true]);
  assert.is(ends(20, 0, true), false, 'one failure after a night of illness is no end');
});

test('comes to an end, however illness and health follow one another', () => {
  for (const pattern of [[true], [false], [true, false], [false, false, false, true]]) {
    let all = 0;
    let amid = 0;
    let offers = 0;
    for (; offers < 100; offers += 1) {
      const change = countOffer(row(all, amid), pattern[offers % pattern.length]!);
      if (change.state === 'quarantined') break;
      ({ all, amid } = change.offers!);
    }
    assert.ok(offers < OFFERS_LIMIT_WHEN_ILL, `${pattern}`);
  }
});

test.run();
