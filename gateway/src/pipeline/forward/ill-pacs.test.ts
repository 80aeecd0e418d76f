/**
 * The fate of a study before a PACS, or a proxy, that is ill: nothing healthy is refused, nothing that the PACS
 * acknowledged is posted again, and what it fails on ends with a person. Through the real adapter, over HTTP,
 * with the pauses of a gateway and a clock that the test moves. The gate takes some of the answers that an ill
 * one gives.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { everyNth } from '#testing/every-nth.ts';
import { PacsUnreachable, type Pacs } from '../../ports/pacs/pacs.ts';
import { createStowPacs } from '../../ports/pacs/stow-pacs.ts';
import { startLyingPacs, type LyingPacs } from '../../testing/lying-dicomweb.ts';
import { HONEST, type Conduct } from '../../testing/web-conduct.ts';
import { openTestPacs } from '../../testing/open-pacs.ts';
import { openTestGround, openTestPipeline, type TestGround } from '../../testing/open-pipeline.ts';
import { createMinutes } from '../../testing/pass-minutes.ts';
import { toManifest } from '../../testing/pack-parcel.ts';
import { newStudy, receiptOf, studyIdOf } from '../../testing/open-study.ts';
import { PAUSES } from '../plan/pipeline-tools.ts';

const MINUTE_MS = 60_000;
const test = suite('a study, when');
let shared: TestGround;
const liars: LyingPacs[] = [];
test.before(async () => {
  shared = await openTestGround();
});
test.after(async () => {
  for (const liar of liars) await liar.close();
  await shared.close();
});

/** Studies that are sent to a gateway before a PACS that behaves as told. */
async function sent(conduct: Conduct, ...sizes: readonly number[]) {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const studies = sizes.map((size) => newStudy(size));
  const liar = await startLyingPacs({ instances: studies.flat(), now: () => now });
  liars.push(liar);
  liar.conduct = conduct;
  const pipeline = await openTestPipeline({
    pacs: createStowPacs({ url: liar.url, authorization: null }),
    start: false,
    ground: shared,
    now: () => new Date(now),
    tools: { patience: { lagMinutes: 10, pauses: PAUSES } },
  });
  const count = createMinutes(pipeline.tools.db);
  const uploads: string[] = [];
  for (const instances of studies) {
    const { uploadId } = await pipeline.init(toManifest(instances));
    await pipeline.send(uploadId, instances);
    uploads.push(uploadId);
  }
  const after = async (minutes: number): Promise<void> => {
    now += minutes * MINUTE_MS;
    await count(minutes);
    await pipeline.runAll();
  };
  const ends = async (uploadId: string): Promise<readonly string[]> => {
    const { state, instances = [] } = await pipeline.status(uploadId);
    return [state, ...instances.map((one) => one.reason ?? one.state)];
  };
  return { pipeline, liar, studies, uploads: uploads as [string, ...string[]], after, ends };
}

for (const moment of ['before its store', 'after it'] as const)
  test(`the PACS turns every search for one instance away ${moment}, the others are stored, and that one ends with a person`, async () => {
    const instances = newStudy(5);
    const poison = instances[2]!.identifiers.sopInstanceUID;
    const inner = openTestPacs();
    let turnsAway = moment === 'before its store';
    const findInstances: typeof inner.findInstances = async (uids, ...rest) => {
      if (turnsAway && uids.includes(poison)) throw new PacsUnreachable('turned away', 403);
      return inner.findInstances(uids, ...rest);
    };
    const pacs: Pacs = {
      ...inner,
      findInstances,
      async storeInstances(...of) {
        turnsAway = true;
        return inner.storeInstances(...of);
      },
      // The PACS's list of the study leaves out `poison`.
      findStudy: async (...of) =>
        new Set([...(await inner.findStudy(...of))].filter((uid) => uid !== poison)),
    };
    const tools = { patience: { lagMinutes: 10, pauses: PAUSES } };
    const pipeline = await openTestPipeline({ pacs, start: false, ground: shared, tools });
    try {
      const count = createMinutes(pipeline.tools.db);
      const { uploadId } = await pipeline.init(toManifest(instances));
      await pipeline.send(uploadId, instances);
      for (let hour = 0; hour < 20; hour += 1) {
        await pipeline.runAll();
        await count(60);
      }
      const { state, instances: ended } = await pipeline.status(uploadId);
      const S = 'stored';
      assert.equal(
        [state, ended?.map((one) => one.reason ?? one.state)],
        ['held', [S, S, 'pacs-fails-on-it', S, S]],
      );
    } finally {
      await pipeline.close();
    }
  });

const ILLNESSES = [
  [404, 'html'],
  [404, 'empty'],
  [405, 'html'],
  [400, 'html'],
  [500, 'html'],
  [501, 'json'],
  [200, 'html'],
  [413, 'empty'],
] as const;
const answered = (status: number, body: 'html' | 'empty' | 'json') => ({ status, body });

test('the PACS answers everything with an error page, it waits, and nothing is refused', async () => {
  for (const [status, body] of everyNth(ILLNESSES, 3)) {
    const told = answered(status, body);
    const { pipeline, liar, uploads, after, ends } = await sent(
      { ...HONEST, keeps: 'none', answers: { store: told, search: told, retrieve: told } },
      3,
    );
    for (const minutes of [0, 1, 60]) await after(minutes);
    assert.equal((await ends(uploads[0]))[0], 'assembled', `${status} ${body}`);
    liar.conduct = HONEST;
    await after(1);
    assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored'], `${status} ${body}`);
    await pipeline.close();
  }
});

test('only the stores of the PACS fail, and it searches, nothing is refused within the hour', async () => {
  for (const [status, body] of everyNth(ILLNESSES.slice(2, 6), 2)) {
    const { pipeline, liar, uploads, after, ends } = await sent(
      { ...HONEST, keeps: 'none', answers: { ...HONEST.answers, store: answered(status, body) } },
      3,
    );
    for (const minutes of [0, 1, 5, 15, 30]) await after(minutes);
    assert.equal((await ends(uploads[0]))[0], 'assembled', `${status} ${body}`);
    liar.conduct = HONEST;
    await after(60);
    assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored'], `${status} ${body}`);
    assert.ok([...liar.given.values()].every((count) => count <= 16));
    await pipeline.close();
  }
});

test('the stores of the PACS failed for hours, and all that waits is offered as soon as it takes one', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(
    { ...HONEST, keeps: 'none', answers: { ...HONEST.answers, store: answered(500, 'html') } },
    3,
    1,
  );
  for (const minutes of [0, 1, 5, 15, 30, 60]) await after(minutes);
  liar.conduct = HONEST;
  await after(2);
  assert.equal(await ends(uploads[0]), ['assembled', 'received', 'received', 'received'], 'an hour long');
  const keys = toManifest(studies[1]!).instances.map(({ sopInstanceUID, digest }) => ({
    sopInstanceUID,
    digest,
  }));
  await pipeline.json('POST', `/upload/${uploads[1]!}/decisions`, { decision: 'retry', instances: keys });
  await after(0);
  assert.equal(await ends(uploads[1]!), ['closed', 'stored']);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored']);
  await pipeline.close();
});

test('every store is refused for its size, that is said, and is for a person in the end', async () => {
  const refuses = { ...HONEST.answers, store: { status: 413, body: 'html' } } as const;
  const { pipeline, liar, uploads, after, ends } = await sent(
    { ...HONEST, keeps: 'none', answers: refuses },
    3,
  );
  await after(0);
  const { waiting } = await pipeline.status(uploads[0]);
  assert.is(waiting?.because, 'pacs-refuses-size');
  assert.ok(pipeline.tools.takings.batches.size.bytes < 6 * 1024 ** 2);
  for (let hour = 0; hour < 30; hour += 1) await after(60);
  assert.equal(await ends(uploads[0]), ['held', ...Array(3).fill('pacs-refuses-size')]);
  assert.ok(
    [...liar.given.values()].every((count) => count <= 31),
    'each is offered as often as any',
  );
  await pipeline.close();
});

test('a proxy gives up waiting for the PACS, smaller requests follow', async () => {
  const late = { ...HONEST.answers, store: { status: 504, body: 'html' } } as const;
  const { pipeline, liar, uploads, after, ends } = await sent({ ...HONEST, keeps: 'none', answers: late }, 3);
  await after(0);
  assert.is(pipeline.tools.takings.batches.size.bytes, 64 * 1024, 'half of what was sent, or the least');
  liar.conduct = HONEST;
  for (const minutes of [1, 60]) await after(minutes);
  assert.equal((await ends(uploads[0]))[0], 'closed');
  await pipeline.close();
});

test('the proxy loses its backend right after the store, the receipt still says stored', async () => {
  const { pipeline, liar, uploads, after, ends } = await sent(HONEST, 4);
  const studyId = await studyIdOf(pipeline, uploads[0]);
  liar.conduct = { ...HONEST, answers: { ...HONEST.answers, store: { status: 404, body: 'html' } } };
  await after(0);
  assert.is(liar.held.size, 4, 'it was carried out');
  const gone = { status: 404, body: 'html' } as const;
  liar.conduct = { ...HONEST, keeps: 'none', answers: { store: gone, search: gone, retrieve: gone } };
  for (const minutes of [1, 30, 300]) await after(minutes);
  liar.conduct = HONEST;
  await after(60);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored', 'stored']);
  assert.ok([...liar.given.values()].every((count) => count === 1));
  assert.ok(studyId);
  await pipeline.close();
});

test('the PACS refuses by name, it is searched once more, and the receipt says refused with its reason', async () => {
  for (const body of ['named', 'named-xml'] as const) {
    const refuses = { ...HONEST.answers, store: { status: 409, body } } as const;
    const { pipeline, uploads, after, ends } = await sent({ ...HONEST, keeps: 'none', answers: refuses }, 2);
    await after(0);
    assert.is((await ends(uploads[0]))[0], 'forwarded', 'the PACS may show them yet');
    await after(2);
    assert.equal(await ends(uploads[0]), ['closed', 'pacs-refused', 'pacs-refused']);
    const { receipt } = await receiptOf(pipeline, uploads[0]);
    assert.equal(
      receipt.instances.map(({ pacsCode }) => pacsCode),
      [0x0110, 0x0110],
    );
    await pipeline.close();
  }
});

test('the PACS says refused and has it, the receipt says stored', async () => {
  const refuses = { ...HONEST.answers, store: { status: 409, body: 'named' } } as const;
  const { pipeline, uploads, after, ends } = await sent({ ...HONEST, answers: refuses }, 2);
  await after(0);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored']);
  await pipeline.close();
});

test('the PACS says refused and keeps it, and shows it within a minute: the receipt says stored', async () => {
  const refuses = { ...HONEST.answers, store: { status: 409, body: 'named' } } as const;
  const { pipeline, uploads, after, ends } = await sent({ ...HONEST, answers: refuses, lagMs: MINUTE_MS }, 2);
  for (const minutes of [0, 1, 1]) await after(minutes);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored']);
  await pipeline.close();
});

test('the PACS says refused, later lists it and does not give it, nobody can say that it is not there', async () => {
  const { pipeline, liar, uploads, after, ends } = await sent(HONEST, 2);
  const studyId = await studyIdOf(pipeline, uploads[0]);
  const refuses = { ...HONEST.answers, store: { status: 409, body: 'named' } } as const;
  liar.conduct = { ...HONEST, answers: refuses, lagMs: MINUTE_MS };
  await pipeline.runParcels();
  for (const stage of ['assembly', 'forward'] as const) await pipeline.run(stage, studyId);
  liar.conduct = { ...HONEST, answers: { ...HONEST.answers, retrieve: { status: 501, body: 'html' } } };
  for (const minutes of [1, 10, 10]) await after(minutes);
  assert.equal((await ends(uploads[0]))[0], 'forwarded', 'its retrievals may be ill');
  for (const minutes of [60, 60, 60]) await after(minutes);
  assert.equal(await ends(uploads[0]), ['held', 'pacs-fails-on-it', 'pacs-fails-on-it']);
  assert.is(liar.held.size, 2);
  await pipeline.close();
});

test('the PACS declines one without naming it, and takes the others, that one is refused', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 3);
  liar.conduct = { ...HONEST, declines: new Set([studies[0]![1]!.identifiers.sopInstanceUID]) };
  for (const minutes of [0, 2]) await after(minutes);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'pacs-refused', 'stored']);
  await pipeline.close();
});

test('the PACS declines everything without naming it, it is ill, and nothing is refused', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 3);
  liar.conduct = {
    ...HONEST,
    declines: new Set(studies[0]!.map(({ identifiers }) => identifiers.sopInstanceUID)),
  };
  for (const minutes of [0, 1, 5, 30]) await after(minutes);
  assert.is((await ends(uploads[0]))[0], 'assembled');
  liar.conduct = HONEST;
  await after(60);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored']);
  await pipeline.close();
});

test('the disk of the PACS fills within a study, the rest is declined, and nothing is refused', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 6);
  const rest = studies[0]!.slice(3).map(({ identifiers }) => identifiers.sopInstanceUID);
  liar.conduct = { ...HONEST, declines: new Set(rest) };
  for (const minutes of [0, 1, 5, 30]) await after(minutes);
  assert.equal(
    [(await ends(uploads[0]))[0], liar.held.size],
    ['assembled', 3],
    'those before it are there, and say nothing of those after it',
  );
  liar.conduct = HONEST;
  await after(60);
  assert.equal((await ends(uploads[0])).slice(1), Array(6).fill('stored'));
  await pipeline.close();
});

test('the PACS declines the last one of a study, and later takes another study, that one is refused', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 3);
  const last = studies[0]![2]!.identifiers.sopInstanceUID;
  liar.conduct = { ...HONEST, declines: new Set([last]) };
  await after(0);
  assert.equal((await ends(uploads[0]))[0], 'assembled');
  pipeline.tools.takings.took(pipeline.tools.takings.begin());
  for (const minutes of [1, 11]) await after(minutes);
  assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'pacs-refused']);
  await pipeline.close();
});

test('the PACS breaks off on one instance, the others are stored at once, and that one is for a person', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 10, 2);
  const poison = studies[0]![4]!.identifiers.sopInstanceUID;
  liar.conduct = { ...HONEST, breaksOn: new Set([poison]) };
  await after(0);
  assert.equal(await ends(uploads[1]!), ['closed', 'stored', 'stored'], 'another study does not wait');
  for (const minutes of [0.1, 0.2, 1]) await after(minutes);
  assert.is(liar.held.size, 11, 'nor do the others of this one');
  for (let hour = 0; hour < 32; hour += 1) await after(60);
  const [state, ...all] = await ends(uploads[0]);
  assert.equal(
    [state, all.filter((end) => end === 'stored').length, all[4]],
    ['held', 9, 'pacs-fails-on-it'],
  );
  const times = liar.given.get(poison)!;
  assert.ok(times > 4 && times <= 32, `offered ${times} times`);
  assert.ok([...liar.given].every(([uid, count]) => uid === poison || count <= 3));
  await pipeline.close();
});

test('the PACS searches, and refuses the gateway every store for days: that is no attempt of its instance', async () => {
  for (const status of everyNth([401, 403, 407], 3)) {
    const refuses = { ...HONEST.answers, store: answered(status, 'html') };
    const { pipeline, liar, uploads, after, ends } = await sent(
      { ...HONEST, keeps: 'none', answers: refuses },
      1,
    );
    for (const minutes of [0, 1, 5]) await after(minutes);
    assert.is((await pipeline.status(uploads[0])).waiting?.because, 'pacs-fails-on-some', `${status}`);
    for (let hour = 0; hour < 40; hour += 1) await after(60);
    assert.equal(await ends(uploads[0]), ['assembled', 'received'], `${status}`);
    // The next answer counts as a first one.
    liar.conduct = { ...HONEST, keeps: 'none', answers: { ...HONEST.answers, store: answered(500, 'html') } };
    await after(2);
    assert.equal(await ends(uploads[0]), ['assembled', 'received'], `${status}`);
    liar.conduct = HONEST;
    await after(60);
    assert.equal(await ends(uploads[0]), ['closed', 'stored'], `${status}`);
    assert.is((await pipeline.status(uploads[0])).waiting, null);
    await pipeline.close();
  }
});

const TURNED_AWAY = [
  [200, 'busy'],
  ...[401, 403, 407, 408, 429, 502, 503].map((status) => [status, 'html'] as const),
] as const;

test('the PACS never has room for one, or a proxy turns that one away: the others are stored, it is for a person', async () => {
  for (const [status, body] of everyNth(TURNED_AWAY, 5)) {
    const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 4, 1);
    const poison = studies[0]![1]!.identifiers.sopInstanceUID;
    liar.conduct = { ...HONEST, answersOn: { store: new Map([[poison, { status, body }]]) } };
    for (const minutes of [0, 0.1, 0.2, 1]) await after(minutes);
    assert.equal(
      [liar.held.size, ...(await ends(uploads[1]!))],
      [4, 'closed', 'stored'],
      `${status} ${body}`,
    );
    for (let hour = 0; hour < 32; hour += 1) await after(60);
    const expected = ['held', 'stored', 'pacs-fails-on-it', 'stored', 'stored'];
    assert.equal(await ends(uploads[0]), expected, `${status} ${body}`);
    const times = liar.given.get(poison)!;
    assert.ok(times > 4 && times <= 32, `${status} ${body}: offered ${times} times`);
    await pipeline.close();
  }
});

test('the PACS shows what it stored minutes later, nothing is lost and nothing posted twice', async () => {
  for (const lagMinutes of [0.3, 9]) {
    const { pipeline, liar, uploads, after, ends } = await sent(
      { ...HONEST, lagMs: lagMinutes * MINUTE_MS },
      4,
    );
    for (const minutes of [0, 0.1, 0.1, 0.2, 2, 5, 2]) await after(minutes);
    assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored', 'stored']);
    assert.ok([...liar.given.values()].every((count) => count === 1));
    await pipeline.close();
  }
});

test('the PACS stores nothing and says so never, it is posted again after the lag, and in the end lost', async () => {
  const { pipeline, liar, uploads, after, ends } = await sent({ ...HONEST, keeps: 'none', claims: true }, 2);
  await after(0);
  await after(9);
  assert.ok(
    [...liar.given.values()].every((count) => count === 1),
    'not before the lag',
  );
  for (let round = 0; round < 6; round += 1) await after(11);
  assert.equal(await ends(uploads[0]), ['held', 'pacs-lost', 'pacs-lost']);
  await pipeline.close();
});

test('the PACS lists the UID and does not give the instance, nothing is posted over it, and a person decides', async () => {
  for (const status of [404, 501]) {
    const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 2);
    const [first] = studies[0]!;
    const { studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID } = first!.identifiers;
    liar.held.set(sopInstanceUID, { study, series, bytes: Buffer.from('other bytes'), at: 0 });
    liar.conduct = { ...HONEST, answers: { ...HONEST.answers, retrieve: { status, body: 'html' } } };
    for (let hour = 0; hour < 12; hour += 1) await after(60);
    assert.equal(await ends(uploads[0]), ['held', 'pacs-fails-on-it', 'stored'], `${status}`);
    assert.is(liar.given.get(sopInstanceUID), undefined);
    await pipeline.close();
  }
});

test('its retrievals fail for hours under read-back, it waits visibly, and nothing is for a person', async () => {
  const ill = [
    [503, 12],
    [401, 12],
    [404, 1],
    [501, 1],
  ] as const;
  for (const [status, hours] of everyNth(ill, 3)) {
    const { pipeline, liar, uploads, after, ends } = await sent(HONEST, 3);
    Object.assign(pipeline.tools, { proof: 'read-back' });
    liar.conduct = { ...HONEST, answers: { retrieve: { status, body: 'html' } } };
    for (const minutes of [0, 1, 11]) await after(minutes);
    for (let hour = 0; hour < hours; hour += 1) await after(60);
    assert.equal(await ends(uploads[0]), ['forwarded', 'posted', 'posted', 'posted'], `${status}`);
    assert.is((await pipeline.status(uploads[0])).waiting?.because, 'pacs-fails-on-some', `${status}`);
    liar.conduct = HONEST;
    await after(60);
    assert.equal(await ends(uploads[0]), ['closed', 'stored', 'stored', 'stored'], `${status}`);
    assert.is((await pipeline.status(uploads[0])).waiting, null);
    assert.ok([...liar.given.values()].every((count) => count === 1));
    await pipeline.close();
  }
});

test('the retrieval of one is turned away for ever, the others are stored, and that one is for a person', async () => {
  const { pipeline, liar, studies, uploads, after, ends } = await sent(HONEST, 6);
  Object.assign(pipeline.tools, { proof: 'read-back' });
  const poison = studies[0]![0]!.identifiers.sopInstanceUID;
  const turned = { status: 403, body: 'html' } as const;
  liar.conduct = { ...HONEST, answersOn: { retrieve: new Map([[poison, turned]]) } };
  for (const minutes of [0, 1]) await after(minutes);
  assert.equal((await ends(uploads[0])).slice(1), ['posted', ...Array(5).fill('stored')]);
  const { sopInstanceUID, digest } = toManifest(studies[0]!).instances[0]!;
  const retried = { decision: 'retry', instances: [{ sopInstanceUID, digest }] };
  await after(15);
  await pipeline.json('POST', `/upload/${uploads[0]}/decisions`, retried);
  for (let hour = 0; hour < 32; hour += 1) await after(60);
  assert.equal(await ends(uploads[0]), ['held', 'pacs-fails-on-it', ...Array(5).fill('stored')]);
  await pipeline.close();
});

test('its gateway slept and another one has taken it over, the first posts no more of it', async () => {
  const { pipeline, liar, uploads, studies } = await sent(HONEST, 700);
  const studyId = await studyIdOf(pipeline, uploads[0]);
  const { pacs, db } = pipeline.tools;
  let stores = 0;
  let takenOver: Promise<unknown> | null = null;
  const slept: typeof pacs = {
    ...pacs,
    async storeInstances(...of) {
      stores += 1;
      const answer = await pacs.storeInstances(...of);
      takenOver ??= db
        .updateTable('instance')
        .set({ posted_at: new Date('2026-01-01T00:00:09Z') })
        .where('study_id', '=', studyId)
        .execute();
      await takenOver;
      return answer;
    },
  };
  const { tools } = pipeline;
  const sleeping = { ...tools, pacsOf: async () => ({ ...tools, pacs: slept }) };
  for (const stage of ['assembly', 'forward'] as const) {
    if (stage === 'assembly') await pipeline.runParcels();
    await pipeline.run(stage, studyId, sleeping);
  }
  assert.ok(stores <= 4, `${stores} requests after it woke`);
  assert.ok(liar.given.size < studies[0]!.length);
  await pipeline.close();
});

test.run();
