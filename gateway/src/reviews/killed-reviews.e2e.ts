// test:all: a kill in a rare moment; reviews.simulation guards every order of events
/**
 * The review's state machine with a real gateway: a process of its own on PostgreSQL with several connections, and
 * Orthanc. Both readers have two devices that send at once, sooner or later, and the gateway is killed (SIGKILL) while
 * it saves answers, draws, signs and makes an export. A device keeps what was not answered and sends it again. After
 * each sequence nothing is lost and nothing is there twice: no step, no mark, no report in the PACS, no export.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Annotation, ReviewAnnotations } from '#shared/protocol/annotations.ts';
import type { Case } from '#shared/protocol/cases.ts';
import type { Export } from '#shared/protocol/exports.ts';
import type { Review } from '#shared/protocol/reviews.ts';
import { ADMIN, ask, askAs, createAccount, PASSWORD, type Account } from '#testing/accounts.ts';
import { skip } from '#testing/environment.ts';
import { createGatewayUnderTest, until, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { findOrthanc, startOrthanc, type RunningOrthanc } from '../../../scripts/system/orthanc.ts';
import { freePort } from '../../../scripts/system/ports.ts';
import { openDatabase, type Database } from '../database/database.ts';
import { createTestDatabase } from '../testing/open-database.ts';
import { testFilm } from '../testing/open-subject.ts';
import { signInAt } from '../testing/sign-in-at.ts';

const test = suite('a review while the gateway is killed');
const FILM = testFilm({ seed: 6100 });
const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = FILM.identifiers;
/** Longer than any step takes here: the gateway also dies after it has answered. */
const KILLED_WITHIN_MS = 60;

type World = {
  readonly orthanc: RunningOrthanc;
  readonly gateway: GatewayUnderTest;
  readonly database: Database;
  readonly readers: readonly Account[];
  readonly caseId: string;
  close(): Promise<void>;
};
let world: World | null = null;

async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-killed-reviews-'));
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const own = await createTestDatabase();
  const gateway = createGatewayUnderTest({
    ...{ port: await freePort(), webPort: await freePort(), dataDir: join(folder, 'data') },
    ...{ adminPassword: PASSWORD, pacs: orthanc, databaseUrl: own.url },
  });
  await gateway.start();
  const database = await openDatabase({ kind: 'server', url: own.url });
  const readers: Account[] = [];
  for (const name of ['ana', 'ben']) readers.push(await createAccount(gateway, name, ['radiologist']));
  return {
    ...{ orthanc, gateway, database, readers },
    caseId: await openFilmCase(gateway),
    async close() {
      await database.close();
      await gateway.stop();
      await orthanc.stop();
      await own.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Once the film is in the PACS. */
async function openFilmCase(gateway: GatewayUnderTest): Promise<string> {
  const { accessToken } = await signInAt(gateway.api, { username: ADMIN, password: PASSWORD });
  const head = '--film\r\nContent-Type: application/dicom\r\n\r\n';
  const stored = await fetch(`${gateway.api}/dicom-web/studies?policy=identified`, {
    method: 'POST',
    headers: {
      'content-type': 'multipart/related; type="application/dicom"; boundary=film',
      ...{ accept: 'application/dicom+json', authorization: `Bearer ${accessToken}` },
    },
    body: Buffer.concat([Buffer.from(head), FILM.bytes, Buffer.from('\r\n--film--\r\n')]),
  });
  assert.ok(stored.ok, await stored.text());
  const body = { title: 'Killed', studies: [studyInstanceUID] };
  const { id } = await until('the film to be in the PACS', async () => {
    const answer = await ask(gateway, ADMIN, { method: 'POST', path: '/cases', body });
    if (answer.ok) return (await answer.json()) as Case;
    return void (await answer.body?.cancel());
  });
  return id;
}

test.before(async () => {
  if ((await findOrthanc()) === null) skip('reviews while the gateway is killed', 'Orthanc is not installed');
  world = await openWorld();
});
test.after(() => world?.close());

type Step = {
  readonly reader: 0 | 1;
  readonly does: 'draw' | 'decide' | 'sign';
  /** The reader's other device sends at the same time: nothing, the same request, or another of its own. */
  readonly twin: 'none' | 'same' | 'other';
  readonly killedAfterMs: number | null;
  /** Whether the step was made offline: it names the version before the last one. */
  readonly isLate: boolean;
};
const killing = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  fc.integer({ min: 0, max: KILLED_WITHIN_MS }),
);
const stepOf = (reader: fc.Arbitrary<0 | 1>, does: fc.Arbitrary<Step['does']>): fc.Arbitrary<Step> =>
  fc.record({
    ...{ reader, does, killedAfterMs: killing },
    twin: fc.constantFrom('none', 'same', 'other'),
    isLate: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
const wild = fc.array(stepOf(fc.constantFrom(0, 1), fc.constantFrom('draw', 'decide', 'decide', 'draw')), {
  minLength: 2,
  maxLength: 4,
});
/** Steps in which both readers draw, answer and sign, so that the review is settled and its report goes to the PACS. */
const ending = fc.tuple(
  ...([0, 1] as const).flatMap((reader) =>
    (['draw', 'decide', 'sign'] as const).map((does) =>
      stepOf(fc.constant(reader), fc.constant(does)).map((step) => ({ ...step, isLate: false })),
    ),
  ),
);
const sequences = fc.record({ first: wild, last: ending, exportKilledAfterMs: killing });

type Request = { readonly id: string; readonly step: Step; readonly path: string; readonly body: object };
/** `null`: the gateway died before it answered. */
type Outcome = 'done' | 'refused' | null;

const markOf = (id: string): Annotation => ({
  ...{ id, studyInstanceUID, seriesInstanceUID, sopInstanceUID, number: 1, kind: 'point', frame: 1 },
  ...{ points: [[4, 5]], label: `drawn by ${id}` },
});

function requestOf(review: string, step: Step, version: number): Request {
  const id = randomUUID();
  const of = { id, place: step.reader + 1, version };
  if (step.does === 'draw')
    return { id, step, path: `/reviews/${review}/annotations`, body: { ...of, annotations: [markOf(id)] } };
  if (step.does === 'sign') return { id, step, path: `/reviews/${review}/sign`, body: of };
  const answers = { finding: 'other', certainty: 3, comment: `said by ${id}` };
  return { id, step, path: `/reviews/${review}/decision`, body: { ...of, decision: 'accept', answers } };
}

async function send({ gateway, readers }: World, { step, path, body }: Request): Promise<Outcome> {
  const method = step.does === 'draw' ? 'PUT' : 'POST';
  const reader = readers[step.reader]!.username;
  try {
    const answer = await ask(gateway, reader, { method, path, body });
    const text = await answer.text();
    if (answer.ok) return 'done';
    assert.match(text, /"code":"(review-changed|review-ended|review-not-yours|not-found)"/);
    return 'refused';
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** While `work` is under way the gateway is killed, and then started again. */
async function killedDuring<T>({ gateway }: World, afterMs: number | null, work: Promise<T>): Promise<T> {
  if (afterMs === null) return work;
  await after(afterMs);
  await gateway.kill();
  const settled = await work;
  await gateway.start();
  return settled;
}

async function versionOf(
  { gateway, readers }: World,
  review: string,
  { reader, does }: Step,
): Promise<number> {
  const who = readers[reader]!.username;
  if (does === 'draw') {
    const { places } = await askAs<ReviewAnnotations>(gateway, who, `/reviews/${review}/annotations`);
    return places.find(({ place }) => place === reader + 1)?.version ?? 0;
  }
  const { places } = await askAs<Review>(gateway, who, `/reviews/${review}`);
  return places.find(({ isMine }) => isMine)!.version;
}

type Told = { readonly request: Request; readonly outcome: Exclude<Outcome, null> };

async function live(of: World, review: string, step: Step): Promise<readonly Told[]> {
  const version = await versionOf(of, review, step);
  const seen = Math.max(step.does === 'draw' ? 0 : 1, version - Number(step.isLate));
  const request = requestOf(review, step, seen);
  const twin = { none: [], same: [request], other: [requestOf(review, step, seen)] }[step.twin];
  const requests = [request, ...twin];
  const first = await killedDuring(of, step.killedAfterMs, Promise.all(requests.map((one) => send(of, one))));
  const told: Told[] = [];
  for (const [at, one] of requests.entries()) {
    const outcome = first[at] ?? (await send(of, one));
    if (outcome === null) throw new Error('the gateway is gone');
    told.push({ request: one, outcome });
  }
  if (step.twin === 'same') assert.is(told[1]!.outcome, told[0]!.outcome, 'the same is answered the same');
  return told;
}

/** Every step that was answered is there once, and no other. */
async function isThereOnce(of: World, review: string, told: readonly Told[]): Promise<void> {
  const { db } = of.database;
  const done = told.filter(({ outcome }) => outcome === 'done').map(({ request }) => request);
  const steps = new Set(done.filter(({ step }) => step.does !== 'draw').map(({ id }) => id));
  const events = await db.selectFrom('review_event').selectAll().where('review_id', '=', review).execute();
  const said = events.filter(({ step }) => step === 'decide' || step === 'sign').map(({ id }) => id);
  assert.equal(said.sort(), [...steps].sort(), 'no step lost, none doubled');
  assert.is(events.filter(({ step }) => step === 'settle').length, 1, 'settled once');
  const audit = await db.selectFrom('audit').select(['event', 'fields']).execute();
  const count = (event: string): number =>
    audit.filter((one) => one.event === event && one.fields['reviewId'] === review).length;
  assert.equal([count('review-signed'), count('review-settled')], [2, 1]);
  assert.is(count('review-decided'), said.length - 2, 'one event of each answer');
  for (const [reader, { username }] of of.readers.entries()) {
    const path = `/reviews/${review}/annotations`;
    const { places } = await askAs<ReviewAnnotations>(of.gateway, username, path);
    const drawn = new Set(
      done.filter(({ step }) => step.does === 'draw' && step.reader === reader).map(({ id }) => id),
    );
    const own = places.find(({ place }) => place === reader + 1)!;
    assert.is(own.version, drawn.size, 'each drawing counts once');
    assert.equal(own.annotations.length, 1);
    assert.ok(drawn.has(own.annotations[0]!.id), 'what is shown was answered');
  }
}

async function reportsInPacs({ orthanc }: World): Promise<number> {
  const { url, authorization } = orthanc;
  const path = `${url}/studies/${studyInstanceUID}/instances?Modality=SR`;
  const answer = await fetch(path, { headers: { accept: 'application/dicom+json', authorization } });
  return answer.status === 204 ? 0 : ((await answer.json()) as unknown[]).length;
}

/** Asked for, killed while it is made, and asked for again under the same id. */
async function exportOnce(of: World, afterMs: number | null): Promise<void> {
  const { gateway, readers, database } = of;
  const { username } = readers[0]!;
  const id = randomUUID();
  const body = { id, template: 'cases-limited', selection: { cases: [of.caseId] }, purpose: 'A test' };
  const make = async (): Promise<number | null> => {
    try {
      const answer = await ask(gateway, username, { method: 'POST', path: '/exports', body });
      await answer.text();
      return answer.status;
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error;
    }
  };
  const first = await killedDuring(of, afterMs, make());
  if (first === null) assert.is(await make(), 201);
  const ready = await until('the export to be ready', async () => {
    const now = await askAs<Export>(gateway, username, `/exports/${id}`);
    assert.is.not(now.state, 'failed');
    return now.state === 'ready' && now;
  });
  const file = await (await ask(gateway, username, { path: `/exports/${id}/file` })).text();
  assert.equal([ready.rows, file.trimEnd().split('\r\n').length], [1, 2]);
  const audit = await database.db.selectFrom('audit').select(['event', 'fields']).execute();
  for (const event of ['export-made', 'export-ready'])
    assert.is(audit.filter((one) => one.event === event && one.fields['exportId'] === id).length, 1, event);
}

let settled = 0;
let kills = 0;

test('two devices at once, offline, killed while it saves, signs and exports: nothing lost, nothing doubled', async () => {
  if (world === null) return;
  const of = world;
  await fc.assert(
    fc.asyncProperty(sequences, async ({ first, last, exportKilledAfterMs }) => {
      const review = randomUUID();
      const readers = of.readers.map(({ id }) => id);
      const body = { id: review, type: 'chest-film-double', readers };
      const path = `/cases/${of.caseId}/reviews`;
      const opened = await ask(of.gateway, ADMIN, { method: 'POST', path, body });
      assert.is(opened.status, 201, await opened.text());
      const told: Told[] = [];
      for (const step of [...first, ...last]) told.push(...(await live(of, review, step)));
      settled += 1;
      kills += [...first, ...last].filter(({ killedAfterMs }) => killedAfterMs !== null).length;
      await until('the marks to be in the PACS, with a receipt', async () => {
        const path = `/reviews/${review}/annotations`;
        const { places } = await askAs<ReviewAnnotations>(of.gateway, of.readers[0]!.username, path);
        const drawn = places.filter(({ annotations }) => annotations.length > 0);
        return drawn.length === 2 && drawn.every(({ stored }) => stored?.reports[0]?.receipt != null);
      });
      await isThereOnce(of, review, told);
      assert.is(await reportsInPacs(of), 2 * settled, 'one report for each reading of a settled review');
      await exportOnce(of, exportKilledAfterMs);
    }),
    {
      seed: Number(process.env['RELAY_SEED'] ?? 16),
      numRuns: Number(process.env['RELAY_RUNS'] ?? 2),
      endOnFailure: true,
    },
  );
  assert.ok(kills >= 3, `${kills} kills`);
});

test.run();
